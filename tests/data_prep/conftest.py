"""Runs the scripts as a person does."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DATA_PREP = Path(__file__).resolve().parents[2] / "data_prep"

# Read once, when the hub's library is imported: no test asks the network.
os.environ["HF_HUB_OFFLINE"] = "1"

Script = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Script]:
    """Runs ``data_prep/<name>_to_parquet.py`` as ``__main__``, in this process, which saves its start-up each time."""

    def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        path = str(DATA_PREP / f"{name}_to_parquet.py")
        monkeypatch.setattr(sys, "argv", [path, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(path, run_name="__main__")
        return subprocess.CompletedProcess(sys.argv, int(ended.value.code or 0), *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, list[dict[str, Any]]], Path]:
    """Writes records as json or jsonl, by the name's suffix."""

    def write(name: str, records: list[dict[str, Any]]) -> Path:
        path = tmp_path / name
        lines = "\n".join(json.dumps(record) for record in records)
        path.write_text(lines if path.suffix == ".jsonl" else json.dumps(records))
        return path

    return write
