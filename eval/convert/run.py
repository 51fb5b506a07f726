"""Reads a file, row by row, and makes its samples; a row that cannot be used costs itself alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from eval.convert.answered import Form, Row
from eval.convert.forms import inspect_log
from eval.convert.join import Asked
from eval.convert.records import Missing, Samples
from l1_verl.cli import InputError
from l1_verl.data.tables import Broken, RowFile

# Complaints that are kept for showing; the rest is counted.
_KEPT = 5


class Rows(Protocol):
    """A file's rows, and how far reading them has come."""

    size: int

    def position(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


class _Archive:
    """An .eval file of inspect_ai as rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size

    def position(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return inspect_log.read_archive(self.path)


def open_rows(path: Path) -> Rows:
    """The rows of any file that can be converted.

    Raises:
        InputError: as ``RowFile``.
    """
    return _Archive(path) if path.suffix == ".eval" and path.is_file() else RowFile(path)


def first_row(path: Path) -> Row:
    """The first row that can be read: what the file's form is recognised by.

    Raises:
        InputError: there is none.
    """
    complaint = "it holds no row"
    for row in open_rows(path):
        if isinstance(row, dict):
            return row
        complaint = row.why if isinstance(row, Broken) else f"its rows are not objects: {row!r:.60}"
    raise InputError(f"{path} cannot be converted: {complaint}")


@dataclass
class Conversion:
    """What came of the rows so far.

    Attributes:
        rows: rows read.
        samples: samples made.
        faults: rows, or responses in them, that could not be used.
        complaints: the first few of those, in words.
        variants: rows passed over because they tell a response again.
        tally: samples by answer type, by who counted the tokens, and with a label.
    """

    rows: int = 0
    samples: int = 0
    faults: int = 0
    complaints: list[str] = field(default_factory=list)
    variants: int = 0
    tally: Counter[str] = field(default_factory=Counter)

    def complain(self, why: str) -> None:
        self.faults += 1
        if len(self.complaints) < _KEPT:
            self.complaints.append(why)


def converted(
    rows: Rows, form: Form, samples: Samples, outcome: Conversion, asked: Asked | None = None
) -> Iterator[dict[str, Any]]:
    """The samples of a file in order; ``outcome`` is filled on the way, and ``asked`` adds what it knows."""
    first_variants: dict[Any, Any] = {}
    for number, row in enumerate(rows):
        outcome.rows += 1
        if not isinstance(row, dict):
            why = row.why if isinstance(row, Broken) else f"row {number} (from 0) is {row!r:.60}; it must be an object"
            outcome.complain(why)
            continue
        if form.variant is not None:
            response, variant = form.variant(row)
            if first_variants.setdefault(response, variant) != variant:
                outcome.variants += 1
                continue
        for sample in _of_row(row, number, form, samples, outcome, asked):
            outcome.samples += 1
            outcome.tally[sample["answer_type"]] += 1
            outcome.tally["label"] += sample["label"] is not None
            outcome.tally["budget"] += sample["budget"] is not None
            yield sample


def _of_row(
    row: Row, number: int, form: Form, samples: Samples, outcome: Conversion, asked: Asked | None
) -> Iterator[dict[str, Any]]:
    answers = form.read(row)
    place = f"row {number} (from 0)"
    while True:
        try:
            found = next(answers, None)
        except _WRONG_SHAPE as error:
            outcome.complain(f"{place}: {_said(error)}")
            return
        if found is None:
            return
        try:
            yield samples.sample(found if asked is None else asked.known(found), number)
        except Missing as error:
            outcome.complain(f"{place}: {error}; its fields are {', '.join(row)}")
        except _WRONG_SHAPE as error:
            outcome.complain(f"{place}: {_said(error)}")


# What reading a row of another shape than its form promises can raise: it is data, and no fault of the program.
_WRONG_SHAPE = (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError, RecursionError)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"it is not of this form ({type(error).__name__}: {error})"
