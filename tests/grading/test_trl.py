"""A step of TRL's GRPOTrainer with our reward function.

verl's trainer does not start where a current TRL is installed, so that TRL is in none of this project's environments:
``make test-compat`` brings it.
"""

from __future__ import annotations

import pytest
import torch
from datasets import Dataset
from transformers import Qwen2Config, Qwen2ForCausalLM

from l1_verl.grading.api import accuracy_reward
from recipes.tiny.tokenizer import build_tokenizer

trl = pytest.importorskip("trl", reason="TRL is not installed here; make test-compat brings it")

PROMPT = [{"role": "user", "content": "What is 1 + 1?"}]


def test_trl_s_grpo_trainer_makes_a_step_with_our_reward(tmp_path):
    """A model that has learned to answer 2, asked for problems whose answers are 2 and 3."""
    tokenizer = build_tokenizer()
    args = trl.GRPOConfig(
        output_dir=str(tmp_path), max_steps=1, logging_steps=1, use_cpu=True, report_to=[], save_strategy="no",
        per_device_train_batch_size=4, num_generations=2, max_completion_length=16, temperature=0.1,
    )  # fmt: skip
    trainer = trl.GRPOTrainer(
        model=that_answers("\\boxed{2}", tokenizer),
        reward_funcs=accuracy_reward,
        args=args,
        train_dataset=Dataset.from_list([{"prompt": PROMPT, "solution": gold} for gold in ("2", "3")]),
        processing_class=tokenizer,
    )
    trainer.train()
    assert trainer.state.log_history[0]["rewards/accuracy_reward/mean"] == 0.5


def that_answers(text, tokenizer):
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 2, "num_key_value_heads": 2}
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), num_hidden_layers=1, **sizes))
    asked = tokenizer.apply_chat_template(PROMPT, add_generation_prompt=True, tokenize=False)
    ids = tokenizer(asked + text + tokenizer.eos_token, add_special_tokens=False, return_tensors="pt").input_ids
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    return model
