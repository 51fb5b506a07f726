"""Unseen problems at budgets of your choice, for ``eval.generate``.

``python -m recipes.tiny.unseen --mode max --budgets 45 91 119 --output outputs/tiny/data/odd_max.parquet``
"""

from __future__ import annotations

import argparse
from pathlib import Path

from l1_verl import cli
from l1_verl.budget import Budget, read_budgets
from l1_verl.cli import InputError
from recipes.tiny.arithmetic import all_sums
from recipes.tiny.build import SEED_FILE, recorded_seed
from recipes.tiny.data import TEST, parts, write_benchmark
from recipes.tiny.tokenizer import LARGEST_NUMBER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.parquet")
    parser.add_argument(
        "--budgets", nargs="+", required=True, metavar="BUDGET", help="TOKENS, LEAST-MOST, NAME=TOKENS or none"
    )
    parser.add_argument("--mode", choices=["exact", "max"], default="exact", help="how numbers are meant")
    parser.add_argument("--problems", type=int, default=TEST, help=f"the first so many of {TEST}, at each budget")
    parser.add_argument("--build", type=Path, default=Path("outputs/tiny"), help="whose seed says what is unseen")
    options = parser.parse_args()
    seed = recorded_seed(options.build)
    if seed is None:
        raise InputError(f"{options.build} has no {SEED_FILE}; make the model first (python -m recipes.tiny.build)")
    budgets = _checked(options)
    _, _, test = parts(seed)
    write_benchmark(options.output, test[: options.problems], budgets)
    print(f"{options.problems} problems at {len(budgets)} budgets: {options.output}")


def _checked(options: argparse.Namespace) -> list[Budget | None]:
    """The budgets; refuses arguments that cannot be served."""
    if options.output.exists():
        raise InputError(f"{options.output} exists; remove it, or name another file")
    if not 1 <= options.problems <= TEST:
        raise InputError(f"--problems {options.problems} is not one of 1 to {TEST}")
    least = max(problem.shortest for problem in all_sums())
    try:
        budgets = read_budgets(options.budgets, options.mode)
    except ValueError as error:
        raise InputError(f"--budgets: {error}") from None
    for text, budget in zip(options.budgets, budgets, strict=True):
        if budget is not None and budget.tokens != 0 and not least <= budget.tokens <= LARGEST_NUMBER:
            raise InputError(
                f"--budgets {text} is outside {least} (what some problems take) to {LARGEST_NUMBER} (what it can read)"
            )
    return budgets


if __name__ == "__main__":
    cli.run(main, "tiny.unseen")
