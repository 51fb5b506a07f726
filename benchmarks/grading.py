"""Grading against verl's ``naive`` reward manager, on the same responses in the same run.

    python benchmarks/grading.py outputs.jsonl:generation:expected_answer:is_correct more.jsonl:code.0:gt
    python benchmarks/grading.py --batch deepscaler.json:answer

Each FILE names its fields: FILE:RESPONSE:GOLD[:LABEL], or FILE:GOLD with --batch, which makes a training batch of 128
problems x 16 responses of 4,000 tokens with real gold answers and watches the event loop while it is graded.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import OmegaConf
from verl import DataProto

from l1_verl.grading import GradingPool
from l1_verl.grading.files import field, read_rows
from l1_verl.grading.grader import gold_answers

PROBLEMS, RESPONSES, TOKENS = 128, 16, 4000
TICK_S = 0.001


@dataclass
class Sample:
    ids: list[int]
    gold: str
    label: bool | None = None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", metavar="FILE:FIELDS")
    parser.add_argument("--batch", action="store_true", help="a training batch instead of a comparison")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokenizer", help="a Hugging Face tokenizer; default: the tiny one of recipes/tiny")
    args = parser.parse_args()
    try:
        tokenizer = _tokenizer(args.tokenizer)
        if args.batch:
            return _batch(args, tokenizer)
        samples = [sample for spec in args.files for sample in _samples(spec, tokenizer)]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return _compare(samples, tokenizer, args.workers)


def _tokenizer(name: str | None) -> Any:
    if name is None:
        from recipes.tiny.tokenizer import build_tokenizer

        return build_tokenizer()
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(name)


def _samples(spec: str, tokenizer: Any) -> list[Sample]:
    path, *names = spec.split(":")
    if len(names) not in (2, 3):
        raise ValueError(f"{spec!r} must be FILE:RESPONSE:GOLD or FILE:RESPONSE:GOLD:LABEL")
    samples = []
    for number, row in enumerate(read_rows(Path(path))):
        response, gold = (field(row, name, number) for name in names[:2])
        label = str(field(row, names[2], number)).lower() in ("true", "1", "1.0") if len(names) == 3 else None
        samples.append(Sample(tokenizer.encode(response, add_special_tokens=False), gold_answers(gold)[0], label))
    return samples


def _compare(samples: list[Sample], tokenizer: Any, workers: int) -> int:
    ours, our_s, pool = asyncio.run(_lcpo(samples, tokenizer, workers))
    theirs, their_s = asyncio.run(_naive(samples, tokenizer))
    labelled = [n for n, sample in enumerate(samples) if sample.label is not None]
    print(f"{len(samples)} responses, {len(labelled)} labelled, {sum(len(s.ids) for s in samples)} tokens")
    for name, verdicts, seconds in (("l1_verl", ours, our_s), ("verl naive", theirs, their_s)):
        agree = sum(verdicts[n] == samples[n].label for n in labelled)
        share = f"{agree / len(labelled):.2%}" if labelled else "-"
        rate = len(samples) / seconds
        print(f"{name:<12}{seconds:>9.2f} s{rate:>10.1f}/s   agreement {agree}/{len(labelled)} ({share})")
    print(
        f"speed-up {their_s / our_s:.1f}x; l1_verl, 8 answers of warm-up included: "
        + ", ".join(f"{n} by {way}" for way, n in pool.counts.items())
    )
    return 0


async def _lcpo(samples: list[Sample], tokenizer: Any, workers: int) -> tuple[list[bool], float, GradingPool]:
    from l1_verl.reward_manager import LCPORewardManager

    config = {
        "reward": {"reward_kwargs": {"grading": {"workers": workers}}},
        "actor_rollout_ref": {"rollout": {"response_length": max(len(sample.ids) for sample in samples)}},
    }
    manager = LCPORewardManager(OmegaConf.create(config), tokenizer)
    rows = _rows(samples)
    await asyncio.gather(*(manager.run_single(row) for row in _rows(_warm_up(tokenizer))))
    began = time.perf_counter()
    results = await asyncio.gather(*(manager.run_single(row) for row in rows))
    seconds = time.perf_counter() - began
    manager._pool.close()
    return [result["reward_extra_info"]["acc"] > 0 for result in results], seconds, manager._pool


async def _naive(samples: list[Sample], tokenizer: Any) -> tuple[list[bool], float]:
    from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
    from verl.utils.reward_score import math_verify

    def score(data_source: str, solution_str: str, ground_truth: str, extra_info: dict, **_: Any) -> float:
        return math_verify.compute_score(solution_str, ground_truth)

    manager = NaiveRewardManager(OmegaConf.create({}), tokenizer, score)
    rows = _rows(samples)
    await asyncio.gather(*(manager.run_single(row) for row in _rows(_warm_up(tokenizer))))
    began = time.perf_counter()
    results = await asyncio.gather(*(manager.run_single(row) for row in rows))
    return [result["reward_score"] > 0 for result in results], time.perf_counter() - began


def _warm_up(tokenizer: Any) -> list[Sample]:
    """Answers that start every worker of either manager, so that neither's start-up is in its time."""
    texts = [f"\\boxed{{1/x^{{{n}}}}}" for n in range(2, 10)]
    return [Sample(tokenizer.encode(text, add_special_tokens=False), "\\frac{1}{x}") for text in texts]


def _rows(samples: list[Sample]) -> list[DataProto]:
    rows = []
    for sample in samples:
        ids = torch.tensor([sample.ids])
        fields = {"reward_model": {"ground_truth": sample.gold}, "extra_info": {}, "data_source": "math"}
        arrays = {name: np.array([value], dtype=object) for name, value in fields.items()}
        rows.append(DataProto.from_dict({"responses": ids, "attention_mask": torch.ones_like(ids)}, arrays))
    return rows


def _batch(args: argparse.Namespace, tokenizer: Any) -> int:
    path, name = args.files[0].rsplit(":", 1)
    rng = random.Random(args.seed)
    rows = [(n, row) for n, row in enumerate(read_rows(Path(path))) if str(field(row, name, n)).strip()]
    golds = [gold_answers(field(row, name, n))[0] for n, row in rng.sample(rows, PROBLEMS)]
    samples = [_response(gold, golds, tokenizer, rng) for gold in golds for _ in range(RESPONSES)]
    (verdicts, seconds, pool), blocked = asyncio.run(_watched(samples, tokenizer, args.workers))
    print(f"{len(samples)} responses of {TOKENS} tokens in {seconds:.2f} s; {sum(verdicts)} correct")
    print(f"event loop blocked at most {blocked * 1000:.1f} ms; {dict(pool.counts)}")
    return 0


def _response(gold: str, golds: list[str], tokenizer: Any, rng: random.Random) -> Sample:
    """Thinking up to 4,000 tokens, then a gold: half the time this problem's, else another's."""
    answer = gold if rng.random() < 0.5 else rng.choice(golds)
    spaced = answer.replace("+", " + ").replace("{", "{ ") if rng.random() < 0.5 else answer
    final = tokenizer.encode(f"</think> The answer is \\boxed{{{spaced}}}.", add_special_tokens=False)
    thinking = tokenizer.encode("Let me think: 7 + 8 = 15, and then \\boxed{1} is not it. ", add_special_tokens=False)
    room = TOKENS - len(final)
    return Sample((thinking * (room // len(thinking) + 1))[:room] + final, gold)


async def _watched(samples: list[Sample], tokenizer: Any, workers: int) -> tuple[tuple, float]:
    """The graded batch, and the longest time for which a task that only wants to wake up could not."""
    pauses = [0.0]

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(TICK_S)
            pauses.append(time.perf_counter() - began - TICK_S)

    grading = _lcpo(samples, tokenizer, workers)
    watcher = asyncio.create_task(watch())
    graded = await grading
    watcher.cancel()
    return graded, max(pauses)


if __name__ == "__main__":
    raise SystemExit(main())
