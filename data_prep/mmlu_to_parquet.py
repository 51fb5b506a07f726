"""MMLU (1,000 of the 14,042 test questions by default, four options) -> rows with a budget.

A record is the hub's ``{"question": ..., "choices": [four texts], "answer": 0 to 3}``; a .zip is the authors' archive
of one csv a subject, without header: question, four options, letter. Both keep the same 1,000 questions, see --limit.

    python data_prep/mmlu_to_parquet.py --output mmlu.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

from l1_verl.cli import InputError
from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, choice_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    options = record.texts("choices")
    return choice_problem(record.index, record.text("question"), options, record.option(len(options), "answer"))


def read_zip(path: Path) -> list[dict[str, Any]]:
    """The records of every ``test/<subject>_test.csv`` in the archive, by subject.

    Raises:
        InputError: it is not an archive, or a line of it does not have six columns.
    """
    records = []
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(name for name in archive.namelist() if name.endswith("_test.csv")):
                for number, line in enumerate(csv.reader(io.StringIO(archive.read(name).decode(), newline="")), 1):
                    if len(line) != 6:
                        raise InputError(f"{path}: {name}, row {number} has {len(line)} columns and not 6")
                    records.append({"question": line[0], "choices": line[1:5], "answer": line[5]})
    except (zipfile.BadZipFile, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a valid archive of csv files, perhaps cut off: {error}") from error
    return records


if __name__ == "__main__":
    zip_form = {".zip": read_zip}
    convert(
        Benchmark("mmlu", "cais/mmlu", to_problem, configs=("all",), readers=zip_form, limit=1000, seed=42), __doc__
    )
