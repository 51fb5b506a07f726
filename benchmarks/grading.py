"""Grading against verl's ``naive`` reward manager, on the same responses in the same run.

    python -m benchmarks.grading outputs.jsonl:generation:expected_answer:is_correct more.jsonl:code.0:gt
    python -m benchmarks.grading --batch deepscaler.json:answer

Each FILE names its fields: FILE:RESPONSE:GOLD[:LABEL], or FILE:GOLD with --batch, which makes a training batch of 128
problems x 16 responses of 4,000 tokens with real gold answers and watches the event loop while it is graded.

Both managers are warm before they are timed, in wall time and in CPU seconds of all their processes. The clock depends
on what else the machine does, and on how many processes either manager has to claim a share of it; CPU time does not.
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
import psutil
import torch
from omegaconf import OmegaConf
from verl import DataProto

from eval.rows import field, read_rows
from l1_verl.grading import GradingPool
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
    for number, row in read_rows(Path(path))[0].items():
        response, gold = (field(row, name, number) for name in names[:2])
        label = str(field(row, names[2], number)).lower() in ("true", "1", "1.0") if len(names) == 3 else None
        samples.append(Sample(tokenizer.encode(response, add_special_tokens=False), gold_answers(gold)[0], label))
    return samples


def _compare(samples: list[Sample], tokenizer: Any, workers: int) -> int:
    ours, our_time, pool = asyncio.run(_lcpo(samples, tokenizer, workers))
    theirs, their_time = asyncio.run(_naive(samples, tokenizer))
    labelled = [n for n, sample in enumerate(samples) if sample.label is not None]
    print(f"{len(samples)} responses, {len(labelled)} labelled, {sum(len(s.ids) for s in samples)} tokens")
    for name, verdicts, spent in (("l1_verl", ours, our_time), ("verl naive", theirs, their_time)):
        agree = sum(verdicts[n] == samples[n].label for n in labelled)
        share = f"{agree / len(labelled):.2%}" if labelled else "-"
        rates = f"{len(samples) / spent.wall:.0f}/s in wall time, {len(samples) / spent.cpu:.0f} per CPU second"
        print(f"{name:<12}{spent.wall:>7.2f} s, CPU {spent.cpu:>6.2f} s; {rates}")
        print(f"{'':<12}agreement with the labels {agree}/{len(labelled)} ({share})")
    wall, cpu = their_time.wall / our_time.wall, their_time.cpu / our_time.cpu
    print(f"speed-up {wall:.1f}x in wall time, {cpu:.1f}x in CPU time")
    _print_ways(pool)
    return 0


@dataclass
class Spent:
    """Seconds that a batch took."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Spent:
        """The clock, and the CPU time so far of this process and all its descendants, those that ended included."""
        root = psutil.Process()
        return cls(time.perf_counter(), sum(sum(p.cpu_times()[:4]) for p in (root, *root.children(recursive=True))))

    def until_now(self) -> Spent:
        now = Spent.now()
        return Spent(now.wall - self.wall, now.cpu - self.cpu)


async def _lcpo(samples: list[Sample], tokenizer: Any, workers: int) -> tuple[list[bool], Spent, GradingPool]:
    from l1_verl.reward_manager import LCPORewardManager

    config = {
        "reward": {"reward_kwargs": {"grading": {"workers": workers}, "freeze_heap": True}},
        "actor_rollout_ref": {"rollout": {"response_length": max(len(sample.ids) for sample in samples)}},
    }
    manager = LCPORewardManager(OmegaConf.create(config), tokenizer)
    rows = _rows(samples)
    await asyncio.gather(*(manager.run_single(row) for row in _rows(_warm_up(tokenizer))))
    began = Spent.now()
    results = await asyncio.gather(*(manager.run_single(row) for row in rows))
    spent = began.until_now()
    manager._pool.close()
    return [result["reward_extra_info"]["acc"] > 0 for result in results], spent, manager._pool


async def _naive(samples: list[Sample], tokenizer: Any) -> tuple[list[bool], Spent]:
    from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
    from verl.utils.reward_score import math_verify

    def score(data_source: str, solution_str: str, ground_truth: str, extra_info: dict, **_: Any) -> float:
        return math_verify.compute_score(solution_str, ground_truth)

    manager = NaiveRewardManager(OmegaConf.create({}), tokenizer, score)
    rows = _rows(samples)
    await asyncio.gather(*(manager.run_single(row) for row in _rows(_warm_up(tokenizer))))
    began = Spent.now()
    results = await asyncio.gather(*(manager.run_single(row) for row in rows))
    return [result["reward_score"] > 0 for result in results], began.until_now()


def _warm_up(tokenizer: Any) -> list[Sample]:
    """Answers that start every worker of either manager, so that neither's start-up is in its time."""
    texts = [f"\\boxed{{1/x^{{{n}}}}}" for n in range(2, 34)]
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
    rows = [(n, row) for n, row in read_rows(Path(path))[0].items() if str(field(row, name, n)).strip()]
    golds = [gold_answers(field(row, name, n))[0] for n, row in rng.sample(rows, PROBLEMS)]
    samples = [_response(gold, golds, tokenizer, rng) for gold in golds for _ in range(RESPONSES)]
    (verdicts, spent, pool), blocked = asyncio.run(_watched(samples, tokenizer, args.workers))
    took = f"{spent.wall:.2f} s, CPU {spent.cpu:.2f} s"
    print(f"{len(samples)} responses of {TOKENS} tokens in {took}; {sum(verdicts)} correct")
    wall, cpu = 1000 * blocked.wall, 1000 * blocked.cpu
    print(f"event loop blocked at most {wall:.1f} ms in wall time, {cpu:.1f} ms of its own CPU time")
    _print_ways(pool)
    return 0


def _print_ways(pool: GradingPool) -> None:
    print("l1_verl, 32 answers of warm-up included: " + ", ".join(f"{n} by {way}" for way, n in pool.counts.items()))


def _response(gold: str, golds: list[str], tokenizer: Any, rng: random.Random) -> Sample:
    """Thinking up to 4,000 tokens, then a gold: half the time this problem's, else another's."""
    answer = gold if rng.random() < 0.5 else rng.choice(golds)
    spaced = answer.replace("+", " + ").replace("{", "{ ") if rng.random() < 0.5 else answer
    final = tokenizer.encode(f"</think> The answer is \\boxed{{{spaced}}}.", add_special_tokens=False)
    thinking = tokenizer.encode("Let me think: 7 + 8 = 15, and then \\boxed{1} is not it. ", add_special_tokens=False)
    room = TOKENS - len(final)
    return Sample((thinking * (room // len(thinking) + 1))[:room] + final, gold)


async def _watched(samples: list[Sample], tokenizer: Any, workers: int) -> tuple[tuple, Spent]:
    """The graded batch, and the longest time for which a task that only wants to wake up could not.

    In CPU time of the loop's own thread as well: that is what grading takes, and not what other processes take.
    """
    worst = Spent(0.0, 0.0)

    async def watch() -> None:
        while True:
            wall, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK_S)
            worst.wall = max(worst.wall, time.perf_counter() - wall - TICK_S)
            worst.cpu = max(worst.cpu, time.thread_time() - cpu)

    grading = _lcpo(samples, tokenizer, workers)
    watcher = asyncio.create_task(watch())
    graded = await grading
    watcher.cancel()
    return graded, worst


if __name__ == "__main__":
    raise SystemExit(main())
