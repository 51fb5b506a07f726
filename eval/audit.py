"""Audits a file: grades its responses, or lists the gold answers that cannot be graded.

python -m eval.audit outputs.jsonl --response generation --gold expected_answer --compare is_correct
python -m eval.audit deepscaler.json --golds --gold answer
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from eval.rows import field, read_rows
from l1_verl import cli
from l1_verl.cli import InputError
from l1_verl.grading.grader import ANSWER_TYPES, OUTCOMES, Grade, check_gold
from l1_verl.grading.pool import GradingPool

_SHOWN = 160
_LABELS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def main(argv: Sequence[str] | None = None) -> int:
    args = _parse(argv)
    rows, unusable = read_rows(args.file, args.limit)
    with GradingPool(workers=args.workers, timeout=args.timeout) as pool:
        (_list_golds if args.golds else _audit)(rows, args, pool, unusable)
    return cli.tell_unusable("rows cannot be used and were left out", unusable)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m eval.audit", description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, help="rows as json, jsonl, csv, parquet, arrow")
    parser.add_argument("--golds", action="store_true", help="list the gold answers that are not gradable")
    parser.add_argument("--response", default="response", metavar="FIELD", help="dotted path, e.g. code.0")
    parser.add_argument("--gold", default="gold", metavar="FIELD", help="e.g. reward_model.ground_truth")
    parser.add_argument("--answer-type", default="math", choices=ANSWER_TYPES)
    parser.add_argument("--compare", metavar="FIELD", help="a label (true/false, 1/0) to print disagreements with")
    parser.add_argument("--show", type=int, default=20, metavar="N", help="disagreements to print")
    parser.add_argument("--require-think-end", action="store_true", help="no </think>, no answer")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--timeout", type=float, default=5.0, metavar="S", help="seconds per answer")
    parser.add_argument("--limit", type=int, metavar="N", help="read only the first N rows")
    return parser.parse_args(argv)


def _audit(rows: dict[int, dict[str, Any]], args: argparse.Namespace, pool: GradingPool, unusable: list[str]) -> None:
    asked: dict[int, _Asked] = {}
    for number, row in rows.items():
        try:
            asked[number] = _asked(row, args, number)
        except ValueError as error:
            unusable.append(str(error))
    if not asked:
        raise InputError(f"{args.file}: {unusable[0]}")
    began = time.perf_counter()
    with tqdm(total=len(asked), desc="grading", file=sys.stderr) as bar:
        grades = pool.grade_many(
            [row.response for row in asked.values()],
            [row.gold for row in asked.values()],
            [args.answer_type] * len(asked),
            require_think_end=args.require_think_end,
            progress=bar.update,
        )
    _print_table(grades, pool, time.perf_counter() - began)
    if args.compare:
        _print_disagreements(dict(zip(asked, grades, strict=True)), asked, args.show)


@dataclass(frozen=True)
class _Asked:
    response: str
    gold: Any
    label: bool | None


def _asked(row: dict[str, Any], args: argparse.Namespace, number: int) -> _Asked:
    return _Asked(
        _text(field(row, args.response, number), args.response, number),
        _gold(field(row, args.gold, number), args.answer_type, number),
        _label(field(row, args.compare, number), number) if args.compare else None,
    )


def _list_golds(
    rows: dict[int, dict[str, Any]], args: argparse.Namespace, pool: GradingPool, unusable: list[str]
) -> None:
    golds: dict[int, Any] = {}
    for number, row in rows.items():
        try:
            golds[number] = field(row, args.gold, number)
        except ValueError as error:
            unusable.append(str(error))
    if not golds:
        raise InputError(f"{args.file}: {unusable[0]}")
    refused = {number: why for number, gold in golds.items() if (why := _refusal(gold, args.answer_type))}
    kept = [number for number in golds if number not in refused]
    with tqdm(total=len(kept), desc="checking", file=sys.stderr) as bar:
        types = [args.answer_type] * len(kept)
        verdicts = pool.gradable_many([golds[number] for number in kept], types, progress=bar.update)
    bad = refused | {number: repr(golds[number]) for number, good in zip(kept, verdicts, strict=True) if not good}
    for number in sorted(bad):
        print(f"row {number}: {bad[number]}")
    print(f"{len(bad)} of {len(golds)} gold answers are not gradable ({len(bad) / len(golds):.3%})")


def _print_table(grades: list[Grade], pool: GradingPool, wall: float) -> None:
    counts = Counter(grade.outcome for grade in grades)
    print(f"{'outcome':<16}{'n':>8}{'share':>9}{'seconds':>10}{'ms each':>10}")
    for outcome in OUTCOMES:
        n, seconds = counts[outcome], pool.seconds[outcome]
        each = f"{1000 * seconds / n:.2f}" if n else "-"
        print(f"{outcome.replace('_', ' '):<16}{n:>8}{n / len(grades):>9.1%}{seconds:>10.2f}{each:>10}")
    ways = ", ".join(f"{pool.counts[way]} by {way}" for way in ("exact", "cache", "algebra"))
    print(f"{'all':<16}{len(grades):>8}{1:>9.1%}{wall:>10.2f}  wall; {len(grades) / wall:.0f}/s; {ways}")


def _print_disagreements(grades: dict[int, Grade], asked: dict[int, _Asked], show: int) -> None:
    differ = [number for number, row in asked.items() if grades[number].correct != row.label]
    agree = len(asked) - len(differ)
    print(f"agreement with the labels: {agree} of {len(asked)} ({agree / len(asked):.2%})")
    for number in differ[:show]:
        grade, row = grades[number], asked[number]
        answer = repr(grade.answer)[:_SHOWN]
        print(f"row {number}: {grade.outcome}, label {row.label}: answer {answer}, gold {row.gold!r}")
    if len(differ) > show:
        print(f"... and {len(differ) - show} more; --show prints them")


def _text(value: Any, name: str, number: int) -> str:
    if not isinstance(value, str):
        raise ValueError(f"row {number}: field {name!r} is {value!r:.80}; a response must be text")
    return value


def _gold(value: Any, answer_type: str, number: int) -> Any:
    error = _refusal(value, answer_type)
    if error:
        raise ValueError(f"row {number}: {error}")
    return value


def _refusal(gold: Any, answer_type: str) -> str | None:
    try:
        check_gold(gold, answer_type)
    except ValueError as error:
        return str(error)
    return None


def _label(value: Any, number: int) -> bool:
    label = _LABELS.get(str(value).lower())
    if label is None:
        raise ValueError(f"row {number}: label is {value!r:.80}; it must be true/false or 1/0")
    return label


if __name__ == "__main__":
    cli.run(main, "eval.audit")
