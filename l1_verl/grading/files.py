"""Rows of a json, jsonl or parquet file, and fields inside them, for the audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_rows(path: Path, limit: int | None = None) -> list[dict[str, Any]]:
    """The rows of a file, at most ``limit`` of them.

    Raises:
        ValueError: a file that is missing, of another type, a git-lfs pointer, broken, or without rows.
    """
    if not path.is_file():
        raise ValueError(f"{path} is not a file")
    with path.open("rb") as file:
        if file.read(40).startswith(b"version https://git-lfs"):
            raise ValueError(f"{path} is a git-lfs pointer; fetch the data itself with `git lfs pull`")
    rows = _read(path)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path} holds no list of rows")
    return rows[:limit]


def _read(path: Path) -> Any:
    if path.suffix == ".parquet":
        import pyarrow.parquet  # only here: json needs none of it

        return pyarrow.parquet.read_table(path).to_pylist()
    if path.suffix not in (".json", ".jsonl"):
        raise ValueError(f"{path} ends in {path.suffix!r}; it must end in .json, .jsonl or .parquet")
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines() if line]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid {path.suffix[1:]}: {error}") from error


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
