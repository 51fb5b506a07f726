"""Reading a data set: local json, jsonl and parquet files, or a hub id."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from l1_verl.data import hub
from l1_verl.data.rows import BadInputError

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
            BadInputError: none of them has.
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
        """Like ``get``; what is no list is a list of one."""
        value = self.get(*names)
        return value if isinstance(value, list) else [value]

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

    def bad(self, complaint: object) -> BadInputError:
        """The error that says ``complaint`` about this record."""
        return BadInputError(f"{self.place} {complaint}")


def read_records(
    inputs: Sequence[str],
    *,
    split: str,
    configs: Mapping[str, Sequence[str | None]] | None = None,
    readers: Mapping[str, Reader] | None = None,
) -> list[Record]:
    """All records of ``inputs``, in order.

    Args:
        inputs: files or hub ids.
        split: which split of a hub id.
        configs: for each hub id that has several, the ones to read.
        readers: further file types, by suffix.

    Raises:
        BadInputError: an input cannot be read or holds no record.
    """
    records: list[Record] = []
    for source in inputs:
        values = _read(source, split, configs or {}, readers or {})
        if not values:
            raise BadInputError(f"{source} holds no record")
        start = len(records)
        records += [Record(start + i, f"{source}: record {i} (from 0)", value) for i, value in enumerate(values)]
    return records


def _read(
    source: str, split: str, configs: Mapping[str, Sequence[str | None]], readers: Mapping[str, Reader]
) -> list[Any]:
    path = Path(source)
    known: dict[str, Reader] = {".json": _read_json, ".jsonl": _read_json, ".parquet": _read_parquet, **readers}
    if path.is_dir():
        raise BadInputError(f"{source} is a folder; name a file in it ({', '.join(known)})")
    if not path.exists():
        if _HUB_ID.fullmatch(source) and path.suffix not in known:
            return hub.load(source, configs.get(source, (None,)), split)
        raise BadInputError(f"{source} does not exist")
    if path.suffix not in known:
        raise BadInputError(f"{source} has the file type {path.suffix or '(none)'}; known are {', '.join(known)}")
    try:
        _refuse_empty_and_pointer(path)
        return known[path.suffix](path)
    except OSError as error:
        raise BadInputError(f"{source} cannot be read: {error.strerror or error}") from error


def _refuse_empty_and_pointer(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(512)
    if not head.strip():
        raise BadInputError(f"{path} is empty")
    if head.startswith(b"version https://git-lfs"):
        raise BadInputError(f"{path} is a git-lfs pointer and not the data; fetch the data with `git lfs pull`")


def _read_json(path: Path) -> list[Any]:
    """A JSON array, or one JSON object a line, whichever the file holds."""
    try:
        text = path.read_text("utf-8-sig")
        if text.lstrip().startswith("["):
            return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path} is not valid JSON, perhaps cut off: {error}") from error
    values = []
    # Not splitlines(): JSON strings may hold U+2028 as it is.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                values.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise BadInputError(f"{path}: line {number} is not valid JSON, perhaps cut off: {error}") from error
    return values


def _read_parquet(path: Path) -> list[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path).to_pylist()
    except pa.ArrowException as error:
        raise BadInputError(f"{path} is not valid parquet, perhaps cut off: {error}") from error


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
