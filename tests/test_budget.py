"""Budgets: what is refused, what the prompt says, and that drawing is a pure function."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_verl.budget import Budget, BudgetSampler


def test_the_sentences_are_those_the_published_checkpoints_were_trained_on():
    assert Budget("exact", 512).append_to("1 + 1?") == "1 + 1? Think for 512 tokens."
    assert Budget("max", 512).append_to("1 + 1?") == "1 + 1? Think for maximum 512 tokens."


@pytest.mark.parametrize("tokens", [0, -1, 1.5, "512", None, True, float("nan")])
def test_tokens_that_are_no_whole_number_above_zero_are_refused_with_their_value(tokens):
    with pytest.raises(ValueError, match=r"tokens is .*must be a whole number >= 1") as refusal:
        Budget("exact", tokens)
    assert repr(tokens) in str(refusal.value)


@pytest.mark.parametrize("mode", ["Exact", "none", "", None])
def test_an_unknown_mode_is_refused_with_the_allowed_ones(mode):
    with pytest.raises(ValueError, match="exact, max"):
        Budget(mode, 512)


def test_a_budget_of_one_token_is_a_budget():
    assert Budget("max", 1).sentence == "Think for maximum 1 tokens."


@given(st.sampled_from(["exact", "max"]), st.integers(1, 10**6))
def test_a_budget_survives_the_way_through_a_parquet_row(mode, tokens):
    budget = Budget(mode, tokens)
    assert Budget.from_dict(budget.to_dict()) == budget


@pytest.mark.parametrize("tokens", [512.0, np.int64(512), np.float64(512)])
def test_whole_numbers_of_other_types_are_read_from_a_row(tokens):
    assert Budget.from_dict({"mode": "max", "tokens": tokens}) == Budget("max", 512)


@pytest.mark.parametrize("value", [{"mode": "max"}, {"tokens": 3}, {"mode": "max", "tokens": None}])
def test_an_incomplete_budget_in_a_row_is_refused(value):
    with pytest.raises(ValueError, match=r"tokens|mode"):
        Budget.from_dict(value)


def test_no_budget_in_a_row_is_no_budget():
    assert Budget.from_dict(None) is None


@given(st.text(), st.integers(0, 5), st.integers())
def test_drawing_is_a_pure_function_and_leaves_global_random_state_alone(row_id, draw, seed):
    state = random.getstate()
    first = BudgetSampler(seed=seed).draw(row_id, draw)
    BudgetSampler(seed=seed).draw("another row", draw)
    assert BudgetSampler(seed=seed).draw(row_id, draw) == first
    assert random.getstate() == state


def test_drawing_is_the_same_in_another_process():
    code = "from l1_verl.budget import BudgetSampler; print([BudgetSampler().draw(f'r{i}').tokens for i in range(9)])"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert other.strip() == str([BudgetSampler().draw(f"r{i}").tokens for i in range(9)])


@given(st.integers(1, 5000), st.integers(0, 5000), st.sampled_from(["uniform", "log_uniform"]), st.text())
def test_every_draw_lies_in_the_range(low, width, distribution, row_id):
    sampler = BudgetSampler(distribution, low=low, high=low + width)
    assert low <= sampler.draw(row_id).tokens <= low + width


@pytest.mark.parametrize("distribution", ["uniform", "log_uniform"])
def test_both_ends_of_the_range_are_drawn(distribution):
    drawn = {BudgetSampler(distribution, low=3, high=6).draw(f"row-{i}").tokens for i in range(400)}
    assert drawn == {3, 4, 5, 6}


def test_the_paper_s_range_is_the_default_and_its_mean_is_the_range_s_middle():
    drawn = [BudgetSampler().draw(f"row-{i}").tokens for i in range(4000)]
    assert (min(drawn) >= 100, max(drawn) <= 4000) == (True, True)
    assert abs(np.mean(drawn) - 2050) < 60  # four standard errors are 71


def test_log_uniform_draws_each_doubling_equally_often():
    sampler = BudgetSampler("log_uniform", low=64, high=1024)
    octaves = Counter(int(np.log2(sampler.draw(f"row-{i}").tokens)) for i in range(4000))
    assert all(abs(octaves[octave] - 1000) < 120 for octave in (6, 7, 8, 9))


def test_modes_are_mixed_by_their_weights():
    sampler = BudgetSampler(modes={"exact": 1, "max": 2, "none": 1})
    drawn = [sampler.draw(f"row-{i}") for i in range(4000)]
    count = Counter("none" if budget is None else budget.mode for budget in drawn)
    assert abs(count["max"] - 2000) < 130
    assert abs(count["none"] - 1000) < 110


def test_draws_of_one_row_are_independent():
    assert len({BudgetSampler().draw("row", draw).tokens for draw in range(50)}) > 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 0}, "low is 0"),
        ({"low": 10, "high": 9}, "low is 10 and high is 9"),
        ({"high": 1.5}, "high is 1.5"),
        ({"distribution": "normal"}, "'normal'.*uniform, log_uniform, choices"),
        ({"distribution": "choices"}, "choices is None"),
        ({"distribution": "choices", "choices": [512, 0]}, "tokens is 0"),
        ({"modes": {"exactly": 1}}, "exactly"),
        ({"modes": {"exact": -1}}, "-1"),
        ({"modes": {"exact": 0}}, "weights must be >= 0 and one of them > 0"),
        ({"modes": {"exact": float("nan")}}, "nan"),
    ],
)
def test_a_wrong_sampler_is_refused_when_it_is_made(arguments, message):
    with pytest.raises(ValueError, match=message):
        BudgetSampler(**arguments)
