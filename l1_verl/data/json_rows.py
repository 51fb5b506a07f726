"""The rows of one JSON document, read without holding all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

#: What files call the array of their rows, where they hold something else beside it.
ROW_KEYS = (
    "data",
    "rows",
    "samples",
    "records",
    "examples",
    "instances",
    "results",
    "items",
    "categories",
    "train",
    "test",
)
_CHUNK = 1 << 20
_AFTER_A_VALUE = tuple(" \t\r\n,:]}")


def document_rows(file: IO[str]) -> Iterator[Any]:
    """The rows of an array, of an array inside an object, of columns, or of rows by their id.

    Of several arrays of objects that an object holds, one named as in ``ROW_KEYS`` is taken, else the first.

    Raises:
        ValueError: the document is not JSON from some place on; rows before it have been yielded.
        RecursionError: it is nested too deeply.

    Example:
        >>> import io
        >>> list(document_rows(io.StringIO('{"version": 2, "data": [{"a": 1}]}')))
        [{'a': 1}]
        >>> list(document_rows(io.StringIO('{"a": [1, 2], "b": [3, 4]}')))
        [{'a': 1, 'b': 3}, {'a': 2, 'b': 4}]
    """
    reader = _Reader(file)
    match reader.peek():
        case "[":
            yield from reader.items()
        case "{":
            yield from _of_object(reader)
        case _:
            yield reader.value()
    if reader.peek():
        raise ValueError("more text follows after the end of the document")


def _of_object(reader: _Reader) -> Iterator[Any]:
    found: dict[str, Any] = {}
    streamed = False
    for key in reader.members():
        if not streamed and key in ROW_KEYS and reader.peek() == "[" and reader.peek(1) == "{":
            streamed = True
            yield from reader.items()
        else:
            value = reader.value()
            if not streamed:
                found[key] = value
    if not streamed:
        yield from object_rows(found)


def object_rows(values: dict[str, Any]) -> Iterator[Any]:
    """The rows that an object holds as a whole: pandas' orientations, or the object itself as the only row."""
    arrays = [value for value in values.values() if isinstance(value, list)]
    objects = [array for array in arrays if array and all(isinstance(item, dict) for item in array)]
    whole = len(arrays) == len(values) > 0
    if isinstance(names := values.get("columns"), list) and isinstance(rows := values.get("data"), list):
        yield from (dict(zip(names, row, strict=False)) for row in rows)
    elif whole and not objects and len({len(array) for array in arrays}) == 1:
        yield from (dict(zip(values, row, strict=True)) for row in zip(*arrays, strict=True))
    elif len(values) > 1 and all(isinstance(value, dict) for value in values.values()):
        yield from _of_objects(values)
    elif objects and (whole or len(objects) == 1):
        yield from objects[0]
    else:
        yield values


def _of_objects(values: dict[str, dict[str, Any]]) -> Iterator[Any]:
    by_number = all(key.isdecimal() for value in values.values() for key in value)
    if by_number and not all(key.isdecimal() for key in values):  # pandas' default: column -> row -> value
        for number in next(iter(values.values())):
            yield {name: column.get(number) for name, column in values.items()}
    else:
        yield from ({"id": key, **row} for key, row in values.items())


class _Reader:
    """A JSON text, read in pieces; a value is decoded as soon as all of it is there."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder()

    def peek(self, beyond: int = 0) -> str:
        """The next character that is not a space, or the one ``beyond`` it; "" at the end."""
        at, left = self._at, beyond
        while True:
            while at < len(self._text) and self._text[at] in " \t\r\n":
                at += 1
            if at < len(self._text):
                if left == 0:
                    return self._text[at]
                left, at = left - 1, at + 1
            elif not self._more():
                return ""
            else:
                at, left = self._at, beyond

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            start = self._skip()
            try:
                value, end = self._decoder.raw_decode(self._text, start)
                length = end - self._at
                # A number may go on in the next piece: "0." reads as 0.
                if self._text[end : end + 1] in _AFTER_A_VALUE or not self._more():
                    self._at += length
                    return value
            except json.JSONDecodeError as error:
                if not self._more(len(self._text) - start):
                    raise ValueError(error.msg) from None

    def items(self) -> Iterator[Any]:
        """The values of the array that comes next."""
        self._take("[")
        if self.peek() == "]":
            self._take("]")
            return
        while True:
            yield self.value()
            if self.peek() != ",":
                break
            self._take(",")
        self._take("]")

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next; the caller reads the value of each before it asks for another."""
        self._take("{")
        if self.peek() == "}":
            self._take("}")
            return
        while True:
            if self.peek() != '"':
                raise ValueError(f"a key was expected and {self.peek()!r} found")
            key = self.value()
            self._take(":")
            yield key
            if self.peek() != ",":
                break
            self._take(",")
        self._take("}")

    def _take(self, character: str) -> None:
        found = self.peek()
        if found != character:
            raise ValueError(f"{character!r} was expected and {found!r} found")
        self._at = self._skip() + 1

    def _skip(self) -> int:
        at = self._at
        while at < len(self._text) and self._text[at] in " \t\r\n":
            at += 1
        return at

    def _more(self, at_least: int = 0) -> bool:
        """Reads on, twice as much each time a long value is not whole yet; what is done with is forgotten."""
        if self._ended:
            return False
        chunk = self._file.read(max(_CHUNK, at_least))
        self._ended = not chunk
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return bool(chunk)
