"""DeepScaleR-Preview (40,315 competition problems with answers) -> training rows.

A record is ``{"problem": "Find $x$ ...", "answer": "-\\frac{2}{3}", "solution": "..."}``; the solution is not used.
The rows hold no budget: ``LCPODataset`` draws one each time it reads a row. They stand in the order of the input.

    python data_prep/deepscaler_to_parquet.py --output train.parquet --decontaminate math.json olympiad_bench.json
"""

from __future__ import annotations

import argparse
import os

from l1_verl import cli
from l1_verl.cli import InputError
from l1_verl.data.answers import clean_answer
from l1_verl.data.convert import add_strict, check_output, choose, parser, progress, progress_bar, run, save
from l1_verl.data.repeats import (
    Pair,
    census,
    contradictory,
    fingerprint,
    same_text,
    without_benchmark,
    without_contradictions,
    without_repeats,
)
from l1_verl.data.rows import INSTRUCTION, math_problem
from l1_verl.data.sources import Record, read_records

HUB = "agentica-org/DeepScaleR-Preview-Dataset"


def arguments() -> argparse.Namespace:
    options = parser(__doc__, HUB)
    options.add_argument("--blank", choices=["drop", "refuse"], default="drop", help="records with a blank answer")
    options.add_argument(
        "--contradictory",
        choices=["drop", "majority", "first", "keep"],
        default="drop",
        help="problems that occur with answers that differ in more than notation: none of their records, those with "
        "the most frequent answer (none in a tie), those with the first, or all",
    )
    options.add_argument(
        "--repeats",
        choices=["drop", "keep"],
        default="drop",
        help="records whose problem occurred before with the same answer",
    )
    options.add_argument(
        "--decontaminate",
        nargs="+",
        default=[],
        metavar="FILE",
        help="drop the problems whose letters and digits equal those of a problem in these benchmarks",
    )
    options.add_argument(
        "--drop-ungradable",
        action="store_true",
        help="drop the problems whose answer the grader cannot tell from other answers; takes under a minute",
    )
    add_strict(options)
    return options.parse_args()


def read_pairs(records: list[Record], unusable: list[str]) -> list[Pair]:
    """Problem and answer of each record; complaints about records that have none go to ``unusable``."""
    pairs = []
    for record in progress(records, "checking"):
        try:
            problem = record.text("problem")
            # A null answer is a blank one: the authors' own math.json has one.
            answer = "" if _is_null(record) else record.text("answer", blank=True)
            pairs.append(Pair(record.index, problem, answer))
        except InputError as error:
            unusable.append(str(error))
    return pairs


def _is_null(record: Record) -> bool:
    return "answer" in record.values and record.values["answer"] is None


def benchmark_question(record: Record) -> str:
    """The problem of a benchmark's record, which may also be a row that one of these scripts wrote."""
    match record.values.get("prompt"):
        case [{"content": str(content)}]:
            return content.removesuffix(INSTRUCTION)
    return record.text("problem", "question", "Question")


def select(pairs: list[Pair], options: argparse.Namespace, benchmarks: list[Record]) -> tuple[list[Pair], list[str]]:
    """The pairs that ``options`` leave, and what was found and dropped, one line each."""
    lines: list[str] = []

    def report(what: str, found: str, before: list[Pair], after: list[Pair]) -> None:
        lines.append(f"  {what + ':':22} {found}; {len(before) - len(after):,} rows dropped")

    filled = [pair for pair in pairs if clean_answer(pair.answer)]
    if options.blank == "refuse" and len(filled) < len(pairs):
        first = next(pair.position for pair in pairs if not clean_answer(pair.answer))
        raise InputError(f"{len(pairs) - len(filled)} answers are blank, first record {first}; try --blank drop")
    report("blank answers", f"{len(pairs) - len(filled):,} rows", pairs, filled)

    (repeated, differing), (repeated_exactly, differing_exactly) = census(pairs), census(pairs, str)
    contradictions = sum(map(contradictory, same_text(filled)))
    settled = without_contradictions(filled, options.contradictory)
    found = f"{differing:,} problems ({differing_exactly:,} to the letter), {contradictions:,} in more than notation"
    report("different answers", f"{found}, --contradictory {options.contradictory}", filled, settled)

    kept = settled if options.repeats == "keep" else without_repeats(settled)
    found = f"{repeated:,} rows ({repeated_exactly:,} to the letter)"
    report("repeated problems", f"{found}, --repeats {options.repeats}", settled, kept)

    clean = without_benchmark(kept, {fingerprint(benchmark_question(record)) for record in benchmarks})
    if benchmarks:
        report("benchmark problems", f"{len(benchmarks):,} compared", kept, clean)

    gradable = without_ungradable(clean) if options.drop_ungradable else clean
    if options.drop_ungradable:
        report("ungradable answers", f"{len(clean):,} tried", clean, gradable)
    return gradable, lines


def without_ungradable(pairs: list[Pair]) -> list[Pair]:
    """The pairs whose answer, given back boxed, is graded as correct."""
    try:
        from l1_verl.grading import GradingPool
    except ImportError as error:
        raise InputError(f"--drop-ungradable needs the grader's packages: {error}") from error
    answers = [clean_answer(pair.answer) for pair in pairs]
    try:
        with GradingPool(workers=os.cpu_count() or 1) as pool, progress_bar(len(pairs), "grading") as bar:
            gradable = pool.gradable_many(answers, ["math"] * len(pairs), progress=bar.update)
    except RuntimeError as error:
        raise InputError(f"--drop-ungradable: {error}") from error
    return [pair for pair, good in zip(pairs, gradable, strict=True) if good]


def main() -> int:
    options = arguments()
    check_output(options.output, [*options.input, *options.decontaminate], overwrite=options.overwrite)
    benchmarks = read_records(options.decontaminate, split="test")
    unusable: list[str] = []
    records = read_records(options.input, split="train", unreadable=unusable)
    read = read_pairs(records, unusable)
    if unusable and (options.strict or not read):
        raise InputError(unusable[0])
    pairs, lines = select(read, options, benchmarks)
    problems = [math_problem(pair.position, pair.question, clean_answer(pair.answer)) for pair in pairs]
    chosen = choose(problems, options.limit, options.seed)
    written = save([problem.row("deepscaler", "train") for problem in chosen], options.output)
    print(f"{len(records):,} records read from {', '.join(options.input)}", *lines, sep="\n")
    if options.limit:
        print(f"  {len(chosen):,} of {len(problems):,} kept (--limit {options.limit} --seed {options.seed})")
    print(written)
    return cli.tell_unusable("records cannot be used", unusable)


if __name__ == "__main__":
    run(main)
