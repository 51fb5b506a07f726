"""Measures of adherence against values worked out by hand, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from l1_verl.adherence import SOFT_TOLERANCE, adherence, band, correlation, length_error, rmse, slope
from l1_verl.budget import Budget

samples = st.integers(2, 30).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.int64, n, elements=st.integers(0, 9000)), hnp.arrays(np.int64, n, elements=st.integers(1, 9000))
    )
)


def test_errors_of_both_signs_cancel_in_the_signed_mean_and_not_in_the_absolute_one():
    kept = adherence([600, 400], [500, 500])
    assert kept.mean_error == 0
    assert kept.mean_abs_error == pytest.approx(0.2)
    assert kept.rmse == 100


@pytest.mark.parametrize(("used", "within_10", "within_20"), [(550, 1, 1), (551, 0, 1), (600, 0, 1), (601, 0, 0)])
def test_the_edges_of_10_and_20_percent_count_as_within(used, within_10, within_20):
    kept = adherence([used], [500])
    assert (kept.within_10, kept.within_20) == (within_10, within_20)


@pytest.mark.parametrize(("used", "hard", "soft"), [(512, 0, 0), (513, 1, 0), (1012, 1, 0), (1013, 1, 1)])
def test_a_hard_violation_is_one_token_over_and_a_soft_one_more_than_500(used, hard, soft):
    kept = adherence([used], [512])
    assert SOFT_TOLERANCE == 500
    assert (kept.over_budget, kept.soft_violation) == (hard, soft)


def test_an_obedient_model_has_slope_and_correlation_1_and_a_deaf_one_slope_0():
    budgets = [100, 200, 300]
    assert (slope(budgets, budgets), correlation(budgets, budgets)) == (pytest.approx(1), pytest.approx(1))
    assert slope([70, 70, 70], budgets) == pytest.approx(0)
    assert math.isnan(correlation([70, 70, 70], budgets))


def test_one_budget_has_no_slope_and_no_correlation():
    kept = adherence([90, 110], [100, 100])
    assert math.isnan(kept.slope)
    assert math.isnan(kept.correlation)


@given(samples)
def test_shares_are_shares_and_the_absolute_mean_bounds_the_signed_one(pair):
    kept = adherence(*pair)
    shares = (kept.within_10, kept.within_20, kept.over_budget, kept.soft_violation)
    assert all(0 <= share <= 1 for share in shares)
    assert kept.within_10 <= kept.within_20
    assert kept.soft_violation <= kept.over_budget
    assert abs(kept.mean_error) <= kept.mean_abs_error + 1e-9


@given(samples)
def test_utilisation_is_one_plus_the_signed_error(pair):
    kept = adherence(*pair)
    assert kept.utilisation == pytest.approx(1 + kept.mean_error)


@pytest.mark.parametrize(
    ("used", "budget", "message"),
    [([1], [1, 2], "shape"), ([], [], "no sample"), ([1], [-1], "smallest budget is -1"), ([[1]], [[1]], "shape")],
)
def test_what_cannot_be_measured_is_refused(used, budget, message):
    for measure in (length_error, rmse, slope, correlation, adherence):
        with pytest.raises(ValueError, match=message):
            measure(used, budget)


def test_a_budget_of_0_has_an_error_in_tokens_and_none_that_is_relative_to_it():
    kept = adherence([0, 0, 12], [0, 0, 0])
    assert (kept.mean_abs_error_tokens, kept.met, kept.over_budget) == (4, 2 / 3, 1 / 3)
    assert math.isnan(kept.mean_abs_error)
    assert math.isnan(kept.utilisation)
    mixed = adherence([0, 12, 90], [0, 0, 100])
    assert mixed.mean_abs_error == pytest.approx(0.1)
    assert mixed.mean_abs_error_tokens == pytest.approx(22 / 3)


def test_a_range_is_met_anywhere_inside_and_missed_by_the_way_to_its_nearer_end():
    budget = Budget("range", 400, least=200)
    used = [199, 200, 300, 400, 401]
    kept = adherence(used, [budget.nearest(one) for one in used])
    assert (kept.met, kept.over_budget) == (3 / 5, 1 / 5)
    assert kept.mean_abs_error_tokens == pytest.approx(2 / 5)


def test_bands_begin_after_a_multiple_of_their_width():
    assert [band(budget, 32) for budget in (1, 32, 33, 64)] == ["1-32", "1-32", "33-64", "33-64"]
