"""Rows of a file, and fields inside them, for the audit."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from l1_verl.cli import InputError
from l1_verl.data.tables import Broken, RowFile


def read_rows(path: Path, limit: int | None = None) -> tuple[dict[int, dict[str, Any]], list[str]]:
    """The rows of a file by their number, at most the first ``limit``, and complaints about those that are none.

    Raises:
        InputError: a file that is missing, of another type, a git-lfs pointer, broken, or without rows.
    """
    rows: dict[int, dict[str, Any]] = {}
    unusable: list[str] = []
    for number, row in enumerate(islice(RowFile(path), limit)):
        if isinstance(row, dict):
            rows[number] = row
        else:
            unusable.append(row.why if isinstance(row, Broken) else f"row {number} is {row!r:.60}, not an object")
    if not rows:
        raise InputError(f"{path} holds no list of rows{f': {unusable[0]}' if unusable else ''}")
    return rows, unusable


def field(row: Any, name: str, number: int) -> Any:
    """The value at a dotted path: ``reward_model.ground_truth``, or ``code.0`` for the first item of a list.

    Raises:
        ValueError: row ``number`` has no such field.

    Example:
        >>> field({"code": ["a", "b"]}, "code.1", 0)
        'b'
    """
    value = row
    for part in name.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            has = ", ".join(map(str, value)) if isinstance(value, dict) else type(value).__name__
            raise ValueError(f"row {number} has no field {name!r}; at {part!r} it has: {has}") from None
    return value
