"""Reading a data set: local files, or a hub id."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from l1_verl.cli import InputError
from l1_verl.data import hub
from l1_verl.data.answers import final_answer
from l1_verl.data.tables import SUFFIXES, Broken, RowFile

Reader = Callable[[Path], list[Any]]

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


class Record:
    """One record of an input, which knows where it stands so that a complaint can say so."""

    __slots__ = ("index", "place", "values")

    def __init__(self, index: int, place: str, values: Any) -> None:
        self.index = index
        self.place = place
        if not isinstance(values, dict):
            raise self.bad(f"is {_short(values)}; it must be an object with named fields")
        self.values = values

    def get(self, *names: str) -> Any:
        """The first of the fields ``names`` that has a value.

        Raises:
            InputError: none of them has.
        """
        for name in names:
            if self.values.get(name) is not None:
                return self.values[name]
        wanted = " or ".join(map(repr, names))
        raise self.bad(f"has no value for {wanted}; its fields are {', '.join(self.values) or 'none'}")

    def text(self, *names: str, blank: bool = False) -> str:
        """Like ``get``, and it must be text; "" counts only where ``blank`` says so."""
        value = self.get(*names)
        if not isinstance(value, str):
            raise self.bad(f"has {names[0]} {_short(value)}; it must be text")
        if not blank and not value.strip():
            raise self.bad(f"has a blank {names[0]}")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise self.bad(f"has a {names[0]} that is not valid Unicode: {error.reason}") from error
        return value

    def items(self, *names: str) -> list[Any]:
        """Like ``get``; what is not a list is a list of one."""
        value = self.get(*names)
        return value if isinstance(value, list) else [value]

    def answers(self, *names: str) -> list[Any]:
        """Like ``items``; where none of the fields has a value, the last box of ``solution``."""
        if all(self.values.get(name) is None for name in names) and isinstance(self.values.get("solution"), str):
            answer = final_answer(self.values["solution"])
            if answer != self.values["solution"]:
                return [answer]
        return self.items(*names)

    def texts(self, *names: str) -> list[str]:
        """Like ``get``, and it must be a list of at least two texts."""
        value = self.get(*names)
        if not isinstance(value, list) or len(value) < 2 or not all(isinstance(item, str) for item in value):
            raise self.bad(f"has {names[0]} {_short(value)}; it must be a list of texts")
        return value

    def option(self, count: int, *names: str) -> int:
        """The position of the right one of ``count`` options, written as a letter or as a position from 0."""
        value = self.get(*names)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str) and len(value.strip()) == 1:
            value = string.ascii_uppercase.find(value.strip())
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
            raise self.bad(f"has {names[0]} {_short(self.get(*names))}; it must name one of its {count} options")
        return value

    def bad(self, complaint: object) -> InputError:
        """The error that says ``complaint`` about this record."""
        return InputError(f"{self.place} {complaint}")


def read_records(
    inputs: Sequence[str],
    *,
    split: str,
    configs: Mapping[str, Sequence[str | None]] | None = None,
    readers: Mapping[str, Reader] | None = None,
    unreadable: list[str] | None = None,
) -> list[Record]:
    """All records of ``inputs``, in order.

    Args:
        inputs: files or hub ids.
        split: which split of a hub id.
        configs: for each hub id that has several, the ones to read.
        readers: further file types, by suffix.
        unreadable: where complaints about single lines go; without it the first one is raised.

    Raises:
        InputError: an input cannot be read or holds no record.
    """
    records: list[Record] = []
    for source in inputs:
        complaints = len(unreadable or ())
        values = _read(source, split, configs or {}, readers or {}, unreadable)
        if not values:
            raise InputError((unreadable or [])[complaints:][0] if unreadable else f"{source} holds no record")
        start = len(records)
        for i, value in enumerate(values):
            try:
                records.append(Record(start + i, f"{source}: record {i} (from 0)", value))
            except InputError as error:
                if unreadable is None:
                    raise
                unreadable.append(str(error))
    return records


def _read(
    source: str,
    split: str,
    configs: Mapping[str, Sequence[str | None]],
    readers: Mapping[str, Reader],
    unreadable: list[str] | None,
) -> list[Any]:
    path = Path(source)
    if not path.exists() and _HUB_ID.fullmatch(source) and path.suffix not in (*SUFFIXES, *readers):
        return hub.load(source, configs.get(source, (None,)), split)
    if path.suffix in readers and path.is_file():
        return readers[path.suffix](path)
    values = list(RowFile(path))
    broken = [value.why for value in values if isinstance(value, Broken)]
    if broken and unreadable is None:
        raise InputError(broken[0])
    if unreadable is not None:
        unreadable += broken
    return [value for value in values if not isinstance(value, Broken)]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
