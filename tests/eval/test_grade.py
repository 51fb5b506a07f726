from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from eval import grade
from eval.files import Wanted, read_lines
from eval.report.measure.keywords import DEFAULT, Keywords
from eval.report.measure.load import _shown, load_run
from l1_verl.cli import InputError
from tests.signals import kill_when

ROOT = Path(__file__).parents[2]


@pytest.fixture
def samples(graded, tmp_path):
    path = tmp_path / "samples.jsonl"

    def write(*responses):
        records = []
        for number, response in enumerate(responses):
            record = graded(number, response=response, ground_truth="1/2")
            for key in ("correct", "answer", "status"):
                del record[key]
            records.append(record)
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    return write


def run(path, *more, code=0):
    output = path.with_name("graded.jsonl")
    assert grade.main([str(path), "--output", str(output), "--workers", "1", *more]) == code
    return list(read_lines(output))


def test_samples_get_their_verdict_and_keep_everything_else(samples):
    path = samples("</think>\\boxed{0.5}", "</think>\\boxed{3}", "nothing boxed")
    graded = run(path)
    assert [(g["correct"], g["status"]) for g in graded] == [(True, "ok"), (False, "ok"), (False, "no_answer")]
    assert [{k: g[k] for k in before} for before, g in zip(read_lines(path), graded, strict=True)] == list(
        read_lines(path)
    )


def test_grading_goes_on_where_it_was_and_repeats_nothing(samples):
    run(samples("\\boxed{0.5}"))
    path = samples("\\boxed{0.5}", "\\boxed{1}")
    output = path.with_name("graded.jsonl")
    output.write_bytes(output.read_bytes() + b'{"id": "cut')
    assert [g["correct"] for g in run(path)] == [True, False]


def test_samples_that_an_interrupted_run_left_are_graded_only_when_asked_to(samples):
    path = samples("\\boxed{0.5}")
    Wanted(path).note(16)
    with pytest.raises(InputError, match=r"unfinished, 1 of 16 samples; .* --partial"):
        run(path)
    assert not path.with_name("graded.jsonl").exists()
    assert [g["correct"] for g in run(path, "--partial")] == [True]
    Wanted(path).reached(16)
    assert [g["correct"] for g in run(path)] == [True]


def test_a_killed_grading_goes_on_where_it_was_and_repeats_nothing(samples):
    # Each of these needs a comparison by algebra of its own, so that the kill meets the grading half way.
    path = samples(*(f"</think>\\boxed{{x^{{{n}}} + \\frac{{1}}{{{n}}}}}" for n in range(3, 203)))
    output = path.with_name("graded.jsonl")
    command = [sys.executable, "-m", "eval.grade", str(path), "--output", str(output), "--workers", "1"]
    kill_when(lambda: output.exists() and output.read_bytes().count(b"\n") >= 3, command, cwd=ROOT)
    before = list(read_lines(output))
    assert 3 <= len(before) < 200

    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = list(read_lines(output))
    assert after[: len(before)] == before
    assert [sample["id"] for sample in after] == [sample["id"] for sample in read_lines(path)]


def test_another_way_of_grading_is_refused_over_the_old_one(samples):
    path = samples("no end of thought \\boxed{0.5}")
    assert run(path)[0]["correct"] is True
    with pytest.raises(InputError, match="require_think_end was False, is True"):
        run(path, "--require-think-end")
    assert run(path, "--require-think-end", "--overwrite")[0]["correct"] is False


def test_grading_into_the_samples_themselves_is_refused(samples):
    path = samples("\\boxed{0.5}")
    with pytest.raises(InputError, match="the samples themselves"):
        grade.main([str(path), "--output", str(path)])


@pytest.mark.parametrize(("line", "message"), [('{"id": "x"}', "lacks response"), ("no json", "not JSON")])
def test_a_file_of_something_else_is_refused(tmp_path, line, message):
    path = tmp_path / "samples.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(InputError, match=message):
        run(path)


def test_an_empty_file_is_refused_and_leaves_nothing(tmp_path):
    path = tmp_path / "samples.jsonl"
    path.write_text("")
    with pytest.raises(InputError, match="no sample"):
        run(path)
    assert not (tmp_path / "graded.jsonl").exists()


def test_a_gold_or_a_response_that_is_none_costs_its_own_sample_alone(samples, capsys):
    path = samples("\\boxed{0.5}", "\\boxed{0.5}", "\\boxed{0.5}")
    records = list(read_lines(path))
    records[0]["ground_truth"], records[1]["response"] = " ", None
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    run(path, code=3)
    graded = list(read_lines(path.with_name("graded.jsonl")))
    assert [(g["correct"], g["status"]) for g in graded] == [
        (False, "gold_unparsable"), (False, "gold_unparsable"), (True, "ok"),
    ]  # fmt: skip
    said = capsys.readouterr().err
    assert "2 samples cannot be graded and count as wrong" in said
    assert "gold answer is ' '" in said
    assert "response is None" in said


def test_a_line_that_is_no_sample_costs_itself_alone(samples, capsys):
    path = samples("\\boxed{0.5}", "\\boxed{3}")
    path.write_text('{"problem": "x"}\n{not json\n' + path.read_text())
    run(path, code=3)
    assert [g["correct"] for g in read_lines(path.with_name("graded.jsonl"))] == [True, False]
    said = capsys.readouterr().err
    assert "2 lines are not samples and were left out" in said
    assert "lacks id, response, ground_truth, answer_type" in said
    assert "line 2 is not JSON" in said


def test_a_file_without_samples_is_shown_the_way(tmp_path):
    path = tmp_path / "foreign.jsonl"
    path.write_text('{"output": "x", "gts": "1"}\n')
    with pytest.raises(InputError, match=r"holds no sample: .* lacks id.*python -m eval\.convert"):
        run(path)


def test_the_labels_of_a_converted_file_are_compared_with_the_grades(samples, capsys):
    path = samples("\\boxed{0.5}", "\\boxed{3}", "\\boxed{0.5}")
    records = list(read_lines(path))
    records[0]["label"], records[1]["label"] = True, True
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    run(path)
    said = capsys.readouterr().out
    assert "agreement with the file's labels: 1 of 2 (50.0%)" in said
    assert f"{records[1]['id']}: label right, graded wrong (ok): answer '3', gold '1/2'" in said


def test_a_last_line_without_a_newline_is_graded_too(samples):
    path = samples("\\boxed{0.5}", "\\boxed{1}")
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert [g["correct"] for g in run(path)] == [True, False]


def test_a_grading_that_is_not_finished_says_so_until_it_is(samples, tmp_path):
    path = samples("\\boxed{0.5}", "\\boxed{1}")
    output = path.with_name("graded.jsonl")
    run(path)
    assert Wanted(output).read() is None
    Wanted(path).note(16)
    run(path, "--partial")
    assert Wanted(output).read() == 16
    with pytest.raises(InputError, match="is unfinished, it is to get 16 samples"):
        load_run("a", output, Keywords.load(DEFAULT))
    assert len(load_run("a", output, Keywords.load(DEFAULT), partial=True).samples) == 2


def test_what_a_page_shows_of_a_long_response_has_its_end_and_says_what_is_left_out():
    shown = _shown("a" * 5_000 + "b" * 5_000 + "\\boxed{7}")
    assert shown.startswith("a" * 2_000)
    assert shown.endswith("b\\boxed{7}")
    assert "[... 4,009 characters left out ...]" in shown
    assert _shown("short") == "short"
