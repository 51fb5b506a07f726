"""verl's trainer, FSDP2 and vLLM on CPU: it trains, and ends when it is told to."""

from __future__ import annotations

import re

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.end_to_end.conftest import budget_of, rollouts, steps

pytestmark = pytest.mark.end_to_end


def test_three_steps_train_with_weights_in_sync_and_leave_a_model(tokenizer, uninterrupted):
    folder, log = uninterrupted
    metrics = steps(folder)
    assert sorted(metrics) == [1, 2, 3]
    for step in metrics.values():
        # 3e-3 with the weight sync left out, 3e-7 with it
        assert step["training/rollout_probs_diff_max"] < 1e-5
        assert step["lcpo/exact/mean_used"] > 0
        assert any(re.fullmatch(r"lcpo/exact/\d+-\d+/mean_abs_error", key) for key in step)
    assert metrics[3]["val-core/tiny/exact-70/acc/mean@1"] == 0.0
    assert "exact length error" in log

    # No answer is right, so every score is -alpha |n_gold - n_y|, and the logged error is of these very distances.
    samples = rollouts(folder / "rollouts", 2)
    distances = [-sample["score"] / 0.012 for sample in samples]
    budgets = [budget_of(sample["input"]) for sample in samples]
    assert distances == pytest.approx([round(distance) for distance in distances], abs=1e-3)
    for budget, distance in zip(budgets, map(round, distances), strict=True):
        assert 0 < budget - distance <= 64 or budget + distance <= 64
    errors = [distance / budget for distance, budget in zip(distances, budgets, strict=True)]
    assert metrics[2]["lcpo/exact/mean_abs_error"] == pytest.approx(sum(errors) / len(errors), rel=1e-4)

    weights = folder / "global_step_3" / "actor" / "huggingface"
    model = AutoModelForCausalLM.from_pretrained(weights)
    assert model.config.model_type == "qwen2"
    assert AutoTokenizer.from_pretrained(weights)("128").input_ids == tokenizer("128").input_ids


def test_ctrl_c_leaves_no_process_behind(start, tmp_path):
    run = start("run_l1_exact.sh", tmp_path / "run", "trainer.total_training_steps=3")
    run.wait_for(run.log, "actor and ref model engine initialized")
    assert len(run.left()) > 5
    run.interrupt()
    assert run.left_after(60) == []
