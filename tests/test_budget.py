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

from l1_verl.budget import Budget, BudgetSampler, budget_in, read_budget, read_budgets, without_budget


def test_the_sentences_are_those_the_published_checkpoints_were_trained_on():
    assert Budget("exact", 512).append_to("1 + 1?") == "1 + 1? Think for 512 tokens."
    assert Budget("max", 512).append_to("1 + 1?") == "1 + 1? Think for maximum 512 tokens."


@pytest.mark.parametrize("tokens", [-1, 1.5, "512", None, True, float("nan")])
def test_tokens_that_are_no_whole_number_from_zero_on_are_refused_with_their_value(tokens):
    with pytest.raises(ValueError, match=r"tokens is .*must be a whole number >= 0") as refusal:
        Budget("exact", tokens)
    assert repr(tokens) in str(refusal.value)


@pytest.mark.parametrize("mode", ["Exact", "none", "", None])
def test_an_unknown_mode_is_refused_with_the_allowed_ones(mode):
    with pytest.raises(ValueError, match="exact, max"):
        Budget(mode, 512)


def test_a_budget_of_one_token_is_a_budget_and_so_is_one_of_none():
    assert Budget("max", 1).sentence == "Think for maximum 1 tokens."
    assert Budget("exact", 0).sentence == "Think for 0 tokens."


budgets = st.one_of(
    st.builds(Budget, st.sampled_from(["exact", "max"]), st.integers(0, 10**6)),
    st.builds(
        lambda least, width: Budget("range", least + width, least=least), st.integers(1, 10**6), st.integers(0, 999)
    ),
    st.builds(
        lambda tokens, level: Budget("level", tokens, level=level),
        st.integers(0, 10**6),
        st.from_regex(r"[a-z][\w-]*", fullmatch=True),
    ),
)


@given(budgets)
def test_a_budget_survives_the_way_through_a_parquet_row(budget):
    assert Budget.from_dict(budget.to_dict()) == budget
    columns = {"mode": None, "tokens": None, "least": None, "level": None}
    assert Budget.from_dict(columns | budget.to_dict()) == budget


@given(budgets, st.text(alphabet="ab +=?", min_size=1))
def test_a_budget_is_read_from_the_words_that_ask_for_it_and_taken_out_of_them(budget, problem):
    asked = budget.append_to(problem)
    assert budget_in(asked, level_tokens=budget.tokens) == budget
    assert without_budget(asked) == problem.rstrip()


def test_what_a_level_stands_for_is_not_in_its_words():
    assert budget_in("1 + 1? Thinking effort: low.") is None
    assert Budget("level", 512, level="low").sentence == "Thinking effort: low."


def test_a_range_asks_for_any_number_between_two():
    budget = Budget("range", 400, least=200)
    assert budget.append_to("1 + 1?") == "1 + 1? Think for between 200 and 400 tokens."
    assert budget_in("1 + 1? Think for between 400 and 200 tokens.") is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "range", "tokens": 4}, "least is None"),
        ({"mode": "range", "tokens": 4, "least": 0}, "least is 0; it must be a whole number >= 1"),
        ({"mode": "range", "tokens": 4, "least": 5}, "least is 5 and tokens 4"),
        ({"mode": "exact", "tokens": 4, "least": 2}, "only a range has it"),
        ({"mode": "level", "tokens": 4}, "level is None"),
        ({"mode": "level", "tokens": 4, "level": "very low"}, "level is 'very low'; it must be a word"),
        ({"mode": "max", "tokens": 4, "level": "low"}, "only mode level has it"),
    ],
)
def test_a_budget_with_a_part_that_its_mode_has_not_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Budget(**arguments)


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("512", Budget("max", 512)),
        ("0", Budget("max", 0)),
        ("200-400", Budget("range", 400, least=200)),
        ("low=512", Budget("level", 512, level="low")),
        ("none", None),
    ],
)
def test_budgets_are_read_as_a_command_line_has_them(text, budget):
    assert read_budget(text, "max") == budget


@pytest.mark.parametrize("text", ["", "-1", "5.0", "low", "low=", "200-", "1-2-3", "nan"])
def test_anything_else_on_a_command_line_is_refused_with_what_is_known(text):
    with pytest.raises(ValueError, match=f"budget is {text!r}; it must be a number of tokens, LEAST-MOST"):
        read_budget(text)


@pytest.mark.parametrize("texts", [["512", "0512"], ["none", "none"], ["low=512", "low=1024"], ["2-4", "02-4"]])
def test_budgets_that_rows_could_not_tell_apart_are_refused(texts):
    with pytest.raises(ValueError, match=f"{' '.join(texts)} names one twice"):
        read_budgets(texts)


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


def test_zero_ranges_and_levels_are_drawn_by_their_weights():
    levels = {"low": 128, "high": 4096}
    sampler = BudgetSampler(modes={"zero": 1, "range": 1, "level": 1}, levels=levels)
    drawn = [sampler.draw(f"row-{i}") for i in range(3000)]
    count = Counter(budget.mode for budget in drawn)
    assert all(abs(count[mode] - 1000) < 110 for mode in ("exact", "range", "level"))
    assert {budget for budget in drawn if budget.mode == "exact"} == {Budget("exact", 0)}
    assert {(budget.level, budget.tokens) for budget in drawn if budget.mode == "level"} == set(levels.items())
    ranges = [budget for budget in drawn if budget.mode == "range"]
    assert all(100 <= budget.least <= budget.tokens <= 4000 for budget in ranges)


@pytest.mark.parametrize(
    ("knobs", "drawn"),
    [
        ({}, False),
        ({"modes": {"exact": 1, "zero": 0}, "levels": {"none": 0}}, False),
        ({"choices": [0, 512]}, False),  # unused by a uniform draw
        ({"distribution": "choices", "choices": [0], "modes": {"none": 1}}, False),
        ({"modes": {"zero": 1}}, True),
        ({"modes": {"level": 1}, "levels": {"low": 512, "none": 0}}, True),
        ({"distribution": "choices", "choices": [0, 512]}, True),
    ],
)
def test_a_sampler_says_whether_it_can_ask_for_no_thought(knobs, drawn):
    sampler = BudgetSampler(**knobs)
    assert sampler.draws_zero is drawn
    found = {budget.tokens for row in range(200) if (budget := sampler.draw(str(row))) is not None}
    assert (0 in found) is drawn


@given(st.text())
def test_a_mode_of_no_weight_changes_no_draw(row_id):
    more = BudgetSampler(modes={"exact": 1.0, "max": 2.0, "zero": 0.0, "range": 0.0, "level": 0.0})
    assert BudgetSampler(modes={"exact": 1.0, "max": 2.0}).draw(row_id) == more.draw(row_id)


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
        ({"distribution": "choices", "choices": [512, -1]}, "tokens is -1"),
        ({"modes": {"level": 1}}, "levels names none"),
        ({"levels": {"low": -1}}, "tokens is -1"),
        ({"levels": {"1st": 512}}, "level is '1st'"),
        ({"levels": {"_low": 512}}, "level is '_low'"),
        ({"distribution": "choices", "choices": [0, 512], "modes": {"range": 1}}, "choices has 0; draw it with zero"),
        ({"levels": ["low"]}, r"levels is \['low'\]"),
        ({"modes": {"exactly": 1}}, "exactly"),
        ({"modes": {"exact": -1}}, "-1"),
        ({"modes": {"exact": 0}}, "weights must be >= 0 and one of them > 0"),
        ({"modes": {"exact": float("nan")}}, "nan"),
    ],
)
def test_a_wrong_sampler_is_refused_when_it_is_made(arguments, message):
    with pytest.raises(ValueError, match=message):
        BudgetSampler(**arguments)
