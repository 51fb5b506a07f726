"""Bad input: one line on stderr that names it, exit code 2, and no file left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.signals import hear_interrupts

DATA_PREP = Path(__file__).resolve().parents[2] / "data_prep"
GOOD = [{"problem": "What is 1+1?", "answer": "2"}]
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:894c\nsize 261712156\n"


def refused(done, folder, *words):
    lines = done.stderr.splitlines()
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1
    assert lines[0].startswith("deepscaler_to_parquet.py: error: ")
    for word in words:
        assert word in lines[0]
    assert not [path for path in folder.rglob("*") if ".parquet" in path.name]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("pointer.json", POINTER, ["git-lfs pointer", "git lfs pull"]),
        ("pointer.parquet", POINTER, ["git-lfs pointer"]),
        ("empty.json", "", ["is empty"]),
        ("spaces.jsonl", " \n\n", ["is empty"]),
        ("none.json", "[]", ["holds no record"]),
        ("cut.json", json.dumps(GOOD)[:-5], ["not valid JSON", "cut off"]),
        ("cut.jsonl", json.dumps(GOOD[0]) + '\n{"problem": "x", "ans', ["line 2", "cut off"]),
        ("deep.json", "[" * 100_000, ["not valid JSON"]),
        ("latin.json", b'[{"problem": "\xe9"}]', ["not valid JSON"]),
        ("cut.parquet", b"PAR1 and no end", ["not valid parquet"]),
        ("numbers.json", "[1, 2]", ["record 0", "must be an object"]),
        ("object.json", '{"a": {"b": 1}}', ["record 0", "'problem'", "its fields are a"]),
        ("missing.json", '[{"problem": "x", "answer": "1"}, {"problem": "y"}]', ["record 1", "'answer'"]),
        ("null.json", '[{"problem": null, "answer": "1"}]', ["record 0", "'problem'"]),
        ("typed.json", '[{"problem": 7, "answer": "1"}]', ["problem 7", "must be text"]),
        ("blank.json", '[{"problem": " ", "answer": "1"}]', ["blank problem"]),
        ("half.json", '[{"problem": "\\ud800", "answer": "1"}]', ["not valid Unicode"]),
        ("table.csv", "problem,answer\n", ["holds no record"]),
        ("table.docx", "problem,answer\n", ["file type .docx", ".jsonl"]),
        ("nosuffix", "x", ["file type (none)"]),
    ],
)
def test_a_bad_file_is_refused_in_one_line_where_every_record_has_to_be_good(script, tmp_path, name, content, words):
    bad = tmp_path / "in" / name
    bad.parent.mkdir()
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = script("deepscaler", "--input", bad, "--output", "out/o.parquet", "--strict")
    bad.unlink()
    refused(done, tmp_path, name, *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--input", "nowhere.json"], ["nowhere.json does not exist"]),
        (["--input", "."], ["is a folder"]),
        (["--input", "some/dataset"], ["some/dataset", "--input FILE"]),
        (["--limit", "0"], ["--limit", "'0'"]),
        (["--limit", "many"], ["--limit", "'many'"]),
        (["--blank", "maybe"], ["--blank", "maybe"]),
        (["--output", "o.json"], ["must end in .parquet"]),
        (["--output", "good.json/o.parquet"], ["good.json", "not a folder"]),
        (["--output", "/proc/o.parquet"], ["/proc/o.parquet", "cannot be written"]),
        (["--decontaminate", "nowhere.json"], ["nowhere.json does not exist"]),
        (["--decontaminate", "other.json"], ["other.json", "'problem' or 'question'"]),
    ],
)
def test_bad_arguments_are_refused_in_one_line(script, write, tmp_path, arguments, words):
    write("good.json", GOOD)
    write("other.json", [{"text": "x"}])
    defaults = ["--input", "good.json", "--output", "o.parquet"]
    refused(script("deepscaler", *defaults, *arguments), tmp_path, *words)


def test_a_hub_out_of_reach_is_said_within_seconds(tmp_path):
    command = [sys.executable, DATA_PREP / "deepscaler_to_parquet.py", "--output", "o.parquet"]
    # Port 9 of this machine: refused at once, as a hub that cannot be reached.
    environment = {"PATH": "/usr/bin:/bin", "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    start = time.monotonic()
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert time.monotonic() - start < 20
    refused(done, tmp_path, "agentica-org/DeepScaleR-Preview-Dataset", "--input FILE", "HF_HUB_OFFLINE")


def test_an_existing_output_is_kept_unless_overwrite_is_said(script, write, tmp_path):
    source = write("good.json", GOOD)
    output = tmp_path / "o.parquet"
    output.write_text("precious")
    done = script("deepscaler", "--input", source, "--output", output)
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert output.read_text() == "precious"
    assert script("deepscaler", "--input", source, "--output", output, "--overwrite").returncode == 0
    assert output.read_bytes().startswith(b"PAR1")


def test_an_input_is_never_overwritten_even_with_overwrite(script, write, tmp_path):
    script("deepscaler", "--input", write("good.json", GOOD), "--output", "o.parquet")
    before = (tmp_path / "o.parquet").read_bytes()
    done = script("deepscaler", "--input", "o.parquet", "--output", "o.parquet", "--overwrite")
    assert done.returncode == 2
    assert "is also the input" in done.stderr
    assert (tmp_path / "o.parquet").read_bytes() == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_no_file_not_even_a_temporary_one(tmp_path, number, code):
    pipe = tmp_path / "slow.jsonl"
    os.mkfifo(pipe)
    command = [sys.executable, DATA_PREP / "deepscaler_to_parquet.py", "--input", pipe, "--output", "o.parquet"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=hear_interrupts)
    with pipe.open("w"):
        # The script has opened its input and now waits for it.
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["slow.jsonl"]
