"""Grading from outside: in one call, as verl's custom reward function, and as a reward function of TRL."""

from __future__ import annotations

import asyncio
import inspect
import os

import pytest
import torch
from omegaconf import OmegaConf
from verl import DataProto
from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
from verl.utils.import_utils import load_extern_object

from l1_verl.grading import grade, is_gradable
from l1_verl.grading.api import accuracy_reward, compute_score

pytestmark = pytest.mark.slow


def test_one_call_has_limits_and_the_next_one_is_answered():
    bomb = grade(r"\boxed{9^{9^{9^9}}}", "x")
    assert (bomb.correct, bomb.status) == (False, "timeout")
    assert grade(r"\boxed{1/\sqrt2}", r"\frac{\sqrt2}{2}").correct
    assert is_gradable("x^2+1")
    assert not is_gradable(r"a \mho b @@ \frac{")


def test_a_process_that_was_forked_grades_with_a_pool_of_its_own():
    assert grade(r"\boxed{1/\sqrt2}", r"\frac{\sqrt2}{2}").correct
    child = os.fork()
    if child == 0:
        right = grade(r"\boxed{1/\sqrt3}", r"\frac{\sqrt3}{3}").correct
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("response", "gold", "extra", "score"),
    [
        (r"<think>?</think>\boxed{\frac{1}{2}}", "0.5", {"split": "train"}, 1.0),
        (r"\boxed{3}", "0.5", {}, 0.0),
        ("no idea", "0.5", {"index": 3}, 0.0),
        ("Answer: C", "C", {"answer_type": "choice"}, 1.0),
    ],
)
def test_verl_s_own_reward_manager_scores_with_it(tokenizer, response, gold, extra, score):
    function = load_extern_object("pkg://l1_verl.grading.api", "compute_score")
    assert function is compute_score
    ids = torch.tensor([tokenizer.encode(response)])
    batch = DataProto.from_dict(
        tensors={"prompts": ids[:, :1], "responses": ids, "attention_mask": torch.ones(1, 1 + ids.shape[1]).long()},
        non_tensors={
            "reward_model": [{"style": "rule", "ground_truth": gold}],
            "data_source": ["sums"],
            "extra_info": [extra],
        },
    )

    async def score_one():
        manager = NaiveRewardManager(OmegaConf.create({}), tokenizer, compute_score=function)
        manager.loop = asyncio.get_running_loop()  # verl's reward workers make it on their own loop
        return await manager.run_single(batch)

    result = asyncio.run(score_one())
    assert result["reward_score"] == score
    assert result["reward_extra_info"]["acc"] == score


def test_trl_s_trainers_call_it_with_the_columns_of_the_data_set():
    columns = {
        "prompts": ["1+1?"] * 4,
        "completions": [r"\boxed{2}", r"\boxed{3}", r"\boxed{2}", "Answer: B"],
        "completion_ids": [[1]] * 4,
        "solution": ["2", "2", None, "B"],
        "answer_type": ["math", None, "math", "choice"],
        "trainer_state": object(),
    }
    assert accuracy_reward(**columns) == [1.0, 0.0, None, 1.0]
    conversations = [[{"role": "assistant", "content": text}] for text in columns["completions"]]
    assert accuracy_reward(**columns | {"completions": conversations}) == [1.0, 0.0, None, 1.0]
    assert list(inspect.signature(accuracy_reward).parameters)[:2] == ["completions", "solution"]
