"""The scripts import their neighbours as Python's script folder lets them; these tests run and import them so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA_PREP = Path(__file__).resolve().parents[2] / "data_prep"
sys.path.insert(0, str(DATA_PREP))

Script = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Runs ``data_prep/<name>_to_parquet.py`` with arguments, in a folder of its own and with no module path set."""

    def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(DATA_PREP / f"{name}_to_parquet.py"), *map(str, arguments)]
        environment = {"PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, list[dict[str, Any]]], Path]:
    """Writes records as json or jsonl, by the name's suffix."""

    def write(name: str, records: list[dict[str, Any]]) -> Path:
        path = tmp_path / name
        lines = "\n".join(json.dumps(record) for record in records)
        path.write_text(lines if path.suffix == ".jsonl" else json.dumps(records))
        return path

    return write
