"""Any data set -> rows with a budget, or rows to train on, by the names of its fields.

Problem, answer and options are looked for where data sets usually have them; options of this command name other
fields, as dotted paths. An answer may be a letter, a position, or a solution that ends in a box or after ####.

    python data_prep/any_to_parquet.py --input mine.jsonl --output mine.parquet --problem question --answer final
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from l1_verl.data.convert import Benchmark, add_budgets, parser, run, with_budgets, write_benchmark
from l1_verl.data.fields import ProblemFields


def arguments() -> argparse.Namespace:
    options = parser(__doc__, hub=None)
    options.add_argument("--name", help="the first part of data_source; default: the name of the first input")
    options.add_argument("--split", default="test", help="of a hub id")
    options.add_argument("--config", nargs="+", default=[None], help="of a hub id that has several")
    for name, text in (
        ("problem", "the question"),
        ("answer", "the answer, or a solution that ends in it"),
        ("options", "a list, an object from letters to texts, or the fields of the single options"),
        ("id", "what the data set calls the problem; default: a hash of problem and answer"),
        ("context", "a text that stands before the question"),
    ):
        options.add_argument(f"--{name}", nargs="+", metavar="FIELD", help=text)
    options.add_argument("--train", action="store_true", help='rows of split "train", which draw their budget')
    add_budgets(options)
    found = options.parse_args()
    if found.train and found.budgets:
        options.error("--train rows draw their budget; leave --budgets out")
    found.mode = "none" if found.train else found.mode
    return with_budgets(options, found)


def main() -> int:
    found = arguments()
    named = {name: getattr(found, name) for name in ("problem", "answer", "options", "id", "context")}
    fields = replace(ProblemFields(), **{name: paths for name, paths in named.items() if paths})
    name = found.name or Path(found.input[0]).name.split(".")[0]
    benchmark = Benchmark(
        name, found.input[0], lambda record, _seed: fields.to_problem(record), split=found.split, configs=found.config
    )
    return write_benchmark(benchmark, found, "train" if found.train else "test")


if __name__ == "__main__":
    run(main)
