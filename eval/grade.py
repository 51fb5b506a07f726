"""Grades what eval.generate wrote, as often as you like, without generating again: samples.jsonl -> graded.jsonl.

    python -m eval.grade samples.jsonl --output graded.jsonl

A graded line is the sample's line with ``correct``, ``answer`` and ``status``. Run again, it grades what is new. Exit
code 3: some lines could not be graded, and the others were.
"""

from __future__ import annotations

import argparse
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from eval.files import LineLog, Wanted, config_path, read_config, read_lines
from eval.verdicts import Verdicts, fault
from l1_verl import __version__, cli
from l1_verl.cli import InputError
from l1_verl.grading import GradingPool

# Samples that are named where some cannot be graded.
_SHOWN = 5
_NEEDED = ("id", "response", "ground_truth", "answer_type")


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parse(arguments)
    if args.output.resolve() == args.samples.resolve():
        raise InputError(f"--output is {args.output}, the samples themselves; choose another file")
    config = _config(args)
    unusable: list[str] = []
    total = len({sample["id"] for sample in _samples(args.samples, unusable)})
    if total == 0:
        raise InputError(
            f"{args.samples} holds no sample{f': {unusable[0]}' if unusable else ''}; outputs of other programs are "
            "made into samples by python -m eval.convert"
        )
    wanted = Wanted(args.samples).read()
    if wanted is not None and not args.partial:
        raise InputError(
            f"{args.samples} is unfinished, {total:,} of {wanted:,} samples; run its eval.generate again to complete "
            "it, or grade what is there with --partial"
        )
    with LineLog(args.output, config, overwrite=args.overwrite) as log:
        unfinished = Wanted(args.output)
        unfinished.note(wanted or total)
        done = {record["id"] for record in log.records()}
        left = _ungraded(args.samples, done)
        with (
            GradingPool(workers=args.workers, timeout=args.timeout) as pool,
            tqdm(total=total, initial=len(done), unit="sample") as bar,
        ):
            for graded in _graded(left, pool, require_think_end=args.require_think_end):
                log.append(graded)
                bar.update()
    if wanted is None:
        unfinished.forget()
    print(f"{args.output}: {total:,} samples graded")
    verdicts = Verdicts.of(args.output)
    for line in verdicts.agreement(_SHOWN):
        print(line)
    left_out = cli.tell_unusable("lines are not samples and were left out", unusable)
    wrong = cli.tell_unusable("samples cannot be graded and count as wrong", verdicts.ungradable)
    return left_out or wrong


def _graded(
    samples: Iterator[dict[str, Any]], pool: GradingPool, *, require_think_end: bool
) -> Iterator[dict[str, Any]]:
    """Each sample with its grade. A sample that cannot be graded costs itself alone."""
    asked: deque[tuple[dict[str, Any], str | None]] = deque()

    def questions() -> Iterator[tuple[str, Any, str]]:
        for sample in samples:
            why = fault(sample)
            asked.append((sample, why))
            if why is None:
                yield sample["response"], sample["ground_truth"], sample["answer_type"]
            else:
                yield "", "0", "math"

    for grade in pool.grade_each(questions(), require_think_end=require_think_end):
        sample, why = asked.popleft()
        status = grade.status if why is None else "gold_unparsable"
        yield sample | {"correct": grade.correct, "answer": grade.answer, "status": status}


def _ungraded(path: Path, done: Iterable[str]) -> Iterator[dict[str, Any]]:
    seen = set(done)
    for sample in _samples(path, []):
        if sample["id"] not in seen:
            seen.add(sample["id"])
            yield sample


def _samples(path: Path, unusable: list[str]) -> Iterator[dict[str, Any]]:
    """The lines that are samples; complaints about the others go to ``unusable``."""
    for sample in read_lines(path, unusable):
        missing = [key for key in _NEEDED if key not in sample]
        if missing:
            unusable.append(f"a line with {', '.join(sample) or 'nothing'} lacks {', '.join(missing)}")
        else:
            yield sample


def _config(args: argparse.Namespace) -> dict[str, Any]:
    samples = read_config(args.samples) if config_path(args.samples).exists() else None
    return {
        "samples": samples,
        "grader": __version__,
        "timeout": args.timeout,
        "require_think_end": args.require_think_end,
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m eval.grade", description=__doc__.splitlines()[0])
    parser.add_argument("samples", type=Path, help="samples.jsonl of eval.generate")
    parser.add_argument("--output", required=True, type=Path, help="graded samples, one per line")
    parser.add_argument("--overwrite", action="store_true", help="grade all of them anew")
    parser.add_argument("--partial", action="store_true", help="grade what an interrupted eval.generate has written")
    parser.add_argument("--workers", type=int, default=min(16, os.cpu_count() or 1), help="grading processes")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for one comparison")
    parser.add_argument("--require-think-end", action="store_true", help="no </think>, no credit")
    args = parser.parse_args(arguments)
    if args.workers < 1:
        raise InputError(f"--workers is {args.workers}; it must be >= 1")
    if args.timeout <= 0:
        raise InputError(f"--timeout is {args.timeout}; it must be > 0")
    return args


if __name__ == "__main__":
    cli.run(main, "eval.grade")
