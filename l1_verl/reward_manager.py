"""LCPO as a verl reward manager.

Use it from any verl project, with this package installed and nothing else::

    reward.reward_manager.source=importlib
    reward.reward_manager.name=LCPORewardManager
    reward.reward_manager.module.path=pkg://l1_verl.reward_manager

After ``import l1_verl.reward_manager`` the name ``lcpo`` stands in verl's registry too. Rows carry their budget in
``extra_info.budget`` and, for multiple choice, ``extra_info.answer_type``. Knobs: ``reward.reward_kwargs``.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig
from verl import DataProto
from verl.experimental.reward_loop.reward_manager import register
from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase

from l1_verl.adherence import measures
from l1_verl.budget import MODES, Budget
from l1_verl.config import parse_reward
from l1_verl.grading import GradingPool
from l1_verl.thought import (
    LIMIT,
    closed_by,
    counted_tokens,
    decode_tail,
    require_think_end_id,
    think_end_id,
    thinking_tokens,
)


@register("lcpo")
class LCPORewardManager(RewardManagerBase):
    """Grades the answer, counts the tokens, and returns the length reward with the facts behind it.

    Args:
        config: verl's whole config, of which ``reward.reward_kwargs`` and ``rollout.response_length`` are read.
        tokenizer: the policy's tokenizer.
        compute_score: verl's scoring function, unused: correctness comes from :mod:`l1_verl.grading`.

    Raises:
        ValueError: a knob is unknown, outside its range or not for this tokenizer, or a custom reward function is set,
            which would be ignored.
    """

    def __init__(
        self,
        config: DictConfig,
        tokenizer: Any,
        compute_score: Any = None,
        reward_router_address: str | None = None,
        reward_model_tokenizer: Any = None,
    ) -> None:
        super().__init__(config, tokenizer, compute_score)
        if (config.reward.get("custom_reward_function") or {}).get("path"):
            raise ValueError(
                "reward.custom_reward_function.path is set, but LCPORewardManager grades by itself; unset it"
            )
        self._length_reward, grading = parse_reward(config.reward.get("reward_kwargs"))
        self._pool = GradingPool(**grading.grading)
        self._require_think_end = grading.require_think_end
        self._count = grading.count
        self._think_end = require_think_end_id(tokenizer) if self._count == "thinking" else think_end_id(tokenizer)
        self._eos = tokenizer.eos_token_id
        self._longest = config.actor_rollout_ref.rollout.response_length
        if grading.freeze_heap:
            # Loading torch and verl leaves some 400,000 objects. Python's full collection would look at them all now
            # and then, and hold up the event loop for 0.2 s.
            gc.collect()
            gc.freeze()

    async def run_single(self, data: DataProto) -> dict[str, Any]:
        """``{"reward_score", "reward_extra_info"}`` of one sample; of a multi-turn sample the last turn counts."""
        async with self._pool.turn():
            row = {name: values[-1] for name, values in data.non_tensor_batch.items()}
            prompt_ids, token_ids = _unpadded(data, row)
            closed = self._think_end is not None and closed_by(prompt_ids, self._think_end)
            thinking = None if self._think_end is None else thinking_tokens(token_ids, self._think_end, closed=closed)
            extra = row.get("extra_info") or {}
            budget = Budget.from_dict(extra.get("budget"))
            used = counted_tokens(len(token_ids), thinking, count=self._count, budget=budget)
            grading = self._pool.submit(
                decode_tail(self.tokenizer, token_ids),
                row["reward_model"]["ground_truth"],
                extra.get("answer_type") or "math",
                # Where the prompt has closed the thought, all of the response is the solution.
                require_think_end=self._require_think_end and not closed,
            )
        grade = await grading
        score = self._length_reward(grade.correct, used, budget)
        longest = (row.get("tool_extra_fields") or {}).get(LIMIT, self._longest)
        target = math.nan if budget is None else float(budget.nearest(used))
        kept = {name: float(value[0]) for name, value in measures([used], [target]).items()}
        return {
            "reward_score": score,
            # The same numeric keys on every sample: verl takes the keys of a batch from its first one.
            "reward_extra_info": {
                "acc": float(grade.correct),
                "length_reward": score - grade.correct,
                "budget_tokens": math.nan if budget is None else float(budget.tokens),
                "budget_is_max": math.nan if budget is None else float(budget.mode == "max"),
                "budget_mode": math.nan if budget is None else float(MODES.index(budget.mode)),
                "budget_target": target,  # of a range the number in it that is nearest to used_tokens
                "used_tokens": float(used),
                "response_tokens": float(len(token_ids)),  # whatever is held against the budget
                "solution_tokens": math.nan if thinking is None else float(len(token_ids) - thinking),
                "length_error": kept["error"],
                "abs_length_error": kept["abs_error"],
                "over_budget": kept["over_budget"],
                "truncated": float(len(token_ids) >= longest and token_ids[-1] != self._eos),
                "grade_timeout": float(grade.status == "timeout"),
                "no_answer": float(grade.status == "no_answer"),
            },
        }


def _unpadded(data: DataProto, row: Mapping[str, Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Prompt and response of the last turn.

    verl tells their lengths since 0.8, and pads several turns on the right, prompts too; before, it pads one response.
    """
    prompt, response = data.batch["prompts"][-1].numpy(), data.batch["responses"][-1].numpy()
    if "response_len" in row:
        return prompt[: row["prompt_len"]], response[: row["response_len"]]
    return prompt, response[: int(data.batch["attention_mask"][-1, -len(response) :].sum())]
