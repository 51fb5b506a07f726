"""LCPORewardManager on verl's own DataProto, loaded the way verl loads it."""

from __future__ import annotations

import asyncio
import gc
import math

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from transformers import Qwen2Tokenizer
from verl import DataProto
from verl.experimental.reward_loop.reward_manager import get_reward_manager_cls
from verl.trainer.ppo.reward import load_reward_manager

from l1_verl.reward_manager import LCPORewardManager
from l1_verl.thought import LIMIT
from recipes.tiny.tokenizer import EOS

LONGEST = 40
KEYS = {
    "acc", "length_reward", "budget_tokens", "budget_is_max", "budget_mode", "budget_target", "used_tokens",
    "length_error", "abs_length_error", "over_budget",
    "truncated", "grade_timeout", "no_answer", "solution_tokens", "response_tokens",
}  # fmt: skip


def config(**reward_kwargs):
    return OmegaConf.create(
        {
            "actor_rollout_ref": {"rollout": {"response_length": LONGEST}},
            "reward": {
                "reward_manager": {
                    "source": "importlib",
                    "name": "LCPORewardManager",
                    "module": {"path": "pkg://l1_verl.reward_manager"},
                },
                "custom_reward_function": {"path": None, "name": "compute_score"},
                "reward_kwargs": reward_kwargs,
            },
        }
    )


@pytest.fixture
def manager(tokenizer):
    return LCPORewardManager(config(exact={"alpha": 0.01}), tokenizer)


def sample(tokenizer, response, budget, gold="29", padding=0, answer_type="math", opening="", **fields):
    prompt = torch.tensor(tokenizer("What is 9 + 8 + 7 + 5?" + opening).input_ids)
    ids = tokenizer(response, add_special_tokens=False).input_ids
    responses = torch.tensor(ids + [tokenizer.pad_token_id] * padding)
    mask = torch.tensor([1] * (len(prompt) + len(ids)) + [0] * padding)
    extra = {"budget": budget, "answer_type": answer_type}
    data = DataProto.from_dict(
        tensors={"prompts": prompt[None], "responses": responses[None], "attention_mask": mask[None]},
        non_tensors={
            "data_source": np.array(["sums"], dtype=object),
            "reward_model": np.array([{"ground_truth": gold}], dtype=object),
            "extra_info": np.array([extra], dtype=object),
            **{name: np.array([value], dtype=object) for name, value in fields.items()},
        },
    )
    return data, len(ids)


def score(manager, data):
    return asyncio.run(manager.run_single(data))


def test_verl_finds_it_by_module_path_and_by_name(tokenizer):
    assert isinstance(load_reward_manager(config(), tokenizer), LCPORewardManager)
    assert get_reward_manager_cls("lcpo") is LCPORewardManager


@pytest.mark.parametrize("padding", [0, 7])
def test_the_score_is_equation_1_over_the_tokens_of_the_mask_eos_included(manager, tokenizer, padding):
    text = f"36:29\n</think>\n\\boxed{{29}}{EOS}"
    data, used = sample(tokenizer, text, {"mode": "exact", "tokens": 20}, padding=padding)
    result = score(manager, data)
    assert result["reward_score"] == pytest.approx(1 - 0.01 * abs(20 - used))
    facts = result["reward_extra_info"]
    assert (facts["used_tokens"], facts["budget_tokens"], facts["budget_is_max"], facts["acc"]) == (used, 20, 0, 1)
    assert facts["length_error"] == pytest.approx((used - 20) / 20)
    assert facts["length_reward"] == pytest.approx(-0.01 * abs(20 - used))


@pytest.mark.parametrize(
    ("opening", "thinking", "acc"),
    [("<think>\n", True, 0), ("<think>\n\n</think>\n\n", False, 1), ("</think>" + "+7" * 8, True, 0)],
)
def test_a_prompt_that_closes_the_thought_leaves_none_and_its_answer_needs_no_tag(tokenizer, opening, thinking, acc):
    text = f"\\boxed{{29}}{EOS}"
    data, used = sample(tokenizer, text, {"mode": "exact", "tokens": 20}, opening=opening)
    for count, counted in (("thinking", thinking and used), ("response", used)):
        manager = LCPORewardManager(config(count=count, require_think_end=True), tokenizer)
        facts = score(manager, data)["reward_extra_info"]
        assert (facts["used_tokens"], facts["acc"]) == (counted, acc)
        assert facts["solution_tokens"] == (0 if thinking else used)


def test_of_several_turns_padded_on_the_right_the_last_one_counts(tokenizer):
    """As verl pads them since 0.8: prompts and responses on the right, with their lengths beside."""
    ids = {
        text: tokenizer(text, add_special_tokens=False).input_ids for text in ("7+8" * 9, "8?</think>", "\\boxed{29}")
    }
    prompts, responses = list(ids.values())[:2], [ids["7+8" * 9], [*ids["\\boxed{29}"], tokenizer.eos_token_id]]

    def padded(rows):
        longest = max(map(len, rows))
        return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])

    whole = [[1] * (len(p) + len(r)) for p, r in zip(prompts, responses, strict=True)]
    data = DataProto.from_dict(
        tensors={"prompts": padded(prompts), "responses": padded(responses), "attention_mask": padded(whole)},
        non_tensors={
            "data_source": np.array(["sums"] * 2, dtype=object),
            "reward_model": np.array([{"ground_truth": "29"}] * 2, dtype=object),
            "extra_info": np.array([{"budget": {"mode": "exact", "tokens": 20}}] * 2, dtype=object),
            "prompt_len": np.array(list(map(len, prompts))),
            "response_len": np.array(list(map(len, responses))),
        },
    )
    manager = LCPORewardManager(config(require_think_end=True), tokenizer)
    facts = score(manager, data)["reward_extra_info"]
    assert (facts["used_tokens"], facts["solution_tokens"], facts["acc"]) == (len(responses[1]), len(responses[1]), 1)


def test_accuracy_is_the_raw_correctness_and_never_shaped(manager, tokenizer):
    data, _ = sample(tokenizer, f"</think>\\boxed{{29}}{EOS}", {"mode": "exact", "tokens": 128})
    result = score(manager, data)
    assert result["reward_score"] < 0.2
    assert result["reward_extra_info"]["acc"] == 1.0


@pytest.mark.parametrize(
    "budget",
    [
        {"mode": "exact", "tokens": 9},
        {"mode": "max", "tokens": 9},
        {"mode": "level", "tokens": 9, "level": "low"},
        None,
    ],
)
def test_every_sample_has_the_same_numeric_keys(manager, tokenizer, budget):
    facts = score(manager, sample(tokenizer, f"</think>\\boxed{{29}}{EOS}", budget)[0])["reward_extra_info"]
    assert set(facts) == KEYS
    assert all(isinstance(value, float) for value in facts.values())


@pytest.mark.parametrize(
    ("opening", "text", "used"),
    [
        ("<think>\n</think>", f"\\boxed{{29}}{EOS}", 0),  # the prompt has closed the thought
        ("<think>\n", f"</think>\\boxed{{29}}{EOS}", 0),  # the model closes it at once
        ("<think>\n", f"36:29</think>\\boxed{{29}}{EOS}", 3),
    ],
)
def test_under_a_budget_of_0_the_thought_alone_counts(manager, tokenizer, opening, text, used):
    data, length = sample(tokenizer, text, {"mode": "exact", "tokens": 0}, opening=opening)
    result = score(manager, data)
    facts = result["reward_extra_info"]
    assert (facts["used_tokens"], facts["response_tokens"], facts["over_budget"]) == (used, length, float(used > 0))
    assert result["reward_score"] == pytest.approx(1 - 0.01 * used)
    assert math.isnan(facts["length_error"])


@pytest.mark.parametrize(("least", "most", "off"), [(2, 4, -1), (2, 90, 0), (60, 90, 1)])
def test_a_range_is_rewarded_alike_inside_and_by_its_nearer_end_outside(manager, tokenizer, least, most, off):
    data, used = sample(
        tokenizer, f"36:29\n</think>\n\\boxed{{29}}{EOS}", {"mode": "range", "tokens": most, "least": least}
    )
    result = score(manager, data)
    error = {-1: used - most, 0: 0, 1: least - used}[off]
    assert result["reward_score"] == pytest.approx(1 - 0.01 * error)
    assert result["reward_extra_info"]["budget_target"] == used + off * error
    assert result["reward_extra_info"]["budget_tokens"] == most


def test_without_a_budget_the_score_is_correctness_and_the_facts_about_length_are_nan(manager, tokenizer):
    result = score(manager, sample(tokenizer, f"</think>\\boxed{{29}}{EOS}", None)[0])
    assert result["reward_score"] == 1.0
    assert math.isnan(result["reward_extra_info"]["abs_length_error"])
    assert math.isnan(result["reward_extra_info"]["over_budget"])


@pytest.mark.parametrize(
    ("text", "truncated"),
    [
        ("+7" * (LONGEST // 2), 1.0),
        ("+7" * (LONGEST // 2 - 1) + "+", 0.0),
        ("+7" * (LONGEST // 2 - 1) + f"+{EOS}", 0.0),
    ],
)
def test_a_response_is_truncated_when_it_fills_the_limit_without_ending(manager, tokenizer, text, truncated):
    data, used = sample(tokenizer, text, {"mode": "exact", "tokens": 9})
    assert used in (LONGEST, LONGEST - 1)
    assert score(manager, data)["reward_extra_info"]["truncated"] == truncated


@pytest.mark.parametrize(("text", "truncated"), [("+7+7", 1.0), ("+7+", 0.0), (f"+7+{EOS}", 0.0)])
def test_a_response_with_a_limit_of_its_own_is_truncated_there(manager, tokenizer, text, truncated):
    data, _ = sample(tokenizer, text, {"mode": "max", "tokens": 3}, tool_extra_fields={LIMIT: 4})
    assert score(manager, data)["reward_extra_info"]["truncated"] == truncated


@pytest.mark.parametrize(
    ("text", "thinking", "solution"),
    [
        (f"36:29\n</think>\n\\boxed{{29}}{EOS}", 5, 7),
        ("36:29\n</think></think>\\boxed{29}", 5, 6),
        ("36:29", 3, 0),
        ("</think>", 1, 0),
    ],
)
def test_thinking_alone_is_counted_up_to_the_first_end_of_thought(tokenizer, text, thinking, solution):
    manager = LCPORewardManager(config(exact={"alpha": 0.01}, count="thinking"), tokenizer)
    result = score(manager, sample(tokenizer, text, {"mode": "exact", "tokens": 20}, padding=3)[0])
    facts = result["reward_extra_info"]
    assert (facts["used_tokens"], facts["solution_tokens"]) == (thinking, solution)
    assert result["reward_score"] == pytest.approx(facts["acc"] - 0.01 * (20 - thinking))
    assert facts["length_error"] == pytest.approx((thinking - 20) / 20)


def test_the_solution_s_tokens_are_told_whatever_is_counted(manager, tokenizer):
    data, used = sample(tokenizer, f"36:29\n</think>\n\\boxed{{29}}{EOS}", None)
    facts = score(manager, data)["reward_extra_info"]
    assert (facts["used_tokens"], facts["solution_tokens"]) == (used, used - 5)


def test_a_tokenizer_without_one_token_for_the_end_of_thought_is_refused_only_where_thinking_is_counted():
    plain = Qwen2Tokenizer(vocab={c: i for i, c in enumerate("</think>29")}, merges=[])
    LCPORewardManager(config(), plain)
    with pytest.raises(ValueError, match=r"has </think> as 8 tokens .*use count=response"):
        LCPORewardManager(config(count="thinking"), plain)


def test_a_choice_is_graded_as_one(manager, tokenizer):
    right, _ = sample(tokenizer, "</think>Answer: E", None, gold="E", answer_type="choice")
    prose, _ = sample(tokenizer, "</think>A good answer", None, gold="A", answer_type="choice")
    assert score(manager, right)["reward_extra_info"]["acc"] == 1.0
    assert score(manager, prose)["reward_extra_info"]["acc"] == 0.0


def test_no_answer_is_told_apart_from_a_wrong_one(manager, tokenizer):
    none = score(manager, sample(tokenizer, "</think>I do not know.", None)[0])["reward_extra_info"]
    wrong = score(manager, sample(tokenizer, "</think>\\boxed{28}", None)[0])["reward_extra_info"]
    assert (none["acc"], none["no_answer"]) == (0.0, 1.0)
    assert (wrong["acc"], wrong["no_answer"]) == (0.0, 0.0)


@pytest.mark.parametrize(("required", "accuracy"), [(True, 0.0), (False, 1.0)])
def test_whether_an_answer_counts_without_the_end_of_thinking_is_a_knob(tokenizer, required, accuracy):
    manager = LCPORewardManager(config(require_think_end=required), tokenizer)
    facts = score(manager, sample(tokenizer, f"\\boxed{{29}}{EOS}", None)[0])["reward_extra_info"]
    assert facts["acc"] == accuracy


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"exact": {"alpha": -1}}, r"reward\.reward_kwargs\.exact\.alpha is -1"),
        ({"max": {"delta": 2}}, r"reward\.reward_kwargs\.max\.delta is 2; it must be in \[0, 1\]"),
        ({"grading": {"timeouts": 1}}, r"reward\.reward_kwargs\.grading\.timeouts is unknown"),
        ({"require_think_end": "yes"}, "must be true or false"),
        ({"freeze_heap": 1}, "freeze_heap is 1; it must be true or false"),
        ({"count": "words"}, r"reward\.reward_kwargs\.count is 'words'; it must be one of response, thinking"),
    ],
)
def test_a_wrong_knob_is_refused_when_the_manager_is_built(tokenizer, knobs, message):
    with pytest.raises(ValueError, match=message):
        LCPORewardManager(config(**knobs), tokenizer)


def test_a_custom_reward_function_that_would_be_ignored_is_refused(tokenizer):
    bad = config()
    bad.reward.custom_reward_function.path = "mine.py"
    with pytest.raises(ValueError, match=r"reward\.custom_reward_function\.path"):
        LCPORewardManager(bad, tokenizer)


@pytest.mark.parametrize("asked", [False, True])
def test_the_heap_of_the_process_is_frozen_only_when_asked_to(tokenizer, asked):
    gc.unfreeze()
    try:
        LCPORewardManager(config(**({"freeze_heap": True} if asked else {})), tokenizer)
        assert (gc.get_freeze_count() > 10_000) is asked
    finally:
        gc.unfreeze()
