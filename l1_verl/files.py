"""Files and folders that are written whole or not at all, whatever kills the process."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from l1_verl.cli import InputError


def content_hash(value: Any) -> str:
    """16 hexadecimal digits of SHA-256 over ``value`` as canonical JSON."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


@contextlib.contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; the file becomes ``path`` at the end, or is gone if anything fails before.

    What killed processes left on this machine is removed.

    Raises:
        OSError: the folder of ``path`` cannot be made or written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    host = socket.gethostname()
    temporary = path.with_name(f".{path.name}.{host}.{os.getpid()}.tmp")
    _remove_left(path, host, ("tmp",))
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:  # an interrupt too must leave no half-written file
        temporary.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes | str) -> None:
    """Writes ``content`` to ``path``: readers see all of it or nothing."""
    with replacing_file(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into that becomes ``folder`` at the end, or is gone if anything fails before.

    Readers see the old folder whole, the new one whole, or for a moment none. Every process writes into its own; what
    killed ones left on this machine is removed. Whether ``folder`` may be replaced is the caller's to know.

    Raises:
        InputError: nothing can be written beside ``folder``.
    """
    host = socket.gethostname()
    partial, replaced = (folder.with_name(f".{folder.name}.{host}.{os.getpid()}.{end}") for end in _ENDS)
    for left in (partial, replaced):
        if left.exists():  # of a killed process that had this one's number, as in containers
            shutil.rmtree(left)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"--output {folder} cannot be written: {error.strerror}") from None
    try:
        yield partial
        if folder.exists():
            os.replace(folder, replaced)
        os.replace(partial, folder)
        shutil.rmtree(replaced, ignore_errors=True)
        _remove_left(folder, host, _ENDS)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


_ENDS = ("partial", "replaced")


def _remove_left(path: Path, host: str, ends: Sequence[str]) -> None:
    for end in ends:
        for left in path.parent.glob(f".{glob.escape(path.name)}.{glob.escape(host)}.[0-9]*.{end}"):
            if Path("/proc", left.name.split(".")[-2]).exists():
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
