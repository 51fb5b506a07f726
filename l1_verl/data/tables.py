"""Rows of a file in any of the usual wrappings, read one at a time: jsonl, json, csv, parquet and arrow."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from l1_verl.cli import InputError
from l1_verl.data.json_rows import document_rows

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_LINES = (".jsonl", ".ndjson")
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
#: The file types that can be read; each of the text forms also with .gz, .bz2 or .xz behind.
SUFFIXES = (".json", *_LINES, *_DELIMITERS, ".parquet", ".arrow")
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be read; ``why`` says where and why."""

    why: str


class RowFile:
    """The rows of a file, in order.

    Iterating yields what each row holds, a ``dict`` in a sound file, or :class:`Broken` for one that cannot be read.

    A JSON file may be an array, one object a line, an object that holds the array (``{"data": [...]}``), rows by their
    id, or columns (``{"problem": [...], "answer": [...]}``). What the file is named matters less than what it holds.

    Args:
        path: the file.

    Attributes:
        size: of the file, in bytes.

    Raises:
        InputError: at construction or while reading: missing, empty, a git-lfs pointer, of an unknown type, or not
            readable from its beginning.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise InputError(f"{path} does not exist")
        if path.is_dir():
            raise InputError(f"{path} is a folder; name a file in it ({', '.join(SUFFIXES)})")
        self._compression = path.suffix if path.suffix in _OPENERS else ""
        self._suffix = Path(path.stem).suffix if self._compression else path.suffix
        if self._suffix not in SUFFIXES:
            raise InputError(
                f"{path} has the file type {self._suffix or '(none)'}; known are {', '.join(SUFFIXES)}, text also "
                "with .gz"
            )
        self._piped = None if path.is_file() else path.read_bytes()  # what a pipe says, it says once
        self.size = path.stat().st_size
        self._at = 0
        self._raw: IO[bytes] | None = None
        self._refuse_empty_and_pointer()

    def position(self) -> int:
        """Bytes of the file that have been read; for a bar of progress."""
        return self._at if self._raw is None or self._raw.closed else self._raw.tell()

    def __iter__(self) -> Iterator[Any]:
        try:
            if self._suffix == ".parquet":
                yield from self._parquet()
            elif self._suffix == ".arrow":
                yield from self._arrow()
            else:
                yield from self._text()
        except (EOFError, lzma.LZMAError, gzip.BadGzipFile) as error:
            yield Broken(f"{self.path} ends in the middle of its compressed data: {error}")
        except UnicodeDecodeError as error:
            raise InputError(f"{self.path} is not valid JSON or csv: it is not UTF-8: {error.reason}") from None
        except OSError as error:
            raise InputError(f"{self.path} cannot be read: {error.strerror or error}") from error
        self._at = self.size

    def _open(self) -> IO[bytes]:
        self._raw = self.path.open("rb") if self._piped is None else io.BytesIO(self._piped)
        return _OPENERS[self._compression](self._raw) if self._compression else self._raw

    def _refuse_empty_and_pointer(self) -> None:
        try:
            with self._open() as file:
                head = file.read(512)
        except (EOFError, OSError, lzma.LZMAError) as error:
            raise InputError(f"{self.path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        if not head.strip(b"\xef\xbb\xbf \t\r\n"):
            raise InputError(f"{self.path} is empty")
        if head.startswith(b"version https://git-lfs"):
            raise InputError(f"{self.path} is a git-lfs pointer and not the data; fetch the data with `git lfs pull`")

    def _text(self) -> Iterator[Any]:
        with self._open() as file:
            if self._suffix in _DELIMITERS:
                yield from self._table(io.TextIOWrapper(file, "utf-8-sig", newline=""))
            elif self._holds_lines():
                yield from self._lines(file)
            else:
                yield from self._document(io.TextIOWrapper(file, "utf-8-sig"))

    def _holds_lines(self) -> bool:
        """One object a line, and not one document that happens to be called .jsonl, or the other way round."""
        with self._open() as file:
            lines = (line.strip(b"\xef\xbb\xbf \t\r\n") for line in file)
            first = next(filter(None, lines), b"")
            several = next(filter(None, lines), None) is not None
        if first.startswith(b"["):
            return False
        if self._suffix in _LINES:
            return first != b"{"  # alone on its line: the beginning of a document with indents
        return several and _is_object(first)

    def _lines(self, file: IO[bytes]) -> Iterator[Any]:
        for number, line in enumerate(file, start=1):
            text = line.strip(b"\xef\xbb\xbf \t\r\n" if number == 1 else b" \t\r\n")
            if text:
                yield _line_value(text, f"{self.path}: line {number}")

    def _document(self, file: IO[str]) -> Iterator[Any]:
        read = 0
        try:
            for row in document_rows(file):
                yield row
                read += 1
        except (ValueError, RecursionError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise
            cut = f"{self.path} is not valid JSON, perhaps cut off: {error}"
            if not read:
                raise InputError(cut) from None
            yield Broken(f"{cut}; read up to row {read - 1} (from 0)")

    def _table(self, file: IO[str]) -> Iterator[Any]:
        csv.field_size_limit(2**31 - 1)
        rows = csv.reader(file, delimiter=_DELIMITERS[self._suffix])
        header = next(rows, [])
        try:
            for cells in rows:
                if len(cells) == len(header):
                    yield dict(zip(header, cells, strict=True))
                elif cells:
                    yield Broken(f"{self.path}: line {rows.line_num} has {len(cells)} columns and not {len(header)}")
        except csv.Error as error:
            yield Broken(f"{self.path}: line {rows.line_num} is not csv: {error}")

    def _parquet(self) -> Iterator[Any]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.path) as table:
                done, rows = 0, max(1, table.metadata.num_rows)
                for batch in table.iter_batches(batch_size=_BATCH):
                    yield from batch.to_pylist()
                    done += batch.num_rows
                    self._at = self.size * done // rows
        except pa.ArrowException as error:
            raise InputError(f"{self.path} is not valid parquet, perhaps cut off: {_first(error)}") from error

    def _arrow(self) -> Iterator[Any]:
        import pyarrow as pa

        with pa.memory_map(str(self.path)) as file:
            try:
                try:
                    batches: Iterator[Any] = iter(pa.ipc.open_stream(file))
                except pa.ArrowInvalid:
                    table = pa.ipc.open_file(file)
                    batches = (table.get_batch(number) for number in range(table.num_record_batches))
                for batch in batches:
                    for start in range(0, batch.num_rows, _BATCH):
                        yield from batch.slice(start, _BATCH).to_pylist()
                    self._at = file.tell()
            except pa.ArrowException as error:
                raise InputError(f"{self.path} is not valid arrow, perhaps cut off: {_first(error)}") from error


def _line_value(text: bytes, place: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:  # Python writes NaN and half surrogates, which only Python reads
        return json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        return Broken(f"{place} is not valid JSON, perhaps cut off: {error}")


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _first(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]
