"""Correctness and length normalised apart: what holds for any group, and where it differs from GRPO."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from verl.trainer.ppo.core_algos import compute_grpo_outcome_advantage

from l1_verl.advantage import decoupled_advantages
from l1_verl.budget import Budget
from l1_verl.rewards import LengthReward


@st.composite
def batches(draw, gated=None):
    """(correct, length_reward, group, gated) as LengthReward makes them, each group with one mode."""
    correct, length, group, gates = [], [], [], []
    reward = LengthReward(knobs={"exact": {"alpha": draw(st.sampled_from([0.0003, 0.01, 1.0]))}})
    for name in range(draw(st.integers(1, 4))):
        gate = draw(st.booleans()) if gated is None else gated
        budget = Budget("max" if gate else "exact", draw(st.integers(1, 4000)))
        for c, used in draw(st.lists(st.tuples(st.booleans(), st.integers(1, 4096)), min_size=1, max_size=8)):
            correct.append(float(c))
            length.append(reward(c, used, budget) - c)
            group.append(f"prompt {name}")
            gates.append(gate)
    return correct, length, group, gates


def by_group(values, group):
    return {name: values[[g == name for g in group]] for name in group}


@given(batches(), st.sampled_from([0.0, 0.5, 1.0]))
def test_every_group_sums_to_zero_and_the_batch_has_unit_scale_or_none(batch, weight):
    found = decoupled_advantages(*batch, length_weight=weight)
    assert all(abs(values.sum()) < 1e-6 for values in by_group(found, batch[2]).values())
    assert np.mean(found**2) == pytest.approx(1) or not found.any()


@given(batches(), st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(batch, random):
    order = list(range(len(batch[0])))
    random.shuffle(order)
    shuffled = decoupled_advantages(*([column[i] for i in order] for column in batch))
    assert shuffled == pytest.approx(decoupled_advantages(*batch)[order], abs=1e-6)


@given(batches(gated=False), st.sampled_from([1e-3, 7.0]))
def test_the_price_of_a_token_does_not_matter(batch, factor):
    correct, length, group, gated = batch
    scaled = decoupled_advantages(correct, [factor * value for value in length], group, gated)
    assert scaled == pytest.approx(decoupled_advantages(*batch), abs=1e-6)


@given(batches(gated=True), st.sampled_from([0.5, 1.0, 10.0]))
def test_where_length_is_gated_no_right_answer_ranks_below_a_wrong_one_and_wrong_ones_rank_alike(batch, weight):
    correct, _, group, _ = batch
    found = decoupled_advantages(*batch, length_weight=weight)
    for name, values in by_group(found, group).items():
        right = [bool(c) for c, g in zip(correct, group, strict=True) if g == name]
        wrong = values[[not r for r in right]]
        if any(right) and wrong.size:
            assert values[right].min() > wrong.max()
            assert np.ptp(wrong) < 1e-9


@given(batches(gated=False))
def test_of_two_answers_equally_right_the_one_nearer_to_its_budget_ranks_higher(batch):
    correct, length, group, _ = batch
    found = decoupled_advantages(*batch)
    for i in range(len(found)):
        for j in range(i):
            if (group[i], correct[i]) == (group[j], correct[j]) and length[i] > length[j] + 1e-9:
                assert found[i] > found[j]


@given(st.lists(st.integers(0, 1), min_size=4, max_size=4), st.lists(st.integers(0, 1), min_size=4, max_size=4))
def test_without_length_it_is_verl_s_grpo_up_to_the_batch_s_scale(first, second):
    correct, group = np.array(first + second, dtype=float), ["a"] * 4 + ["b"] * 4
    ours = decoupled_advantages(correct, np.zeros(8), group, np.zeros(8, bool))
    verl, _ = compute_grpo_outcome_advantage(torch.tensor(correct)[:, None], torch.ones(8, 1), np.array(group))
    theirs = verl[:, 0].numpy()
    assert ours * max(np.sqrt(np.mean(theirs**2)), 1e-9) == pytest.approx(theirs, abs=1e-4)


def test_length_counts_as_much_as_correctness_where_grpo_lets_it_drown():
    # One token of 100 wrong at alpha 0.0003, in a group with right and wrong answers
    correct, length = [1.0, 1.0, 0.0, 0.0], [0.0, -0.03, 0.0, -0.03]
    near, far = decoupled_advantages(correct, length, ["p"] * 4, [False] * 4)[:2]
    rewards = torch.tensor([c + r for c, r in zip(correct, length, strict=True)], dtype=torch.float64)
    verl, _ = compute_grpo_outcome_advantage(rewards[:, None], torch.ones(4, 1), np.array(["p"] * 4))
    assert near - far == pytest.approx(np.sqrt(2), abs=1e-6)
    assert float(verl[0, 0] - verl[1, 0]) < 0.06


@pytest.mark.parametrize(
    ("correct", "length"),
    [
        ([1, 1, 1], [-0.1, -0.1, -0.1]),
        ([0, 0, 0], [0.0, 0.0, 0.0]),
        # Equal but for the last bit, as score - c leaves it
        ([1, 1, 1], [0.97 - 1, -0.03, (1 - 0.03) - 1]),
    ],
)
def test_a_group_whose_answers_all_earn_the_same_carries_no_signal(correct, length):
    signal = ([1, 0, 1], [-0.1, -0.2, -0.3])
    found = decoupled_advantages(
        [*correct, *signal[0]], [*length, *signal[1]], ["same"] * 3 + ["other"] * 3, [False] * 6
    )
    assert found[:3].tolist() == [0, 0, 0]
    assert np.abs(found[3:]).min() > 0.01


def test_a_prompt_with_one_answer_and_an_empty_batch_have_nothing_to_compare():
    assert decoupled_advantages([1], [-0.1], ["p"], [False]).tolist() == [0]
    assert decoupled_advantages([], [], [], []).tolist() == []


def test_where_correctness_and_length_cancel_in_the_whole_batch_nothing_is_left_to_blow_up():
    correct, length = [0.0, 1.0], [0.0, -0.0023999999999999577]
    assert decoupled_advantages(correct, length, ["p", "p"], [False, False]).tolist() == [0, 0]


def test_a_single_long_right_answer_is_not_pushed_below_the_wrong_ones():
    correct, length = [1.0] * 8 + [0.0] * 8, [-1.0] + [0.0] * 15
    found = decoupled_advantages(correct, length, ["p"] * 16, [True] * 16)
    assert found[1] > found[0] > found[8]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 0], [0.0], ["p", "p"], [False, False]), "length_reward"),
        (([1, 0], [0.0, 0.0], ["p"], [False, False]), r"group \(1,\)"),
        (([1, 0], [0.0, float("nan")], ["p", "p"], [False, False]), "not finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        decoupled_advantages(*arguments)
