"""What the trainer mode computes from one batch; that verl's trainer calls it is shown in tests/end_to_end."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from l1_verl.budget import MODES
from l1_verl.config import Decoupled, parse_advantage, parse_trainer
from l1_verl.metrics import adherence_metrics, one_sided_budgets, summary
from l1_verl.trainer import advantages_of, facts_of, on_tokens

IS_MAX = {"exact": 0.0, "max": 1.0, None: math.nan}


def fact(used, budget, mode, acc=1.0):
    return {
        "budget_is_max": IS_MAX[mode],
        "acc": acc, "used_tokens": used, "budget_tokens": budget, "truncated": 0.0, "grade_timeout": 0.0,
        "no_answer": 1 - acc, "solution_tokens": 8.0 if budget == 40.0 else math.nan,
    }  # fmt: skip


def test_modes_and_bands_are_kept_apart():
    facts = [
        fact(20.0, 10.0, "exact"),
        fact(40.0, 40.0, "exact", acc=0.0),
        fact(30.0, 60.0, "max"),
        fact(9.0, math.nan, None),
    ]
    metrics = adherence_metrics(facts, band_width=32)
    assert metrics["lcpo/acc"] == 0.75
    assert metrics["lcpo/exact/mean_abs_error"] == 0.5
    assert metrics["lcpo/exact/1-32/mean_abs_error"] == 1.0
    assert metrics["lcpo/exact/33-64/mean_abs_error"] == 0.0
    assert metrics["lcpo/exact/33-64/acc"] == 0.0
    assert metrics["lcpo/exact/over_budget"] == 0.5
    assert metrics["lcpo/max/33-64/mean_used"] == 30.0
    assert metrics["lcpo/solution_tokens"] == 8.0
    assert not any("nan" in key or "none" in key for key in metrics)


def test_budgets_of_0_stand_apart_with_what_has_a_value_there():
    facts = [fact(0.0, 0.0, "exact"), fact(6.0, 0.0, "max"), fact(30.0, 20.0, "exact"), fact(20.0, 30.0, "exact")]
    metrics = adherence_metrics(facts, band_width=32)
    assert metrics["lcpo/zero/mean_abs_error_tokens"] == 3.0
    assert metrics["lcpo/zero/met"] == metrics["lcpo/zero/over_budget"] == 0.5
    assert metrics["lcpo/exact/correlation"] == -1
    assert "lcpo/zero/mean_abs_error" not in metrics
    assert not any(key.startswith("lcpo/max") for key in metrics)
    assert summary({"critic/score/mean": 1.0}, metrics).endswith("zero met 50.0%")


def test_a_range_is_measured_against_its_nearest_number():
    asked = {"budget_mode": float(MODES.index("range"))}
    facts = [
        fact(30.0, 40.0, "exact") | asked | {"budget_target": 30.0},
        fact(50.0, 40.0, "exact") | asked | {"budget_target": 40.0},
    ]
    metrics = adherence_metrics(facts, band_width=64)
    assert (metrics["lcpo/range/met"], metrics["lcpo/range/1-64/mean_abs_error"]) == (0.5, 0.125)
    assert not any(key.startswith("lcpo/exact") for key in metrics)


def test_a_batch_without_budgets_has_no_adherence():
    metrics = adherence_metrics([fact(9.0, math.nan, None)], band_width=32)
    assert set(metrics) == {"lcpo/acc", "lcpo/truncated", "lcpo/grade_timeout", "lcpo/no_answer"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import verl, sys; assert not {'l1_verl.trainer', 'l1_verl.agent_loop'} & set(sys.modules), 'all would pay'",
        "from verl.trainer.ppo.v1 import get_trainer_cls; from l1_verl.trainer import LCPOTrainer;"
        "assert get_trainer_cls('lcpo') is LCPOTrainer",
        "import verl.trainer.ppo.v1.trainer_base as t;"
        "assert {'lcpo', 'lcpo_colocate_async'} <= set(t.TRAINER_REGISTRY)",
    ],
)
def test_the_plugin_registers_the_trainer_modes_where_verl_s_own_are_loaded_and_only_there(code):
    environment = {"VERL_USE_EXTERNAL_MODULES": "l1_verl.plugin", "PYTHONPATH": ":".join(sys.path), "HOME": "/tmp"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=180)


@pytest.mark.parametrize("module", ["budget", "rewards", "adherence", "grading", "config", "plugin", "advantage"])
def test_the_light_modules_import_neither_torch_nor_verl(module):
    code = f"import l1_verl.{module}, sys; assert not {{'torch', 'verl', 'ray', 'vllm'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


BUDGETS = [100.0, 1000.0, 2000.0, 4000.0]


@pytest.mark.parametrize(
    ("used", "direction", "ranges"),
    [([4050.0, 4096.0], "shorter", "4052 to 4094.*median 4073.*100 to 4000"), ([20.0, 90.0], "longer", "100 to 4000")],
)
def test_budgets_on_one_side_of_the_model_s_own_lengths_are_called_out_with_both_ranges(used, direction, ranges):
    said = one_sided_budgets(used, BUDGETS)
    assert f"asks for {direction} answers" in said
    assert re.search(ranges, said)
    assert "data.budget.low" in said


@pytest.mark.parametrize("used", [[1500.0], [90.0, 3000.0], [100.0, 4096.0], BUDGETS])
def test_budgets_that_straddle_the_model_s_own_lengths_are_not(used):
    assert one_sided_budgets(used, BUDGETS) is None


def test_a_model_that_keeps_below_every_budget_because_it_reads_them_is_not_called_deaf():
    used = [0.9 * budget for budget in BUDGETS]
    assert one_sided_budgets(used, BUDGETS) is None


def test_one_budget_in_twenty_on_the_other_side_is_enough():
    assert one_sided_budgets([150.0], [100.0] + [200.0] * 19) is None
    assert "longer" in one_sided_budgets([150.0], [100.0] + [200.0] * 20)
    assert one_sided_budgets([150.0], [100.0] * 19 + [200.0]) is None
    assert "shorter" in one_sided_budgets([150.0], [100.0] * 20 + [200.0])


def test_answers_without_budgets_are_measured_but_ask_for_nothing():
    assert one_sided_budgets([9.0, 9.0], [math.nan, math.nan]) is None
    assert "longer" in one_sided_budgets([9.0, 9.0], [math.nan, 100.0])


EXACT = Decoupled(1.0, frozenset({"max"}))


def earned(acc, length, mode="exact"):
    return {"acc": acc, "length_reward": length, "budget_is_max": IS_MAX[mode]}


def test_padding_gets_no_advantage_and_changes_nobody_else_s():
    keys, facts = ["a_0_0", "a_1_0"], [earned(1.0, 0.0), earned(1.0, -0.2)]
    alone = advantages_of(keys, [{}, {}], facts, EXACT)
    padded = advantages_of(["pad9_0_0", *keys], [{"is_padding": True}, {}, {}], [earned(1.0, -5.0), *facts], EXACT)
    assert alone.tolist() == [1, -1]
    assert padded.tolist() == [0, 1, -1]


def test_the_turns_of_a_session_count_once_and_share_its_advantage():
    keys = ["a_0_0", "a_0_1", "a_0_2", "a_1_0"]
    facts = [earned(1.0, 0.0)] * 3 + [earned(0.0, 0.0)]
    assert advantages_of(keys, [{}] * 4, facts, EXACT).tolist() == [1, 1, 1, -1]


def test_each_sample_s_mode_says_whether_its_length_is_gated():
    keys, facts = (
        [f"{p}_{i}_0" for p in "ab" for i in range(2)],
        [earned(0.0, -0.1, mode) if i == 0 else earned(0.0, -0.2, mode) for mode in ("exact", None) for i in range(2)],
    )
    found = advantages_of(keys, [{}] * 4, facts, EXACT)
    assert (found[0] > 0, found[1] < 0) == (True, True)
    gated = advantages_of(keys[:2], [{}] * 2, [earned(1.0, -1.0, "max"), earned(0.0, 0.0, "max")], EXACT)
    assert gated.tolist() == [1, -1]


def test_a_reward_manager_that_does_not_report_its_parts_is_refused_by_name():
    with pytest.raises(ValueError, match=r"reward_extra_info has acc;.*LCPORewardManager"):
        facts_of([{"reward_extra_info": {"acc": 1.0}}])


def test_an_advantage_lies_on_the_tokens_that_the_mask_lets_through():
    mask = torch.nested.as_nested_tensor([torch.tensor([1, 1]), torch.tensor([1, 0, 1])], layout=torch.jagged)
    rows = [row.tolist() for row in on_tokens(np.array([0.5, -2.0]), mask).unbind()]
    assert rows == [[0.5, 0.5], [-2.0, 0.0, -2.0]]


def lcpo_config(advantage=None, **algorithm):
    lcpo = {} if advantage is None else {"advantage": advantage}
    return OmegaConf.create(
        {"trainer": {"v1": {"lcpo": lcpo}}, "algorithm": {"adv_estimator": "grpo"} | algorithm, "reward": {}}
    )


def test_the_paper_s_advantage_is_the_default_and_decoupled_knows_which_modes_are_gated():
    assert parse_advantage(lcpo_config()) is None
    assert parse_advantage(lcpo_config("decoupled")) == Decoupled(1.0, frozenset({"max"}))
    mixed = lcpo_config("decoupled")
    mixed.reward = {"reward_kwargs": {"for_exact": "max_plateau", "for_max": "exact"}}
    assert parse_advantage(mixed).gated_modes == {"exact"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (lcpo_config("gdpo"), r"trainer\.v1\.lcpo\.advantage is 'gdpo'; it must be one of grpo, decoupled"),
        (lcpo_config("decoupled", adv_estimator="gae"), r"algorithm\.adv_estimator is 'gae'"),
        (lcpo_config("decoupled", use_kl_in_reward=True), r"set algorithm\.use_kl_in_reward=false"),
        (lcpo_config("decoupled", norm_adv_by_std_in_grpo=False), r"set algorithm\.norm_adv_by_std_in_grpo=true"),
    ],
)
def test_an_advantage_that_would_drop_something_silently_is_refused_at_start_up(config, message):
    with pytest.raises(ValueError, match=message):
        parse_advantage(config)
    if "gdpo" not in message:
        config.trainer.v1.lcpo.advantage = "grpo"
        assert parse_advantage(config) is None


@pytest.mark.parametrize("weight", [-0.1, float("nan"), True, "1"])
def test_a_weight_of_length_that_is_no_number_above_zero_is_refused(weight):
    config = lcpo_config("decoupled")
    config.trainer.v1.lcpo.length_weight = weight
    with pytest.raises(ValueError, match=r"length_weight is .*; it must be a (finite )?number"):
        parse_advantage(config)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"band_widht": 1}, r"band_widht is unknown; allowed are band_width, advantage, length_weight"),
        ({"band_width": 0}, r"band_width is 0; it must be a whole number > 0"),
        ({"band_width": True}, r"band_width is True; it must be a whole number"),
        ({"band_width": "32"}, r"band_width is '32'; it must be a whole number"),
    ],
)
def test_a_wrong_knob_of_the_trainer_is_refused_with_its_name_and_value(knobs, message):
    with pytest.raises(ValueError, match=rf"trainer\.v1\.lcpo\.{message}"):
        parse_trainer(OmegaConf.create({"trainer": {"v1": {"lcpo": knobs}}}))
