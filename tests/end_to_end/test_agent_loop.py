"""Our rollouts in verl's trainer: stopped where nothing more can be earned, and closed at their budget."""

from __future__ import annotations

import pytest

from tests.end_to_end.conftest import rollouts, steps

pytestmark = pytest.mark.end_to_end

OURS = "actor_rollout_ref.rollout.agent.default_agent_loop=lcpo"
STOPS = "actor_rollout_ref.rollout.custom.lcpo"
TWO_STEPS = ("trainer.total_training_steps=2", "trainer.save_freq=-1", "trainer.test_freq=2")


def test_no_training_response_is_longer_than_what_can_earn_and_validation_is_left_alone(start, tmp_path):
    folder, dump = tmp_path / "run", tmp_path / "rollouts"
    start(
        "run_l1_max.sh", folder, *TWO_STEPS, OURS, f"{STOPS}.exact_overrun=0", f"trainer.rollout_data_dir={dump}",
        "data.budget.distribution=choices", "data.budget.choices=[8]", "reward.reward_kwargs.max.alpha=0.05",
    ).wait()  # fmt: skip

    metrics = steps(folder)
    modes = set()
    for step in (1, 2):
        asked = {"max" if "for maximum" in sample["input"] else "exact" for sample in rollouts(dump, step)}
        modes |= asked
        # 8 + 0.5 / 0.05; an untrained model goes on to the end of all that it may write.
        assert metrics[step]["response_length/max"] == (18 if "max" in asked else 8)
        assert metrics[step]["training/rollout_probs_diff_max"] < 1e-5
        assert metrics[step]["lcpo/truncated"] > 0
        if "exact" in asked:
            assert metrics[step]["lcpo/exact/over_budget"] == 0
    assert "max" in modes
    # The same rows with the same stops would end at 40 tokens here.
    assert metrics[2]["val-aux/tiny/exact-40/used_tokens/mean@1"] > 40


def test_closed_thoughts_keep_their_budget_in_training_and_in_validation(start, tmp_path):
    folder, dump = tmp_path / "run", tmp_path / "rollouts"
    start(
        "run_l1_exact.sh", folder, *TWO_STEPS, OURS, "reward.reward_kwargs.count=thinking",
        f"{STOPS}.close_thinking=true", f"{STOPS}.solution_tokens=8", f"trainer.rollout_data_dir={dump}",
        "data.budget.low=8", "data.budget.high=40",
    ).wait()  # fmt: skip

    metrics = steps(folder)
    for step in (1, 2):
        # Shares and maxima over all samples: not one is longer.
        assert metrics[step]["lcpo/exact/over_budget"] == 0
        assert metrics[step]["response_length/max"] <= 40 + 8
        # The log-prob of what the rollout wrote itself is 0 there, and far from that in the actor, unless masked out.
        assert metrics[step]["training/rollout_probs_diff_max"] < 1e-5
        closed = [sample for sample in rollouts(dump, step) if "</think>" in sample["output"]]
        # A thought closed at its budget is exactly as long as asked for.
        assert any(sample["score"] == 0 for sample in closed)
    for tokens in (40, 64):
        assert metrics[2][f"val-aux/tiny/exact-{tokens}/over_budget/mean@1"] == 0
    assert metrics[2]["val-aux/tiny/exact-40/solution_tokens/mean@1"] <= 8
