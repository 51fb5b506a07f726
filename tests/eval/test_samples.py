from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval.samples import load_rows, samples_of
from l1_verl.budget import Budget
from l1_verl.cli import InputError


def test_the_budget_is_asked_for_after_the_problem_and_only_when_wanted(row):
    sample = samples_of([row(1, Budget("max", 512))], 1, "config", 0)[0]
    assert sample.conversation(with_budget=True)[-1]["content"] == "What is 1 + 1? Think for maximum 512 tokens."
    assert sample.conversation(with_budget=False)[-1]["content"] == "What is 1 + 1?"


def test_a_row_without_a_budget_asks_for_none(row):
    sample = samples_of([row(1)], 1, "config", 0)[0]
    assert "tokens" not in sample.conversation(with_budget=True)[-1]["content"]


def test_ids_tell_rows_budgets_samples_and_configurations_apart(row):
    rows = [row(1, Budget("exact", 512)), row(1, Budget("exact", 1024)), row(2, Budget("exact", 512))]
    ids = [sample.id for config in ("a", "b") for sample in samples_of(rows, 4, config, 0)]
    assert len(set(ids)) == len(ids) == 24


def test_more_samples_keep_the_ids_of_the_first_ones(row):
    few, many = (samples_of([row(1)], samples, "config", 0) for samples in (2, 5))
    assert [sample.id for sample in few] == [sample.id for sample in many][:2]


def test_the_same_problem_twice_under_one_budget_is_refused(row):
    with pytest.raises(InputError, match="rows 0 and 1 are the same problem"):
        samples_of([row(1), row(1)], 1, "config", 0)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": []},
        {"data_source": ""},
        {"reward_model": {"style": "rule"}},
        {"prompt": "What is 1 + 1?"},
        {"prompt": [{"role": "user", "content": None}]},
        {"extra_info": {"id": "x", "answer_type": "math", "budget": {"mode": "exact", "tokens": -1}}},
    ],
)
def test_a_malformed_row_is_named(row, change):
    with pytest.raises(InputError, match="row 1"):
        samples_of([row(1), row(2, **change)], 1, "config", 0)


@pytest.mark.parametrize(
    ("gold", "kind", "message"),
    [
        ("K", "choice", "gold answer is 'K'"),
        ("", "math", "gold answer"),
        ([], "math", "gold answer"),
        ("A", "essay", "answer type is 'essay'"),
    ],
)
def test_an_answer_that_grading_would_stop_at_is_refused_before_anything_is_generated(row, gold, kind, message):
    bad = row(2, reward_model={"ground_truth": gold}, extra_info={"id": "row-2", "answer_type": kind})
    with pytest.raises(InputError, match=rf"row 1 \(row-2\) of 'tiny': {message}"):
        samples_of([row(1), bad], 1, "config", 0)


def test_an_option_and_several_equivalent_answers_are_answers(row):
    for gold, kind in (("J", "choice"), ('["1/2", "0.5"]', "math")):
        good = row(1, reward_model={"ground_truth": gold}, extra_info={"id": "row-1", "answer_type": kind})
        assert samples_of([good], 1, "config", 0)[0].ground_truth == gold


def test_a_limit_takes_the_first_rows_of_every_budget(row, tmp_path):
    rows = [row(n, Budget("exact", tokens)) for tokens in (512, 1024) for n in range(5)]
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    kept = load_rows(path, 2)
    assert [(r["data_source"], r["extra_info"]["index"]) for r in kept] == [
        ("tiny/exact-512", 0),
        ("tiny/exact-512", 1),
        ("tiny/exact-1024", 0),
        ("tiny/exact-1024", 1),
    ]


def test_an_empty_benchmark_is_refused(row, tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist([row(1)]).slice(0, 0), path)
    with pytest.raises(InputError, match="no row"):
        load_rows(path)


@pytest.mark.parametrize("content", [b"", b"not parquet"])
def test_a_file_that_is_no_parquet_is_refused(tmp_path, content):
    path = tmp_path / "rows.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as parquet"):
        load_rows(path)
