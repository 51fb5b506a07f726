"""The rewards against their formulas, at their kinks, and their refusals."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from l1_verl.budget import Budget
from l1_verl.rewards import (
    REWARDS,
    LengthReward,
    lcpo_exact,
    lcpo_exact_relative,
    lcpo_max,
    lcpo_max_additive,
    lcpo_max_plateau,
    lcpo_max_sigmoid,
)

tokens = st.integers(1, 10_000)
correct = st.booleans()


@pytest.mark.parametrize(
    ("answer", "used", "expected"),
    [(True, 512, 1.0), (True, 1512, 0.7), (True, 0, 1 - 0.0003 * 512), (False, 512, 0.0), (False, 1512, -0.3)],
)
def test_exact_is_equation_1_of_the_paper(answer, used, expected):
    assert lcpo_exact(answer, used, 512) == pytest.approx(expected)


def test_exact_makes_3333_tokens_of_error_cost_a_right_answer():
    assert lcpo_exact(True, 3333 + 1, 1) > 0 > lcpo_exact(True, 3334 + 1, 1)


@pytest.mark.parametrize(
    ("used", "expected"),
    [(1499, 1.0), (1500, 1.0), (1501, 0.999), (2000, 0.5), (2499, 0.001), (2500, 0.0), (2501, 0.0), (0, 1.0)],
)
def test_max_is_equation_2_of_the_paper_and_full_only_500_tokens_below_the_budget(used, expected):
    assert lcpo_max(True, used, 2000) == pytest.approx(expected)


@pytest.mark.parametrize(("used", "expected"), [(0, 1.0), (1500, 1.0), (2000, 0.5), (2499, 0.001), (2501, 0.0)])
def test_max_additive_pays_for_shortness_whatever_the_answer(used, expected):
    assert lcpo_max_additive(False, used, 2000) == pytest.approx(expected)
    assert lcpo_max_additive(True, used, 2000) == pytest.approx(1 + expected)


@pytest.mark.parametrize(
    ("used", "expected"), [(2000, 0.5), (1000, 0.7311), (3000, 0.2689), (0, 0.8808), (10**9, 0.0)]
)
def test_max_sigmoid_is_half_at_the_budget_and_smooth_on_both_sides(used, expected):
    assert lcpo_max_sigmoid(True, used, 2000) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("used", "expected"), [(500, 1.0), (505, 0.99), (1000, 0.0), (5000, 0.0), (0, 0.0)])
def test_exact_relative_charges_by_share_of_the_budget_and_no_more_than_beta(used, expected):
    assert lcpo_exact_relative(True, used, 500) == pytest.approx(expected)


@pytest.mark.parametrize(("used", "expected"), [(0, 1.0), (400, 1.0), (401, 0.99), (450, 0.5), (500, 0.0), (999, 0.0)])
def test_max_plateau_is_full_up_to_the_budget_and_zero_a_margin_above_it(used, expected):
    assert lcpo_max_plateau(True, used, 400) == pytest.approx(expected)


@given(correct, tokens, tokens, tokens)
def test_exact_rewards_depend_on_the_distance_alone_and_fall_with_it(answer, budget, near, far):
    near, far = sorted((near, far))
    for reward in (lcpo_exact, lcpo_exact_relative):
        assert reward(answer, budget + near, budget) >= reward(answer, budget + far, budget)
        if near <= budget:
            assert reward(answer, budget + near, budget) == pytest.approx(reward(answer, budget - near, budget))


@given(tokens, tokens)
def test_a_wrong_answer_earns_nothing_under_max_however_short(used, budget):
    assert {REWARDS[name](False, used, budget) for name in REWARDS if REWARDS[name].gated} == {0}


@given(correct, tokens, tokens)
def test_max_rewards_stay_between_0_and_1_and_never_grow_with_length(answer, used, budget):
    for reward in (lcpo_max, lcpo_max_plateau, lcpo_max_sigmoid):
        assert 0 <= reward(answer, used + 1, budget) <= reward(answer, used, budget) <= 1


@given(tokens, tokens)
def test_being_right_never_lowers_a_reward(used, budget):
    for reward in REWARDS.values():
        assert reward(True, used, budget) >= reward(False, used, budget)


def test_a_sample_s_mode_picks_its_reward_so_that_one_run_can_mix_both():
    reward = LengthReward()
    assert reward(True, 612, Budget("exact", 512)) == lcpo_exact(True, 612, 512)
    assert reward(True, 612, Budget("max", 512)) == lcpo_max(True, 612, 512)
    assert reward(True, 612, None) == 1.0


def test_a_mode_s_reward_and_its_knobs_can_be_chosen():
    reward = LengthReward(
        "exact_relative", "max_plateau", {"exact_relative": {"beta": 2}, "max_plateau": {"margin": 1}}
    )
    assert reward(True, 75, Budget("exact", 100)) == 0.5
    assert reward(True, 150, Budget("max", 100)) == 0.5


def test_none_leaves_length_out():
    assert LengthReward(for_exact="none")(True, 99_999, Budget("exact", 1)) == 1.0


falling = st.one_of(
    st.builds(
        lambda alpha, delta: LengthReward(knobs={"max": {"alpha": alpha, "delta": delta}}),
        st.floats(1e-5, 2),
        st.floats(0, 1),
    ),
    st.floats(1e-3, 20).map(
        lambda margin: LengthReward(for_max="max_plateau", knobs={"max_plateau": {"margin": margin}})
    ),
)


@given(falling, tokens, st.integers(0, 10_000))
def test_from_the_zero_point_on_no_answer_earns_anything_and_a_token_before_it_a_right_one_does(
    reward, tokens, further
):
    budget = Budget("max", tokens)
    zero = reward.zero_point(budget)
    assert reward(True, zero + further, budget) == reward(False, zero + further, budget) == 0
    if zero > 1:
        assert reward(True, zero - 1, budget) > 0


@pytest.mark.parametrize(
    ("arguments", "tokens", "expected"),
    [
        ({}, 512, 1012),
        ({"knobs": {"max": {"delta": 0}}}, 512, 512),
        ({"knobs": {"max": {"alpha": 0.3, "delta": 1}}}, 10, 14),  # 10 + 1 / 0.3 = 13.3
        ({"for_max": "max_plateau"}, 400, 500),
        ({"for_max": "max_plateau"}, 1, 2),  # 1.25
        ({"knobs": {"max": {"alpha": 0, "delta": 0}}}, 512, 1),  # nothing is ever earned
        ({"knobs": {"max": {"alpha": 0, "delta": 0.1}}}, 512, None),
        ({"knobs": {"max": {"alpha": 1e-320}}}, 512, None),
        ({"for_max": "max_sigmoid", "knobs": {"max_sigmoid": {"alpha": 0}}}, 512, None),
    ],
)
def test_the_zero_point_at_its_edges(arguments, tokens, expected):
    assert LengthReward(**arguments).zero_point(Budget("max", tokens)) == expected


@pytest.mark.parametrize("name", ["exact", "exact_relative", "max_additive", "none"])
def test_a_reward_that_length_alone_does_not_decide_has_no_zero_point(name):
    reward = LengthReward(for_exact=name, for_max=name)
    assert reward.zero_point(Budget("exact", 100)) is reward.zero_point(Budget("max", 100)) is None
    assert reward.zero_point(None) is None


def test_the_zero_point_belongs_to_the_mode_s_reward_not_to_the_mode():
    assert LengthReward(for_exact="max_plateau").zero_point(Budget("exact", 400)) == 500


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"knobs": {"exact": {"alpha": -0.1}}}, r"exact\.alpha is -0\.1; it must be >= 0"),
        ({"knobs": {"exact": {"alpha": math.nan}}}, r"exact\.alpha is nan"),
        ({"knobs": {"exact": {"alpha": "0.1"}}}, r"exact\.alpha is '0\.1'; it must be a number"),
        ({"knobs": {"max": {"delta": -0.01}}}, r"max\.delta is -0\.01; it must be in \[0, 1\]"),
        ({"knobs": {"max": {"delta": 1.01}}}, r"max\.delta is 1\.01; it must be in \[0, 1\]"),
        ({"knobs": {"max_additive": {"delta": 2}}}, r"max_additive\.delta is 2; it must be in \[0, 1\]"),
        ({"knobs": {"max_sigmoid": {"alpha": -1}}}, r"max_sigmoid\.alpha is -1; it must be >= 0"),
        ({"knobs": {"max_plateau": {"margin": 0}}}, r"max_plateau\.margin is 0; it must be > 0"),
        ({"knobs": {"exact_relative": {"beta": -1}}}, r"exact_relative\.beta is -1"),
        ({"knobs": {"exact": {"delta": 0.5}}}, r"exact\.delta is not a knob of the reward 'exact'; it has alpha"),
        ({"knobs": {"exakt": {}}}, "exakt is not the name of a reward; it must be one of exact, max"),
        ({"for_max": "maximum"}, "for_max is 'maximum'; it must be one of exact, max"),
    ],
)
def test_a_wrong_knob_is_refused_when_the_reward_is_built(arguments, message):
    with pytest.raises(ValueError, match=message):
        LengthReward(**arguments)


@pytest.mark.parametrize("delta", [0, 1, 0.5])
def test_the_ends_of_delta_s_range_are_allowed(delta):
    LengthReward(knobs={"max": {"delta": delta}, "exact": {"alpha": 0}})


def test_a_bad_knob_passed_to_a_function_is_refused_too():
    with pytest.raises(ValueError, match="alpha is -1"):
        lcpo_exact(True, 1, 1, alpha=-1)


@pytest.mark.parametrize("name", REWARDS)
def test_a_reward_is_gated_where_right_answers_earn_by_length_and_wrong_ones_never(name):
    lengths = [1, 50, 99, 100, 101, 150, 4000]
    right = {REWARDS[name](True, used, 100) for used in lengths}
    wrong = {REWARDS[name](False, used, 100) for used in lengths}
    assert REWARDS[name].gated == (len(right) > 1 and wrong == {0.0})


def test_a_formula_shows_a_run_s_knobs_and_the_defaults_of_the_others():
    assert REWARDS["max"].formula_with({"delta": 1.0}) == "1[c] clip(0.001 (n_gold - n_y) + 1, 0, 1)"


@pytest.mark.parametrize("name", REWARDS)
def test_every_page_that_lists_rewards_has_this_one_and_its_knobs(name):
    root = Path(__file__).parents[1]
    rows = [
        line for line in (root / "docs" / "rewards.md").read_text().splitlines() if line.startswith(f"| `{name}` |")
    ]
    assert len(rows) == 1
    assert all(f"{knob} {default:g}" in rows[0] for knob, default in REWARDS[name].knobs.items())
    recipe = yaml.safe_load((root / "recipes" / "config" / "lcpo.yaml").read_text())["reward"]["reward_kwargs"]
    assert recipe.get(name, {}) == REWARDS[name].knobs
