"""jsonl files that grow line by line and survive a kill."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from l1_verl.cli import InputError
from l1_verl.files import write_whole


def storable(text: str) -> str:
    """Text that a file can hold: half a surrogate pair, which models do write, becomes a replacement character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def read_lines(path: Path, unreadable: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """The records of a jsonl file in order.

    A last line without its newline is a record if it is a whole one, as in files of other programs. Half a line was
    being written when a process died, and is skipped.

    Args:
        path: the file.
        unreadable: where complaints about complete lines that are not JSON objects go; without it the first is raised.

    Raises:
        InputError: the file is missing, or as above.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = orjson.loads(line)
                complaint = None if isinstance(record, dict) else f"{path}, line {number} is not a JSON object"
            except orjson.JSONDecodeError as error:
                if not line.endswith(b"\n"):
                    return
                complaint = f"{path}, line {number} is not JSON ({error})"
            if complaint is None:
                yield record
            elif unreadable is None:
                raise InputError(f"{complaint}; delete that line to go on")
            else:
                unreadable.append(complaint)


class LineLog:
    """A jsonl file that grows by whole lines, with its configuration beside it in ``FILE.config.json``.

    A process killed while it writes leaves at most one line without its newline, which the next start cuts off.

    Args:
        path: the jsonl file; made if it is not there.
        config: what produced the lines; a file that was begun with another one is refused.
        overwrite: begin anew; what is there is dropped when the first new line comes, and not by a start that fails.

    Raises:
        InputError: another process writes this file, no log ever did, or it was begun with another configuration.
    """

    def __init__(self, path: Path, config: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                f"{path} is being written by another process; wait for it or choose another file"
            ) from None
        self._config = config
        written = self._file.tell() > 0
        if written and not config_path(path).is_file():
            raise InputError(f"{path} exists, without its configuration {config_path(path).name}; choose another file")
        self._replaces = overwrite and written
        if self._replaces:
            return
        if written:
            _refuse_change(path, config)
            self._cut_open_line()
        self._write_config()

    def records(self) -> Iterator[dict[str, Any]]:
        """The lines that are kept: none where they are to be replaced."""
        return iter(()) if self._replaces else read_lines(self.path)

    def append(self, record: Mapping[str, Any]) -> None:
        """Adds one line and hands it to the operating system, where a killed process cannot lose it."""
        if self._replaces:
            self._file.truncate(0)  # before the configuration: an empty file goes with any
            self._write_config()
            self._replaces = False
        self._file.write(orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> LineLog:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _write_config(self) -> None:
        write_whole(config_path(self.path), json.dumps(self._config, indent=2, sort_keys=True) + "\n")

    def _cut_open_line(self) -> None:
        end = self._file.tell()
        with self.path.open("rb") as content:
            while end > 0:
                start = max(0, end - 65536)
                content.seek(start)
                newline = content.read(end - start).rfind(b"\n")
                if newline >= 0:
                    end = start + newline + 1
                    break
                end = start
        self._file.truncate(end)


class Wanted:
    """How many lines a file is to get, noted beside it until it has them: a file cut short looks like a whole one."""

    def __init__(self, path: Path) -> None:
        self._note = path.with_name(f"{path.name}.unfinished")

    def read(self) -> int | None:
        """The number noted; None where the file is whole or nobody noted any."""
        return int(self._note.read_text()) if self._note.exists() else None

    def note(self, lines: int) -> None:
        """Before the first line. An interrupted run that was to write more is not forgotten."""
        write_whole(self._note, f"{max(lines, self.read() or 0)}\n")

    def reached(self, lines: int) -> None:
        """After the last line, with how many there are now."""
        if lines >= (self.read() or 0):
            self.forget()

    def forget(self) -> None:
        """What was to be written is wanted no more."""
        self._note.unlink(missing_ok=True)


def config_path(path: Path) -> Path:
    return path.with_name(path.name + ".config.json")


def read_config(path: Path) -> dict[str, Any]:
    """The configuration that the lines of ``path`` were made with.

    Raises:
        InputError: it is missing or no JSON.
    """
    try:
        return dict(json.loads(config_path(path).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        raise InputError(f"{config_path(path)}, the configuration of {path.name}, is missing or no JSON") from None


def _refuse_change(path: Path, config: Mapping[str, Any]) -> None:
    before, now = read_config(path), json.loads(json.dumps(config))
    changed = [k for k in sorted({*before, *now}) if before.get(k) != now.get(k)]
    if changed:
        listed = "; ".join(f"{k} was {before.get(k)!r}, is {now.get(k)!r}" for k in changed)
        raise InputError(
            f"{path} was begun with another configuration ({listed}); use --overwrite or another --output"
        )
