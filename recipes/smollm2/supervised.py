"""Gives SmolLM2 a first idea of budgets: ``python -m recipes.smollm2.supervised --base DIR --output DIR``.

Each example asks for a number of tokens and shows a solution about as long, or a little shorter where it asks for a
maximum (``solutions``). It is far fewer examples than a budget takes to be kept: that is what LCPO is for.
"""

from __future__ import annotations

import argparse
import logging
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from l1_verl import cli
from l1_verl.budget import Budget, Mode, with_budget
from l1_verl.cli import InputError
from l1_verl.data import math_problem
from l1_verl.data.sources import read_records
from l1_verl.files import replacing_file, replacing_folder
from recipes.smollm2.solutions import Solution

logger = logging.getLogger(__name__)

STEPS, BATCH, LEARNING_RATE, WARMUP = 150, 16, 3e-4, 5
# Tokens of the longest prompt that is learned from, two of three of GSM8K's: a batch is as wide as its longest
LONGEST_PROMPT = 128
BUDGETS = (48, 160)
# The solution of a maximum, in tokens below it: LCPO-Max is not to begin above
BELOW_MAXIMUM = (2, 14)
MODES: dict[Mode, float] = {"exact": 0.6, "max": 0.4}
# Problems that are looked at for one with a solution of the length
TRIES = 8
WITHIN = 2
SAVE_EVERY = 20
IGNORED = -100  # torch's cross_entropy leaves these labels out


@dataclass(frozen=True)
class Example:
    """A prompt with its budget, and the response to learn."""

    prompt: str
    response: str


class Examples:
    """Examples as a function of (seed, step)."""

    def __init__(self, records: list[dict[str, str]], tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        longest = [self._prompt(one["question"], Budget("max", BUDGETS[1])) for one in records]
        self._records = [
            one for one, size in zip(records, self._lengths(longest), strict=True) if size <= LONGEST_PROMPT
        ]
        if not self._records:
            raise InputError(f"none of {len(records)} problems has a prompt of at most {LONGEST_PROMPT} tokens")

    def of_step(self, seed: int, step: int) -> list[Example]:
        """The examples of one training step."""
        rng = random.Random(f"smollm2/{seed}/{step}")
        return [self._draw(rng) for _ in range(BATCH)]

    def _draw(self, rng: random.Random) -> Example:
        budget = Budget(rng.choices(list(MODES), list(MODES.values()))[0], rng.randint(*BUDGETS))
        below = rng.randint(*BELOW_MAXIMUM) if budget.mode == "max" else 0
        wanted = budget.tokens - below - 1  # EOS is the last
        for _ in range(TRIES):
            record = rng.choice(self._records)
            text = Solution.of(**record).closest(budget, wanted, self._lengths, WITHIN)
            if abs(self._lengths([text])[0] - wanted) <= WITHIN:
                break
        return Example(self._prompt(record["question"], budget), text + self._tokenizer.eos_token)

    def _prompt(self, question: str, budget: Budget) -> str:
        asked = with_budget([{"role": "user", "content": math_problem(0, question, "0").prompt}], budget)
        return str(self._tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False))

    def _lengths(self, texts: Any) -> list[int]:
        return [len(ids) for ids in self._tokenizer(list(texts), add_special_tokens=False).input_ids]


def train(
    model: Any, tokenizer: PreTrainedTokenizerBase, records: list[dict[str, str]], seed: int, state: Path
) -> None:
    """Trains ``model`` in place; a resumed run repeats no step.

    Args:
        model: of transformers.
        tokenizer: its tokenizer.
        records: ``{"question", "answer"}`` of GSM8K's training part.
        seed: of the examples.
        state: kept every ``SAVE_EVERY`` steps; training goes on from it if it is there.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).train()
    # 2.5 times as fast where the processor computes in bfloat16, slower where it does not
    fast_bf16 = device == "cuda" or torch.cpu.get_capabilities().get("avx512_bf16", False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _learning_rate_factor)
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
    first = 0
    if state.is_file():
        saved = torch.load(state, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        first = saved["step"]
        logger.info("going on at step %d of %d", first, STEPS)
    examples = Examples(records, tokenizer)
    progress = tqdm(range(first, STEPS), desc="supervised training", initial=first, total=STEPS)
    for step in progress:
        batch = {name: value.to(device) for name, value in collate(examples.of_step(seed, step), tokenizer).items()}
        with torch.autocast(device, torch.bfloat16, enabled=fast_bf16):
            loss = answer_loss(model, **batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        progress.set_postfix(loss=f"{loss.item():.3f}")
        if (step + 1) % SAVE_EVERY == 0:
            with replacing_file(state) as partial:
                torch.save({"step": step + 1} | {name: part.state_dict() for name, part in parts.items()}, partial)
    model.to("cpu").eval()


def answer_loss(
    model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """The model's own loss: the mean of -log p over the tokens to learn. The others need no logits, 49,152 each."""
    hidden = model.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, :-1]
    following = labels[:, 1:]
    learned = following != IGNORED
    return cross_entropy(model.lm_head(hidden[learned]).float(), following[learned])


def _learning_rate_factor(step: int) -> float:
    """Linear warm-up, then linear decay to a tenth."""
    return min((step + 1) / WARMUP, 1.0 - 0.9 * step / STEPS)


def collate(examples: list[Example], tokenizer: PreTrainedTokenizerBase) -> dict[str, torch.Tensor]:
    """Token ids, attention mask and labels, each of shape (examples, longest); the prompt is not learned."""
    asked = tokenizer([one.prompt for one in examples], add_special_tokens=False).input_ids
    answered = tokenizer([one.response for one in examples], add_special_tokens=False).input_ids
    width = max(len(q) + len(a) for q, a in zip(asked, answered, strict=True))
    ids = torch.full((len(examples), width), tokenizer.pad_token_id)
    labels, mask = torch.full_like(ids, IGNORED), torch.zeros_like(ids)
    for row, (question, answer) in enumerate(zip(asked, answered, strict=True)):
        end = len(question) + len(answer)
        ids[row, :end] = torch.tensor(question + answer)
        labels[row, len(question) : end] = torch.tensor(answer)
        mask[row, :end] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, required=True, help="checkpoint to start from")
    parser.add_argument("--problems", default="openai/gsm8k", help="GSM8K's training part: a file or hub id")
    parser.add_argument("--output", type=Path, required=True, help="folder of the new checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if options.output.is_dir():
        return
    found = read_records([options.problems], split="train", configs={"openai/gsm8k": ("main",)})
    records = [{"question": one.text("question"), "answer": one.text("answer")} for one in found]
    tokenizer = AutoTokenizer.from_pretrained(options.base)
    model = AutoModelForCausalLM.from_pretrained(options.base, dtype=torch.float32)
    state = options.output.with_suffix(".state.pt")
    train(model, tokenizer, records, options.seed, state)
    with replacing_folder(options.output) as partial:
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
    state.unlink(missing_ok=True)


if __name__ == "__main__":
    cli.run(main, "smollm2.supervised")
