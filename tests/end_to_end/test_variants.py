"""What a recipe can be switched to, each in one short run of verl's real trainer."""

from __future__ import annotations

import pytest

from l1_verl.advantage import decoupled_advantages
from tests.end_to_end.conftest import LCPO, budget_of, rollouts, steps

pytestmark = pytest.mark.end_to_end

TWO_STEPS = ("trainer.total_training_steps=2", "trainer.save_freq=-1")


def test_decoupled_advantages_and_a_schedule_of_budgets_reach_the_actor_and_budgets_out_of_reach_are_warned_of(
    start, tmp_path
):
    folder, dump = tmp_path / "run", tmp_path / "rollouts"
    run = start(
        "run_l1_exact.sh", folder, *TWO_STEPS, f"trainer.rollout_data_dir={dump}",
        "trainer.v1.lcpo.advantage=decoupled", "data.budget.low=500", "data.budget.high=600",
        "data.budget.schedule=[{from_step:2,low:8,high:12}]",
    )  # fmt: skip
    log = run.wait()
    assert run.left_after(20) == []

    metrics = steps(folder)
    assert sorted(metrics) == [1, 2]
    for step in (1, 2):
        # No answer is right, so every score is the length reward.
        assert metrics[step]["lcpo/acc"] == 0.0
        samples = rollouts(dump, step)
        scores = [sample["score"] for sample in samples]
        prompts = [sample["uid"].rsplit("_", 2)[0] for sample in samples]
        expected = decoupled_advantages([0.0] * len(scores), scores, prompts, [False] * len(scores))
        # GRPO's would be smaller, by sqrt(4/3) or more: it leaves the batch's scale as it is.
        assert metrics[step]["critic/advantages/max"] == pytest.approx(expected.max(), rel=1e-3)
        assert metrics[step]["critic/advantages/min"] == pytest.approx(expected.min(), rel=1e-3)
    asked = {step: {budget_of(sample["input"]) for sample in rollouts(dump, step)} for step in (1, 2)}
    assert all(500 <= budget <= 600 for budget in asked[1])
    assert all(8 <= budget <= 12 for budget in asked[2])
    assert "its budgets 5" in log
    assert "asks for longer answers" in log


def test_no_training_response_is_longer_than_what_can_earn_and_validation_is_left_alone(start, tmp_path):
    folder, dump = tmp_path / "run", tmp_path / "rollouts"
    start(
        "run_l1_max.sh", folder, *TWO_STEPS, "trainer.test_freq=2", f"{LCPO}.exact_overrun=0",
        f"{LCPO}.stop_at_zero=true", f"trainer.rollout_data_dir={dump}",
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
    # The same rows with the same stops would end at 41 tokens here.
    assert metrics[2]["val-aux/tiny/exact-41/used_tokens/mean@1"] > 41


def test_one_run_asks_for_no_thought_a_range_a_level_and_nothing_and_rewards_each(start, tmp_path):
    folder, dump = tmp_path / "run", tmp_path / "rollouts"
    start(
        "run_l1_exact.sh", folder, "trainer.total_training_steps=1", "trainer.save_freq=-1",
        f"trainer.rollout_data_dir={dump}", "data.train_batch_size=16",
        "actor_rollout_ref.actor.ppo_mini_batch_size=16",
        "data.budget.modes={exact:0,max:0,none:0.25,zero:0.25,range:0.25,level:0.25}",
        "data.budget.levels={low:10,high:60}", "data.budget.low=8", "data.budget.high=40",
    ).wait()  # fmt: skip
    samples = rollouts(dump, 1)
    kinds = {
        "zero": [s for s in samples if "Think for 0 tokens." in s["input"]],
        "range": [s for s in samples if "Think for between" in s["input"]],
        "level": [s for s in samples if "Thinking effort:" in s["input"]],
        "none": [s for s in samples if "Think" not in s["input"].replace("think step by step", "")],
    }
    assert all(kinds.values())
    assert sum(map(len, kinds.values())) == len(samples) == 64
    metrics = steps(folder)[1]
    # No answer of an untrained model is right, so that every score is the length reward.
    assert metrics["lcpo/acc"] == 0.0
    off = {name: [-sample["score"] / 0.012 for sample in members] for name, members in kinds.items()}
    assert all(sample["input"].rstrip().endswith("</think>") for sample in kinds["zero"])
    thought_again = [sample["output"].find("</think>") > 0 for sample in kinds["zero"]]
    assert [tokens > 0 for tokens in off["zero"]] == thought_again
    assert metrics["lcpo/zero/mean_abs_error_tokens"] == pytest.approx(sum(off["zero"]) / len(off["zero"]), rel=1e-5)
    assert metrics["lcpo/range/mean_abs_error_tokens"] == pytest.approx(
        sum(off["range"]) / len(off["range"]), rel=1e-5
    )
    low = [tokens for sample, tokens in zip(kinds["level"], off["level"], strict=True) if "low." in sample["input"]]
    assert metrics["lcpo/level/1-32/mean_abs_error"] == pytest.approx(sum(low) / len(low) / 10, rel=1e-5)
    assert not any(off["none"])
