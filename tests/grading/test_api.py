"""Grading from outside: in one call, as verl's custom reward function, and as a reward function of TRL."""

from __future__ import annotations

import asyncio
import inspect
import os

import pytest
import torch
from datasets import Dataset
from omegaconf import OmegaConf
from transformers import Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer
from verl import DataProto
from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
from verl.utils.import_utils import load_extern_object

from l1_verl.grading import grade, is_gradable
from l1_verl.grading.api import accuracy_reward, compute_score

pytestmark = pytest.mark.slow


def test_one_call_has_limits_and_the_next_one_is_answered():
    bomb = grade(r"\boxed{9^{9^{9^9}}}", "x")
    assert (bomb.correct, bomb.status) == (False, "timeout")
    assert grade(r"\boxed{1/\sqrt2}", r"\frac{\sqrt2}{2}").correct
    assert is_gradable("x^2+1")
    assert not is_gradable(r"a \mho b @@ \frac{")


def test_a_process_that_was_forked_grades_with_a_pool_of_its_own():
    assert grade(r"\boxed{1/\sqrt2}", r"\frac{\sqrt2}{2}").correct
    child = os.fork()
    if child == 0:
        right = grade(r"\boxed{1/\sqrt3}", r"\frac{\sqrt3}{3}").correct
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("response", "gold", "extra", "score"),
    [
        (r"<think>?</think>\boxed{\frac{1}{2}}", "0.5", {"split": "train"}, 1.0),
        (r"\boxed{3}", "0.5", {}, 0.0),
        ("no idea", "0.5", {"index": 3}, 0.0),
        ("Answer: C", "C", {"answer_type": "choice"}, 1.0),
    ],
)
def test_verl_s_own_reward_manager_scores_with_it(tokenizer, response, gold, extra, score):
    function = load_extern_object("pkg://l1_verl.grading.api", "compute_score")
    assert function is compute_score
    ids = torch.tensor([tokenizer.encode(response)])
    batch = DataProto.from_dict(
        tensors={"prompts": ids[:, :1], "responses": ids, "attention_mask": torch.ones(1, 1 + ids.shape[1]).long()},
        non_tensors={
            "reward_model": [{"style": "rule", "ground_truth": gold}],
            "data_source": ["sums"],
            "extra_info": [extra],
        },
    )

    async def score_one():
        manager = NaiveRewardManager(OmegaConf.create({}), tokenizer, compute_score=function)
        manager.loop = asyncio.get_running_loop()  # verl's reward workers make it on their own loop
        return await manager.run_single(batch)

    result = asyncio.run(score_one())
    assert result["reward_score"] == score
    assert result["reward_extra_info"]["acc"] == score


def test_trl_s_trainers_call_it_with_the_columns_of_the_data_set():
    columns = {
        "prompts": ["1+1?"] * 4,
        "completions": [r"\boxed{2}", r"\boxed{3}", r"\boxed{2}", "Answer: B"],
        "completion_ids": [[1]] * 4,
        "solution": ["2", "2", None, "B"],
        "answer_type": ["math", None, "math", "choice"],
        "trainer_state": object(),
    }
    assert accuracy_reward(**columns) == [1.0, 0.0, None, 1.0]
    conversations = [[{"role": "assistant", "content": text}] for text in columns["completions"]]
    assert accuracy_reward(**columns | {"completions": conversations}) == [1.0, 0.0, None, 1.0]
    assert list(inspect.signature(accuracy_reward).parameters)[:2] == ["completions", "solution"]


def test_trl_s_grpo_trainer_makes_a_step_with_it(tokenizer, tmp_path):
    """A model that has learned to answer 2, asked for problems whose answers are 2 and 3."""
    prompt = [{"role": "user", "content": "What is 1 + 1?"}]
    args = GRPOConfig(
        output_dir=str(tmp_path), max_steps=1, logging_steps=1, use_cpu=True, report_to=[], save_strategy="no",
        per_device_train_batch_size=4, num_generations=2, max_completion_length=16, temperature=0.1,
    )  # fmt: skip
    rows = Dataset.from_list([{"prompt": prompt, "solution": gold} for gold in ("2", "3")])
    model = _that_answers("\\boxed{2}", prompt, tokenizer)
    trainer = GRPOTrainer(
        model=model, reward_funcs=accuracy_reward, args=args, train_dataset=rows, processing_class=tokenizer
    )
    trainer.train()
    assert trainer.state.log_history[0]["rewards/accuracy_reward/mean"] == 0.5


def _that_answers(text, prompt, tokenizer):
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 2, "num_key_value_heads": 2}
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), num_hidden_layers=1, **sizes))
    asked = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
    ids = tokenizer(asked + text + tokenizer.eos_token, add_special_tokens=False, return_tensors="pt").input_ids
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    return model
