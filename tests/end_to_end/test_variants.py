"""What a recipe can be switched to, each in one short run of verl's real trainer."""

from __future__ import annotations

import pytest
from transformers import AutoModelForCausalLM

from l1_verl.advantage import decoupled_advantages
from tests.end_to_end.conftest import budget_of, rollouts, steps

pytestmark = pytest.mark.end_to_end

TWO_STEPS = ("trainer.total_training_steps=2", "trainer.save_freq=-1")


def test_decoupled_advantages_and_a_schedule_of_budgets_reach_the_actor(start, tmp_path):
    folder, dump = tmp_path / "run", tmp_path / "rollouts"
    run = start(
        "run_l1_exact.sh", folder, *TWO_STEPS, f"trainer.rollout_data_dir={dump}",
        "trainer.v1.lcpo.advantage=decoupled", "data.budget.schedule=[{from_step:2,low:8,high:12}]",
    )  # fmt: skip
    run.wait()
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
    assert all(40 <= budget <= 128 for budget in asked[1])
    assert all(8 <= budget <= 12 for budget in asked[2])


def test_the_colocated_asynchronous_mode_trains_with_our_metrics_and_warns_of_budgets_out_of_reach(start, tmp_path):
    folder = tmp_path / "run"
    run = start(
        "run_l1_exact.sh", folder, *TWO_STEPS, "trainer.v1.trainer_mode=lcpo_colocate_async",
        "data.budget.low=500", "data.budget.high=600",
    )  # fmt: skip
    log = run.wait()
    assert run.left_after(20) == []

    metrics = steps(folder)
    assert sorted(metrics) == [1, 2]
    for step in metrics.values():
        assert step["lcpo/exact/mean_used"] <= 64
        assert step["lcpo/exact/over_budget"] == 0.0
        assert any(key.startswith("lcpo/exact/481-512/") or key.startswith("lcpo/exact/5") for key in step)
    # One batch is always under way ahead of the one trained on: the second is older than the weights that it trains.
    assert metrics[2]["training/off_policy/trajectory_staleness_worst/max"] >= 1
    assert "its budgets 5" in log
    assert "asks for longer answers" in log


def test_two_training_workers_share_the_model_and_stay_in_sync_with_the_engine(start, tmp_path, monkeypatch):
    monkeypatch.setenv("NGPUS_PER_NODE", "2")
    folder = tmp_path / "run"
    run = start("run_l1_exact.sh", folder, "trainer.total_training_steps=2", "trainer.save_freq=2")
    run.wait()
    assert run.left_after(20) == []

    metrics = steps(folder)
    assert sorted(metrics) == [1, 2]
    for step in metrics.values():
        assert step["training/rollout_probs_diff_max"] < 1e-5
        assert step["lcpo/exact/mean_used"] > 0
    actor = folder / "global_step_2" / "actor"
    assert {path.name for path in actor.glob("model_world_size_*")} == {
        f"model_world_size_2_rank_{rank}.pt" for rank in range(2)
    }
    assert AutoModelForCausalLM.from_pretrained(actor / "huggingface").config.model_type == "qwen2"
