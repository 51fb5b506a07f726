"""Fields inside rows by dotted paths: ``response.usage.output_tokens``, ``choices.0.text``, ``completions.*.text``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

Row = dict[str, Any]
_ABSENT = object()


def find(row: Any, *paths: str) -> Any:
    """The value at the first of ``paths`` that the row has one at; None where it has none, or null.

    Example:
        >>> find({"usage": {"out": [3, 4]}}, "tokens", "usage.out.1")
        4
    """
    for path in paths:
        value = next(_walk(row, path.split(".")), _ABSENT)
        if value is not _ABSENT and value is not None:
            return value
    return None


def find_all(row: Any, path: str) -> list[Any]:
    """Every value at ``path``, where ``*`` stands for each item of a list or each value of an object.

    A list at the end of the path counts as its items, lists in it likewise.

    Example:
        >>> find_all({"completions": [{"text": "a"}, {"text": "b"}]}, "completions.*.text")
        ['a', 'b']
        >>> find_all({"resps": [["a", "b"]]}, "resps")
        ['a', 'b']
    """
    return [item for value in _walk(row, path.split(".")) for item in _flat(value)]


def has(row: Any, *paths: str) -> bool:
    """Whether the row has a field at every one of ``paths``, be it null.

    Example:
        >>> has({"a": {"b": None}}, "a", "a.b"), has({"a": 1}, "a.b")
        (True, False)
    """
    return all(next(_walk(row, path.split(".")), _ABSENT) is not _ABSENT for path in paths)


def listed(value: Any) -> list[Any]:
    """A list as it is, a JSON text of one read, anything else as the only item; None as no item."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return [value]
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _walk(value: Any, parts: list[str]) -> Iterator[Any]:
    """Names may hold dots: at every place the longest name that an object has is taken."""
    if not parts:
        yield value
        return
    if isinstance(value, dict):
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            if name in value:
                yield from _walk(value[name], parts[length:])
                return
    first, rest = parts[0], parts[1:]
    if first == "*":
        for item in _each(value):
            yield from _walk(item, rest)
    elif isinstance(value, list) and first.lstrip("-").isdecimal() and -len(value) <= int(first) < len(value):
        yield from _walk(value[int(first)], rest)


def _each(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value
