"""What the trainer mode computes from one batch; that verl's trainer calls it is shown in tests/end_to_end."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from l1_verl.trainer import adherence_metrics


def fact(used, budget, acc=1.0):
    return {
        "acc": acc, "used_tokens": used, "budget_tokens": budget, "truncated": 0.0, "grade_timeout": 0.0,
        "no_answer": 1 - acc,
    }  # fmt: skip


def test_modes_and_bands_are_kept_apart():
    facts = [fact(20.0, 10.0), fact(40.0, 40.0, acc=0.0), fact(30.0, 60.0), fact(9.0, math.nan)]
    metrics = adherence_metrics(facts, ["exact", "exact", "max", "none"], band_width=32)
    assert metrics["lcpo/acc"] == 0.75
    assert metrics["lcpo/exact/mean_abs_error"] == 0.5
    assert metrics["lcpo/exact/1-32/mean_abs_error"] == 1.0
    assert metrics["lcpo/exact/33-64/mean_abs_error"] == 0.0
    assert metrics["lcpo/exact/33-64/acc"] == 0.0
    assert metrics["lcpo/exact/over_budget"] == 0.5
    assert metrics["lcpo/max/33-64/mean_used"] == 30.0
    assert not any("nan" in key or "none" in key for key in metrics)


def test_a_batch_without_budgets_has_no_adherence():
    metrics = adherence_metrics([fact(9.0, math.nan)], ["none"], band_width=32)
    assert set(metrics) == {"lcpo/acc", "lcpo/truncated", "lcpo/grade_timeout", "lcpo/no_answer"}


@pytest.mark.parametrize(
    "code",
    [
        "import verl, sys; assert not {'l1_verl.trainer', 'l1_verl.agent_loop'} & set(sys.modules), 'all would pay'",
        "from verl.trainer.ppo.v1 import get_trainer_cls; from l1_verl.trainer import LCPOTrainer;"
        "assert get_trainer_cls('lcpo') is LCPOTrainer",
        "import verl.trainer.ppo.v1.trainer_base as t; assert 'lcpo' in t.TRAINER_REGISTRY",
        "import verl.experimental.agent_loop.agent_loop as a; assert 'lcpo' in a._agent_loop_registry",
    ],
)
def test_the_plugin_registers_the_mode_and_the_loop_where_verl_s_own_are_loaded_and_only_there(code):
    environment = {"VERL_USE_EXTERNAL_MODULES": "l1_verl.plugin", "PYTHONPATH": ":".join(sys.path), "HOME": "/tmp"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=180)


@pytest.mark.parametrize("module", ["budget", "rewards", "adherence", "grading", "config", "plugin"])
def test_the_light_modules_import_neither_torch_nor_verl(module):
    code = f"import l1_verl.{module}, sys; assert not {{'torch', 'verl', 'ray', 'vllm'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
