from __future__ import annotations

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from eval.audit import main
from l1_verl import cli

ROWS = [
    {"out": [r"\boxed{4}"], "row": {"gold": "4"}, "label": True},
    {"out": [r"\boxed{5}"], "row": {"gold": "4"}, "label": "true"},
    {"out": ["four"], "row": {"gold": "4"}, "label": 0.0},
]
FLAGS = ["--response", "out.0", "--gold", "row.gold", "--workers", "1"]


def write(path: Path, rows: list[dict]) -> str:
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        lines = "\n".join(map(json.dumps, rows))
        path.write_text(lines if path.suffix == ".jsonl" else json.dumps(rows))
    return str(path)


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet"])
def test_a_file_of_any_kind_is_graded_into_a_table(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{key: row[key] for key in ("out", "row")} for row in ROWS]
    assert main([write(tmp_path / f"rows{suffix}", rows), *FLAGS]) == 0
    table = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert table["correct"][1] == table["wrong"][1] == "1"
    assert table["no"][2] == "1"


def test_disagreements_with_a_label_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([write(tmp_path / "rows.json", ROWS), *FLAGS, "--compare", "label"]) == 0
    out = capsys.readouterr().out
    assert "agreement with the labels: 2 of 3" in out
    assert "row 1: wrong, label True: answer '5', gold '4'" in out


def test_golds_that_cannot_be_graded_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"gold": gold} for gold in ("4", "", r"\frac{", "x^2")]
    assert main([write(tmp_path / "golds.json", rows), "--golds", "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "row 1: gold answer is ''" in out
    assert "row 2: " in out
    assert "2 of 4 gold answers are not gradable" in out


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("none.json", None, "does not exist"),
        ("rows.docx", "a,b", "the file type .docx; known are .json, .jsonl"),
        ("rows.json", "{", "is not valid JSON"),
        ("rows.json", "[]", "holds no list of rows"),
        ("rows.json", "version https://git-lfs.github.com/spec/v1\n", "git-lfs pointer"),
        ("rows.json", '[{"gold": "4"}]', "row 0 has no field 'response'"),
        ("rows.json", '[{"gold": "", "response": ""}]', "row 0: gold answer is ''"),
        ("rows.json", '[{"gold": "4", "response": 5}]', "a response must be text"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    name: str, content: str | None, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(SystemExit, match="2"):
        cli.run(lambda: main([str(tmp_path / name)]), "eval.audit")
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ('{"gold": "", "response": "x"}', "row 1: gold answer is ''"),
        ('{"gold": null, "response": "x"}', "row 1: gold answer is None"),
        ('{"gold": "4"}', "row 1 has no field 'response'"),
        ('{"gold": "4", "response": null}', "row 1: field 'response' is None"),
        ('{"gold": "4", "response": "x", "label": "perhaps"}', "row 1: label is 'perhaps'"),
        ("{not json", "line 2 is not valid JSON"),
        ("[4]", "row 1 is [4], not an object"),
    ],
)
def test_a_bad_row_costs_itself_alone_and_the_exit_code_says_so(
    bad: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = '{"gold": "4", "response": "\\\\boxed{4}", "label": 1}'
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{good}\n{bad}\n{good}\n")
    assert main([str(path), "--compare", "label", "--workers", "1"]) == 3
    said = capsys.readouterr()
    assert "agreement with the labels: 2 of 2" in said.out
    assert complaint in said.err
    assert "1 rows cannot be used and were left out" in said.err
