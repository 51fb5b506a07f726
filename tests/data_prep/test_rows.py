from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_verl.budget import Budget
from l1_verl.data import rows
from l1_verl.grading import check_gold, choice


def test_the_prompt_is_the_problem_and_the_instruction_joined_by_one_space():
    problem = rows.math_problem(0, "What is 1+1?\n", "2")
    assert problem.prompt == (r"What is 1+1? Let's think step by step and output the final answer within \boxed{}.")


def test_a_prompt_with_options_is_worded_as_the_published_checkpoints_were_evaluated():
    problem = rows.choice_problem(0, "Which?", ["red", " blue ", "green", "none"], 1)
    assert problem.prompt == (
        "Which?\n\nOptions:\nA. red\nB. blue\nC. green\nD. none\n\n"
        r"Let's think step by step and output the final answer (eg, A, B, C, D) within \boxed{}."
    )
    assert problem.ground_truth == "B"


def test_five_options_are_all_named():
    assert "(eg, A, B, C, D, E)" in rows.choice_problem(0, "Which?", list("vwxyz"), 4).prompt


def test_as_many_options_as_the_grader_has_letters_are_taken_and_one_more_is_refused():
    assert rows.LETTERS == choice.LETTERS
    last = rows.choice_problem(0, "Which?", list("klmnopqrst"), 9)
    check_gold(last.ground_truth, "choice")
    with pytest.raises(ValueError, match="it has 11 options; the grader knows 10, A to J"):
        rows.choice_problem(0, "Which?", list("klmnopqrstu"), 0)


def test_the_budget_is_in_extra_info_and_never_in_the_prompt():
    row = rows.math_problem(3, "1+1", "2").row("aime2025/exact-512", "test", Budget("exact", 512))
    assert row["extra_info"]["budget"] == {"mode": "exact", "tokens": 512}
    assert "512" not in row["prompt"][0]["content"]
    assert row["extra_info"]["index"] == 3


def test_an_id_depends_on_what_is_asked_and_what_counts_and_on_nothing_else():
    one = rows.math_problem(0, "1+1", "2")
    assert one.id == rows.math_problem(7, " 1+1\n", "2").id
    assert one.id != rows.math_problem(0, "1+1", "3").id
    assert one.id != rows.math_problem(0, "1+2", "2").id


@given(st.lists(st.text(), min_size=2), st.integers(min_value=1))
def test_moving_text_from_one_part_to_the_next_changes_the_id(parts, cut):
    joined = [parts[0] + parts[1], *parts[2:]]
    assert rows.content_id(*parts) != rows.content_id(*joined)


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(ValueError, match="surrogates"):
        rows.math_problem(0, "x\ud800", "2")


def test_rows_with_and_without_a_budget_have_one_schema_in_the_file(tmp_path):
    problem = rows.math_problem(0, "1+1", "2")
    rows.write_rows([problem.row("deepscaler", "train")], tmp_path / "a.parquet")
    rows.write_rows([problem.row("x/max-9", "test", Budget("max", 9))], tmp_path / "b.parquet")
    a, b = pq.read_table(tmp_path / "a.parquet"), pq.read_table(tmp_path / "b.parquet")
    assert a.schema == b.schema == rows.SCHEMA
    both = pa.concat_tables([a, b]).to_pylist()
    assert [row["extra_info"]["budget"] for row in both] == [None, {"mode": "max", "tokens": 9}]


def test_a_row_survives_the_file_unchanged(tmp_path):
    row = rows.math_problem(5, "Ünïcode \u2028 $x$", '["1", "2"]').row("d", "test", Budget("exact", 1))
    rows.write_rows([row], tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == [row]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_write_that_fails_or_is_interrupted_leaves_nothing_and_keeps_the_old_file(tmp_path, monkeypatch, error):
    target = tmp_path / "a.parquet"
    target.write_text("old")

    def fail(source, destination):
        raise error

    # Renaming is the last step, so everything before it has happened.
    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(type(error)):
        rows.write_rows([rows.math_problem(0, "1+1", "2").row("d", "test")], target)
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
    assert target.read_text() == "old"
