from __future__ import annotations

import errno
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from eval.files import read_lines
from l1_verl import cli

ROOT = Path(__file__).parents[2]


def leave(error, capsys):
    def fail():
        raise error

    with pytest.raises(SystemExit) as left:
        cli.run(fail, "eval.some")
    return left.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (cli.InputError("--samples is 0"), 2, "eval.some: error: --samples is 0\n"),
        (cli.EngineError("gone"), 1, "eval.some: engine failed: gone\n"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            2,
            "eval.some: error: [Errno 28] No space left on device\n",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/ro"), 2, "eval.some: error: /ro: Permission denied\n"),
    ],
)
def test_what_can_be_expected_is_one_line_and_a_code(capsys, error, code, line):
    assert leave(error, capsys) == (code, line)


def test_what_nobody_expected_keeps_its_traceback():
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cli.run(fail, "eval.some")


def grade(output, *more, **popen):
    command = [sys.executable, "-B", "-m", "eval.grade", *map(str, more), "--output", str(output)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **popen)


def test_an_output_where_no_file_can_be_is_one_line(graded, jsonl):
    samples = jsonl([graded(0)], "samples.jsonl")
    done = grade(samples / "graded.jsonl", samples)
    assert (done.returncode, done.stderr) == (2, f"eval.grade: error: {samples}: File exists\n")


def test_a_disk_that_takes_no_more_is_one_line_and_the_same_command_goes_on(graded, jsonl, tmp_path):
    samples = jsonl([graded(0), graded(1, response="x" * 5000)], "samples.jsonl")
    output = tmp_path / "graded.jsonl"
    full = grade(output, samples, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
    assert full.returncode == 2
    assert full.stderr.splitlines()[-1] == "eval.grade: error: [Errno 27] File too large"
    assert "Traceback" not in full.stderr

    assert grade(output, samples).returncode == 0
    assert [sample["row_id"] for sample in read_lines(output)] == ["row-0", "row-1"]
