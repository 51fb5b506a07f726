"""The example of data_prep/README.md, as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet

README = Path(__file__).resolve().parents[2] / "data_prep" / "README.md"


def test_the_script_of_the_readme_converts_a_data_set_of_ones_own(tmp_path):
    code = re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)[1]
    (tmp_path / "mine_to_parquet.py").write_text(code)
    rows = [{"question": f"What is {n} + 1?", "final": str(n + 1)} for n in range(3)]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = re.search(r"^    python (mine_to_parquet\.py .*)$", README.read_text("utf-8"), re.MULTILINE)[1].split()
    subprocess.run([sys.executable, *command], cwd=tmp_path, check=True, capture_output=True)
    written = pyarrow.parquet.read_table(tmp_path / "mine.parquet").to_pylist()
    assert len(written) == 6
    assert {row["data_source"] for row in written} == {"mine/exact-512", "mine/exact-1024"}
    assert written[0]["reward_model"]["ground_truth"] == "1"
