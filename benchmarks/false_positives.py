"""Looks for wrong answers that grading accepts: python -m benchmarks.false_positives FILE... --seconds 300

Three searches over the gold answers (field ``answer``) of json or jsonl files:

- every gold as the answer to others of the same shape, and to some of any shape;
- answers that might be right for everything ("x", "0/0", "\\pm\\infty", "1=1", words);
- answers that hold the gold and more ("G or 977", "not G").

Whatever is accepted is printed, one JSON object a line. A gold that is accepted for another is not a fault where both
are equal, so read what is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from l1_verl.grading import GradingPool

UNIVERSAL = (
    "x",
    "y",
    "n",
    "0",
    "1",
    "0/0",
    "x/x",
    "x-x",
    r"\infty",
    r"\pm\infty",
    r"\emptyset",
    r"\mathbb{R}",
    r"\{\}",
    "()",
    "=",
    "1=1",
    "x=x",
    r"\text{true}",
    r"\text{the answer}",
    r"\text{or}",
    r"\text{all of these}",
    "i",
    "e",
    "I",
    "E",
    ",",
    "'",
    r"\frac{}{}",
    r"\sqrt{}",
    "nan",
    "None",
    "True",
    r"\text{undefined}",
    "x<x",
    r"x \neq x",
    r"x \in x",
    "...",
    "?",
    "-",
    "%",
)
HOLDING = (
    "{g}, 977",
    r"{g} \text{{ or }} 977",
    r"977 \text{{ or }} {g}",
    r"\text{{not }} {g}",
    r"{g} \text{{ or not}}",
    "{g}+977",
    "977({g})",
    "{g}; 977",
    r"\{{{g}, 977\}}",
    r"{g} \cup \{{977\}}",
    r"{g} \text{{ maybe}} 977",
    "{g} = 977",
    "{g} 977",
    r"{g} \neq 977",
    "{g}_977",
    r"\text{{either }} {g} \text{{ or }} 977",
    "{g}'",
    r"|{g}|+977",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=300.0, help="when to stop")
    parser.add_argument("--others", type=int, default=20, help="golds of the same shape that each is tried on")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    golds = sorted({gold for file in args.files for gold in read_golds(file)})
    began, tried, accepted = time.monotonic(), 0, 0
    with GradingPool(workers=args.workers, timeout=2.0) as pool, tqdm(unit=" pairs", disable=None) as bar:
        for batch in batches(questions(golds, args.others, random.Random(args.seed)), 5_000):
            answers, wanted = zip(*batch, strict=True)
            grades = pool.grade_many([f"\\boxed{{{answer}}}" for answer in answers], wanted, ["math"] * len(batch))
            for answer, gold, found in zip(answers, wanted, grades, strict=True):
                if found.correct:
                    accepted += 1
                    print(json.dumps({"answer": answer, "gold": gold}, ensure_ascii=False), flush=True)
            tried += len(batch)
            bar.update(len(batch))
            if time.monotonic() - began > args.seconds:
                break
    print(f"{tried} pairs of {len(golds)} golds, {accepted} accepted", file=sys.stderr)
    return 0


def read_golds(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    rows = json.loads(text) if text.lstrip().startswith("[") else map(json.loads, filter(str.strip, text.split("\n")))
    yield from (str(row["answer"]).strip() for row in rows if str(row.get("answer") or "").strip())


def questions(golds: list[str], others: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    """(answer, gold), each of which should be wrong, in an order that mixes the three searches."""
    shapes = defaultdict(list)
    for gold in golds:
        shapes[shape(gold)].append(gold)
    order = golds.copy()
    rng.shuffle(order)
    for gold in order:
        alike = shapes[shape(gold)]
        answers = rng.sample(alike, min(others, len(alike))) + rng.sample(golds, min(3, len(golds)))
        answers += [*rng.sample(UNIVERSAL, 4), *(form.format(g=gold) for form in rng.sample(HOLDING, 4))]
        yield from ((answer, gold) for answer in answers if answer != gold)


def shape(gold: str) -> str:
    return re.sub(r"[a-zA-Z]", "a", re.sub(r"\d+", "0", re.sub(r"\\[A-Za-z]+", r"\\c", gold)))


def batches(items: Iterator[tuple[str, str]], size: int) -> Iterator[list[tuple[str, str]]]:
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


if __name__ == "__main__":
    sys.exit(main())
