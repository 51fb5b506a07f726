"""What the ``*_to_parquet.py`` scripts share: their command line, their errors, and how a benchmark becomes rows."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from tqdm import tqdm

from l1_verl import cli
from l1_verl.budget import Budget, read_budgets
from l1_verl.cli import InputError
from l1_verl.data.rows import Problem, write_rows
from l1_verl.data.sources import Reader, Record, read_records

PAPER_BUDGETS = (512, 1024, 2048, 3600)

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Benchmark:
    """How one benchmark is read.

    Args:
        name: the first part of ``data_source``.
        hub: the hub id that is read by default.
        to_problem: (record, seed) -> problem; the seed is for what is drawn per record, such as an order of options.
        split: the hub's split that is read; its rows say "test" in any case.
        configs: the hub's configurations, where it has several.
        readers: file types beside json, jsonl and parquet, by suffix.
        limit: how many problems are kept by default; all if None.
        seed: the default seed.
    """

    name: str
    hub: str
    to_problem: Callable[[Record, int], Problem]
    split: str = "test"
    configs: Sequence[str | None] = (None,)
    readers: Mapping[str, Reader] = field(default_factory=dict)
    limit: int | None = None
    seed: int = 0


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that answers a mistake with one line instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (--help lists the options)\n")


def parser(description: str | None, hub: str | None, limit: int | None = None, seed: int = 0) -> OneLineParser:
    """The options that every script has; without ``hub`` the input must be named."""
    options = OneLineParser(
        description=(description or "").splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    options.add_argument(
        "--input",
        nargs="+",
        required=hub is None,
        default=[hub] if hub else None,
        metavar="HUB_ID_OR_FILE",
        help="read in this order",
    )
    options.add_argument("--output", type=Path, required=True, metavar="FILE.parquet")
    options.add_argument("--overwrite", action="store_true", help="replace the output where it exists")
    options.add_argument(
        "--limit",
        type=positive,
        default=limit,
        metavar="N",
        help="keep the N problems whose hash of (seed, id) is smallest, in input order",
    )
    options.add_argument(
        "--seed", type=int, default=seed, help="what --limit keeps, and the order of shuffled options"
    )
    return options


def positive(text: str) -> int:
    """A whole number >= 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number >= 1")
    return int(text)


def run(main: Callable[[], int | None]) -> None:
    """Runs a script under its file's name, see :func:`l1_verl.cli.run`."""
    cli.run(main, Path(sys.argv[0]).name)


def check_output(output: Path, inputs: Iterable[str], *, overwrite: bool) -> None:
    """Refuses, before any work, an output that could not or must not be written."""
    if output.suffix != ".parquet":
        raise InputError(f"--output {output} must end in .parquet")
    if output.is_dir():
        raise InputError(f"--output {output} is a folder")
    if output.exists() and any(Path(source).exists() and output.samefile(source) for source in inputs):
        raise InputError(f"--output {output} is also the input")
    if output.exists() and not overwrite:
        raise InputError(f"--output {output} exists; --overwrite replaces it")
    folder = output.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--output {output} cannot be written: {folder} is not a folder that this user can write to")


def choose(problems: Sequence[Problem], limit: int | None, seed: int) -> list[Problem]:
    """The ``limit`` problems whose hash of (seed, id) is smallest, in their order; all of them for None.

    Which ones are kept depends on what they say and not on where they stand, so the same come out of any form of
    a data set; and a smaller limit keeps a part of what a larger one keeps.
    """
    if limit is None or limit >= len(problems):
        return list(problems)
    ranks = [hashlib.sha256(f"{seed}/{problem.id}".encode()).digest() for problem in problems]
    kept = sorted(range(len(problems)), key=ranks.__getitem__)[:limit]
    return [problems[position] for position in sorted(kept)]


def save(rows: Sequence[dict[str, Any]], output: Path) -> str:
    """Writes the rows and says what was written.

    Raises:
        InputError: there is none, or the file cannot be written.
    """
    if not rows:
        raise InputError(f"no row is left to write to {output}")
    try:
        write_rows(rows, output)
    except OSError as error:
        raise InputError(f"--output {output} cannot be written: {error.strerror or error}") from error
    return f"{len(rows):,} rows ({output.stat().st_size / 1e6:.1f} MB) in {output}"


def progress(items: Sequence[_Item], what: str) -> Iterator[_Item]:
    """``items``, counted on stderr where that is a terminal."""
    with progress_bar(len(items), what) as bar:
        for item in items:
            yield item
            bar.update()


def progress_bar(total: int, what: str) -> tqdm:
    """A bar on stderr where that is a terminal, and nothing elsewhere."""
    return tqdm(total=total, desc=what, unit=" rows", unit_scale=True, disable=None, leave=False)


def convert(benchmark: Benchmark, description: str | None) -> None:
    """The whole script of a benchmark: one row for each problem and budget."""
    run(lambda: write_benchmark(benchmark, _benchmark_arguments(benchmark, description)))


def _benchmark_arguments(benchmark: Benchmark, description: str | None) -> argparse.Namespace:
    options = parser(description, benchmark.hub, benchmark.limit, benchmark.seed)
    add_budgets(options)
    return with_budgets(options, options.parse_args())


def add_budgets(options: OneLineParser) -> None:
    """The options of a benchmark: its budgets, and what a record that is not a problem costs."""
    options.add_argument("--mode", choices=["exact", "max", "none"], default="exact", help="how numbers are meant")
    options.add_argument(
        "--budgets",
        nargs="+",
        metavar="BUDGET",
        help="tokens, LEAST-MOST for a range, NAME=TOKENS for a level, or none; "
        f"default: {' '.join(map(str, PAPER_BUDGETS))}",
    )
    add_strict(options)


def add_strict(options: OneLineParser) -> None:
    """The option that makes one record which cannot be used cost the whole file."""
    options.add_argument("--strict", action="store_true", help="refuse a file with a record that cannot be used")


def with_budgets(options: OneLineParser, arguments: argparse.Namespace) -> argparse.Namespace:
    """``arguments`` with ``budgets`` as budgets; ends the script where they contradict each other."""
    if arguments.mode == "none" and arguments.budgets:
        options.error("--mode none asks for no budget; leave --budgets out")
    if arguments.mode == "none":
        arguments.budgets = [None]
        return arguments
    try:
        arguments.budgets = read_budgets(arguments.budgets or list(map(str, PAPER_BUDGETS)), arguments.mode)
    except ValueError as error:
        options.error(f"--budgets: {error}")
    return arguments


def write_benchmark(benchmark: Benchmark, arguments: argparse.Namespace, split: str = "test") -> int:
    """Reads, converts and writes a benchmark; the exit code.

    Args:
        benchmark: how it is read.
        arguments: of ``parser`` and ``with_budgets``.
        split: what the rows say: "test", whatever the hub calls it, since a row of "train" without a budget draws one.

    Raises:
        InputError: nothing can be read or written, or with ``--strict`` one record cannot be used.
    """
    check_output(arguments.output, arguments.input, overwrite=arguments.overwrite)
    unusable: list[str] = []
    records = read_records(
        arguments.input,
        split=benchmark.split,
        configs={benchmark.hub: benchmark.configs},
        readers=benchmark.readers,
        unreadable=unusable,
    )
    problems = _to_problems(records, benchmark, arguments.seed, unusable)
    if unusable and (arguments.strict or not problems):
        raise InputError(unusable[0])
    # MMLU asks 105 questions twice; an id that stands once is what resuming and averaging by problem rest on.
    distinct = list({problem.id: problem for problem in reversed(problems)}.values())[::-1]
    chosen = choose(distinct, arguments.limit, arguments.seed)
    rows = [
        problem.row(_data_source(benchmark.name, budget), split, budget)
        for problem in chosen
        for budget in arguments.budgets
    ]
    written = save(rows, arguments.output)
    budgets = ", ".join(_data_source(benchmark.name, budget) for budget in arguments.budgets)
    repeats = len(problems) - len(distinct)
    print(f"{len(records):,} problems read, {repeats:,} repeats dropped, {len(chosen):,} kept, each as {budgets}")
    print(written)
    return cli.tell_unusable("records cannot be used", unusable)


def _to_problems(records: Sequence[Record], benchmark: Benchmark, seed: int, unusable: list[str]) -> list[Problem]:
    """The problems of the records; complaints about records that are none go to ``unusable``."""
    problems: dict[str, Problem] = {}
    found = []
    for record in progress(records, "converting"):
        try:
            problem = benchmark.to_problem(record, seed)
            first = problems.setdefault(problem.id, problem)
            if (first.prompt, first.ground_truth) != (problem.prompt, problem.ground_truth):
                raise ValueError(
                    f"its id {problem.id!r} is also that of record {first.index}, which asks another problem"
                )
            found.append(problem)
        except InputError as error:
            unusable.append(str(error))
        except ValueError as error:
            unusable.append(str(record.bad(f"is not a problem of {benchmark.name}: {error}")))
    return found


def _data_source(name: str, budget: Budget | None) -> str:
    return f"{name}/{budget.label}" if budget else f"{name}/none"
