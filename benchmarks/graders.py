"""Graders on the same labelled pairs, in one run: python -m benchmarks.graders labelled_pairs.jsonl

Takes jsonl files with ``gold``, ``pred`` and ``label``, and adds the pairs of this repository's tests. Each grader has
a child process and a time limit per pair.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from eval.files import read_lines

TESTS = Path(__file__).resolve().parents[1] / "tests" / "grading"
Pair = tuple[str, str, bool]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--timeout", type=float, default=12.0, help="seconds per pair")
    args = parser.parse_args()
    sets = {"labelled": [pair for file in args.files for pair in labelled(file)], "kinds of fault": list(of_tests())}
    print("| grader | " + " | ".join(f"{name}: agree, FP, FN" for name in sets) + " | s |")
    print("|---" * (len(sets) + 2) + "|")
    for name, grader in GRADERS.items():
        began, cells = time.perf_counter(), []
        for pairs in sets.values():
            verdicts = list(under_limit(grader, pairs, args.timeout))
            wrong = [label for (_, _, label), verdict in zip(pairs, verdicts, strict=True) if verdict != label]
            cells.append(f"{len(pairs) - len(wrong)} of {len(pairs)}, {wrong.count(False)}, {wrong.count(True)}")
        print(f"| {name} | {' | '.join(cells)} | {time.perf_counter() - began:.1f} |", flush=True)


def labelled(file: Path) -> Iterator[Pair]:
    for row in read_lines(file):
        if row["gold"].strip():
            yield row["pred"], row["gold"], bool(row["label"])


def of_tests() -> Iterator[Pair]:
    """The mathematical pairs of tests/grading, boxed answers only."""
    for row in read_lines(TESTS / "pairs.jsonl"):
        if row.get("type", "math") == "math" and row["response"].startswith("\\boxed{"):
            yield row["response"][7:-1], row["gold"], row["right"]
    for name, table, right in (("test_pairs", "RIGHT", True), ("test_false_positives", "WRONG", False)):
        for pairs in getattr(load(name), table).values():
            yield from ((answer, gold, right) for answer, gold in pairs)


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ours(answer: str, gold: str) -> bool:
    from l1_verl.grading.grader import first_pass, verdict

    done, given, golds = first_pass(f"\\boxed{{{answer}}}", gold, "math", require_think_end=False)
    return done.correct if done is not None else verdict(str(given), golds)[0]


def math_verify(answer: str, gold: str) -> bool:
    from math_verify import parse, verify

    boxed = [parse(f"\\boxed{{{text}}}", parsing_timeout=None) for text in (gold, answer)]
    return bool(verify(*boxed, timeout_seconds=None))


def verl(name: str) -> Callable[[str, str], bool]:
    def grade(answer: str, gold: str) -> bool:
        module = importlib.import_module(f"verl.utils.reward_score.{name}")
        found = module.compute_score(f"\\boxed{{{answer}}}", gold)
        found = found["score"] if isinstance(found, dict) else found[0] if isinstance(found, tuple) else found
        return float(found) > 0

    return grade


GRADERS: dict[str, Callable[[str, str], bool]] = {
    "l1_verl": ours,
    "math-verify": math_verify,
    "verl math_reward": verl("math_reward"),
}


def serve(grader: Callable[[str, str], bool], pipe: Any) -> None:
    while True:
        answer, gold = pipe.recv()
        try:
            pipe.send(bool(grader(answer, gold)))
        except Exception:
            pipe.send(False)  # a grader that fails gives no credit


def under_limit(grader: Callable[[str, str], bool], pairs: list[Pair], timeout: float) -> Iterator[bool]:
    context = multiprocessing.get_context("fork")
    process: Any = None
    for answer, gold, _ in pairs:
        if process is None:
            pipe, other = context.Pipe()
            process = context.Process(target=serve, args=(grader, other))
            process.start()
        pipe.send((answer, gold))
        if pipe.poll(timeout):
            yield pipe.recv()
            continue
        process.kill()
        process = None
        yield False
    if process is not None:
        process.kill()


if __name__ == "__main__":
    main()
