"""verl's trainer, FSDP2 and vLLM on CPU: it trains, survives, and resumes."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.end_to_end.conftest import budget_of, rollouts, starting, steps

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def uninterrupted(tiny, tmp_path_factory):
    """(folder, log) of a run of three steps."""
    logs = tmp_path_factory.mktemp("whole")
    folder = logs / "run"
    with starting(tiny, logs) as start:
        run = start("run_l1_exact.sh", folder, *_three_steps(folder / "rollouts"), "trainer.test_freq=3")
        log = run.wait()
        assert run.left_after(20) == []
    return folder, log


def asked(folder, step):
    """What was asked at a step, budgets included, how often; the order within a step is the rollout's own."""
    return Counter(sample["input"] for sample in rollouts(folder, step))


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
    assert all(0 < budget - round(d) <= 64 or budget + d <= 64 for budget, d in zip(budgets, distances, strict=True))
    errors = [distance / budget for distance, budget in zip(distances, budgets, strict=True)]
    assert metrics[2]["lcpo/exact/mean_abs_error"] == pytest.approx(sum(errors) / len(errors), rel=1e-4)

    weights = folder / "global_step_3" / "actor" / "huggingface"
    model = AutoModelForCausalLM.from_pretrained(weights)
    assert model.config.model_type == "qwen2"
    assert AutoTokenizer.from_pretrained(weights)("128").input_ids == tokenizer("128").input_ids


def test_killed_after_a_checkpoint_it_goes_on_from_there_with_the_same_rows_and_budgets(
    start, tmp_path, uninterrupted
):
    folder, dump = tmp_path / "run", tmp_path / "rollouts"

    killed = start("run_l1_exact.sh", folder, *_three_steps(dump))
    killed.wait_for(folder / "latest_checkpointed_iteration.txt", "1")
    killed.kill()
    assert killed.left_after(10) == []

    log = start("run_l1_exact.sh", folder, *_three_steps(dump)).wait()
    assert re.search(r"setting global step to [12]\b", log)
    assert sorted(steps(folder))[-1] == 3
    for step in (2, 3) if (dump / "2.jsonl").is_file() else (3,):
        assert asked(dump, step) == asked(uninterrupted[0] / "rollouts", step)


def test_ctrl_c_leaves_no_process_behind(start, tmp_path):
    run = start("run_l1_exact.sh", tmp_path / "run", *_three_steps(tmp_path / "rollouts"))
    run.wait_for(run.log, "actor and ref model engine initialized")
    assert len(run.left()) > 5
    run.interrupt()
    assert run.left_after(60) == []


def _three_steps(dump):
    return ("trainer.total_training_steps=3", "trainer.save_freq=1", f"trainer.rollout_data_dir={dump}")
