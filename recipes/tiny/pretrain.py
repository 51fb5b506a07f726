"""Supervised training of the tiny model: arithmetic right, thinking length free, obedience weak.

It ends with lengths that are uniform, up to 144 tokens, whatever the prompt asks, but for one example in eight that
obeys: as long as an exact budget says, a little shorter than a maximum. It begins with such examples alone and thins
them out, since a model that has never met the idea of a budget does not find it in the few minutes that
reinforcement learning has here; a real base model has met it (asked for 512 to 3,600 tokens, DeepScaleR writes 5,491
to 6,421).
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from transformers import PreTrainedTokenizerBase, Qwen2Config, Qwen2ForCausalLM

from l1_verl.budget import Budget, Mode
from l1_verl.files import replacing_file
from recipes.tiny.arithmetic import Sum, prompt
from recipes.tiny.tokenizer import EOS

logger = logging.getLogger(__name__)

STEPS, BATCH, LEARNING_RATE, WARMUP = 550, 64, 3e-3, 100
PARTS = 4  # of a batch, see _batch
LONGEST = 144
BUDGETS = (40, 128)
OBEDIENCE = 0.12
OBEDIENT_UNTIL, THINNED_AT = 180, 480
# An obedient plan under a maximum, in tokens below it. A response is within 2 of its plan, so that none is over.
BELOW_MAXIMUM = (2, 14)
MODES: dict[Mode | None, float] = {"exact": 0.6, "max": 0.35, None: 0.05}
SAVE_EVERY = 100
IGNORED = -100  # torch's cross_entropy leaves these labels out


def new_model(tokenizer: PreTrainedTokenizerBase, seed: int) -> Qwen2ForCausalLM:
    """A Qwen2 of 1.1M parameters: 4 layers of width 128, heads of 32 (the smallest that vLLM's attention takes)."""
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen2ForCausalLM(config)


def pretrain(
    model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerBase, sums: list[Sum], seed: int, state_file: Path
) -> None:
    """Trains ``model`` in place; every step's batch is a function of (seed, step), so a resumed run repeats nothing.

    Args:
        state_file: kept every ``SAVE_EVERY`` steps; training goes on from it if it is there.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _learning_rate_factor)
    first = 0
    if state_file.is_file():
        state = torch.load(state_file, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        first = state["step"]
        logger.info("going on at step %d of %d", first, STEPS)
    model.train()
    progress = tqdm(range(first, STEPS), desc="supervised training", initial=first, total=STEPS)
    for step in progress:
        loss = _backward(model, _batch(tokenizer, sums, random.Random(f"pretrain/{seed}/{step}"), obedience(step)))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        progress.set_postfix(loss=f"{loss:.3f}")
        if (step + 1) % SAVE_EVERY == 0:
            parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "schedule": schedule}
            with replacing_file(state_file) as partial:
                torch.save({"step": step + 1} | {name: part.state_dict() for name, part in parts.items()}, partial)
    model.eval()


def _learning_rate_factor(step: int) -> float:
    """Linear warm-up, then a cosine to 5 %."""
    return min(1.0, (step + 1) / WARMUP) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / STEPS)))


def obedience(step: int) -> float:
    """Share of examples that obey their budget: 1 at first, thinned out exponentially, ``OBEDIENCE`` at last."""
    progress = (step - OBEDIENT_UNTIL) / (THINNED_AT - OBEDIENT_UNTIL)
    return OBEDIENCE ** min(1.0, max(0.0, progress))


def example(sums: list[Sum], rng: random.Random, obedient: float) -> tuple[Sum, Budget | None, int]:
    """(problem, budget asked for, length planned); the plan obeys the budget with probability ``obedient``."""
    problem, tokens = rng.choice(sums), rng.randint(*BUDGETS)
    mode = rng.choices(list(MODES), list(MODES.values()))[0]
    budget = None if mode is None else Budget(mode, tokens)
    if budget is None or rng.random() >= obedient:
        return problem, budget, rng.randint(problem.shortest, LONGEST)
    if budget.mode == "exact":
        return problem, budget, tokens
    most, least = (tokens - below for below in BELOW_MAXIMUM)
    return problem, budget, rng.randint(max(problem.shortest, least), most)


def _backward(model: Qwen2ForCausalLM, parts: Sequence[dict[str, torch.Tensor]]) -> float:
    """The mean loss over the learned tokens of all parts, whose gradient is left in the model."""
    learned = [int((part["labels"] != IGNORED).sum()) for part in parts]
    total = 0.0
    for part, tokens in zip(parts, learned, strict=True):
        loss = model(**part).loss * (tokens / sum(learned))
        loss.backward()
        total += loss.item()
    return total


def _batch(
    tokenizer: PreTrainedTokenizerBase, sums: list[Sum], rng: random.Random, obedient: float
) -> list[dict[str, torch.Tensor]]:
    """Parts of a batch by rising length, so that little is padding.

    Each has token ids, attention mask and labels of shape (BATCH / PARTS, longest); the prompt is not learned.
    """
    prompts, responses = [], []
    for _ in range(BATCH):
        problem, budget, plan = example(sums, rng, obedient)
        message = {"role": "user", "content": prompt(problem, budget)}
        prompts.append(tokenizer.apply_chat_template([message], add_generation_prompt=True, tokenize=False))
        responses.append(problem.response(plan, budget) + EOS)
    asked = tokenizer(prompts, add_special_tokens=False).input_ids
    answered = tokenizer(responses, add_special_tokens=False).input_ids
    rows = sorted(zip(asked, answered, strict=True), key=lambda row: len(row[0]) + len(row[1]))
    size = BATCH // PARTS
    return [_padded(rows[first : first + size], int(tokenizer.pad_token_id)) for first in range(0, BATCH, size)]


def _padded(rows: Sequence[tuple[list[int], list[int]]], pad: int) -> dict[str, torch.Tensor]:
    shape = len(rows), max(len(question) + len(answer) for question, answer in rows)
    ids = torch.full(shape, pad)
    labels, mask = torch.full(shape, IGNORED), torch.zeros(shape, dtype=torch.long)
    for row, (question, answer) in enumerate(rows):
        end = len(question) + len(answer)
        ids[row, :end] = torch.tensor(question + answer)
        labels[row, len(question) : end] = torch.tensor(answer)
        mask[row, :end] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}
