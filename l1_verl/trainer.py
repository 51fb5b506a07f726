"""verl's trainers, with the adherence of every training step in their log.

Set ``VERL_USE_EXTERNAL_MODULES=l1_verl.plugin`` and ``trainer.v1.trainer_mode=lcpo`` (verl's ``sync``) or
``lcpo_colocate_async`` (its ``colocate_async``). verl 0.9.1 logs the reward manager's facts in validation only
(``trainer_base.py``, ``_compute_metrics`` selects fixed fields) and hands none of them to an advantage estimator
(``_compute_advantage``); these modes add ``lcpo/*``, the decoupled advantage and the budget schedule.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig, open_dict
from tensordict import TensorDict
from transfer_queue import KVBatchMeta
from verl.trainer.ppo.v1.trainer_base import PPOTrainer, register_trainer
from verl.trainer.ppo.v1.trainer_colocate_async import PPOTrainerColocateAsync
from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync
from verl.utils import tensordict_utils as tu

from l1_verl.advantage import decoupled_advantages
from l1_verl.agent_loop import TRAINING
from l1_verl.config import Decoupled, parse_advantage, parse_budget, parse_trainer
from l1_verl.dataset import LCPODataset, ask_drawn
from l1_verl.metrics import adherence_metrics, mode_of, one_sided_budgets, summary
from l1_verl.transfer_queue import read, write

# Below verl's logger, whose handler is what a run shows (verl/utils/logging_utils.py).
logger = logging.getLogger("verl.l1_verl.trainer")


class _LCPOTrainer(PPOTrainer):
    """What the modes below add to verl's trainers; training itself is verl's.

    ``trainer.v1.lcpo.band_width``: width of the budget bands in tokens, 1000 if not set.
    ``trainer.v1.lcpo.advantage``: ``grpo`` (verl's own, if not set) or ``decoupled``, see :mod:`l1_verl.advantage`.
    ``data.budget.schedule``: budgets that depend on the training step.
    """

    verl_mode: ClassVar[str]

    def __init__(self, config: DictConfig) -> None:
        self._band_width = parse_trainer(config).band_width
        self._decoupled = parse_advantage(config)
        self._budgets = parse_budget(config.data.get("budget"))
        # verl compares the mode's *name* with "sync" wherever synchronous and asynchronous training differ (replay
        # buffer, checkpoint, refill), and looks under it for the mode's settings.
        with open_dict(config):
            config.trainer.v1.trainer_mode = self.verl_mode
        super().__init__(config)

    def _init_dataloader(self) -> None:
        super()._init_dataloader()
        # Under a schedule training rows ask in _next_train_batch; a validation keeps the budgets of step 1.
        for dataset, asks in ((self.train_dataset, not self._budgets.scheduled), (self.val_dataset, True)):
            if isinstance(dataset, LCPODataset):
                dataset.asks = asks

    def _next_train_batch(self, num_prompts: int | None = None) -> TensorDict:
        batch = super()._next_train_batch(num_prompts)
        if self._budgets.scheduled:
            # Here and not in the loader, whose workers read ahead: a prompt's budget is that of the step which sends
            # it out, and a resumed run needs no more than its step to go on alike.
            columns = ("prompt", "raw_prompt", "extra_info")
            rows = zip(*(batch[column] for column in columns), strict=True)
            sampler = self._budgets.at(self.global_steps)
            drawn = [ask_drawn(dict(zip(columns, row, strict=True)), sampler) for row in rows]
            for column in ("raw_prompt", "extra_info"):
                tu.assign_non_tensor_stack(batch, column, [row[column] for row in drawn])
        return batch

    def _submit_batch_to_rollout(self, batch: TensorDict) -> int:
        # Validation does not come this way. Row by row: of what is not, a resumed run sends out nothing again.
        tu.assign_non_tensor_stack(batch, TRAINING, [True] * len(batch))
        return super()._submit_batch_to_rollout(batch)

    def _compute_advantage(self, batch: KVBatchMeta, metrics: dict[str, Any]) -> KVBatchMeta:
        batch = super()._compute_advantage(batch, metrics)
        if self._decoupled is not None:
            # Read after verl's own step, which may have masked tokens out (rollout correction).
            data = read(batch, ("response_mask", "extra_fields"))
            values = advantages_of(batch.keys, batch.tags, facts_of(data["extra_fields"]), self._decoupled)
            advantages = on_tokens(values, data["response_mask"])
            write(batch, advantages=advantages, returns=advantages.clone())
        return batch

    def _compute_metrics(
        self, batch: KVBatchMeta, metrics: dict[str, Any], timing_raw: dict[str, float], global_steps: int, epoch: int
    ) -> None:
        super()._compute_metrics(batch, metrics, timing_raw, global_steps, epoch)
        keys = [key for key, tag in zip(batch.keys, batch.tags, strict=True) if not tag.get("is_padding", False)]
        facts = facts_of(read(batch, ("extra_fields",), keys)["extra_fields"])
        found = adherence_metrics(facts, self._band_width)
        metrics.update(found)
        if global_steps == 1:
            thinking = [fact for fact in facts if fact["budget_tokens"] != 0]
            one_sided = one_sided_budgets(
                [fact["used_tokens"] for fact in thinking], [fact["budget_tokens"] for fact in thinking]
            )
            if one_sided:
                logger.warning("%s", one_sided)
        logger.info("step %d/%d %s", global_steps, self.total_training_steps, summary(metrics, found))


@register_trainer("lcpo")
class LCPOTrainer(_LCPOTrainer, PPOTrainerSync):
    """verl's ``sync`` mode: generation and training take turns."""

    verl_mode = "sync"


@register_trainer("lcpo_colocate_async")
class LCPOTrainerColocateAsync(_LCPOTrainer, PPOTrainerColocateAsync):
    """verl's ``colocate_async`` mode: a batch is trained on as soon as it is complete, and answers still being written
    go on under the new weights. Its settings are ``trainer.v1.colocate_async``.
    """

    verl_mode = "colocate_async"


def facts_of(extra_fields: Iterable[Mapping[str, Any]]) -> list[Mapping[str, float]]:
    """``reward_extra_info`` of each row.

    Raises:
        ValueError: it is another reward manager's.
    """
    facts = [fields.get("reward_extra_info") or {} for fields in extra_fields]
    foreign = [fact for fact in facts if "used_tokens" not in fact or "length_reward" not in fact]
    if foreign:
        raise ValueError(
            f"reward_extra_info has {', '.join(foreign[0]) or 'nothing'}; trainer.v1.trainer_mode=lcpo needs those "
            "of l1_verl.reward_manager.LCPORewardManager; use that manager, or another trainer mode"
        )
    return facts


def advantages_of(
    keys: Sequence[str],
    tags: Sequence[Mapping[str, Any]],
    facts: Sequence[Mapping[str, float]],
    decoupled: Decoupled,
) -> NDArray[np.float64]:
    """The decoupled advantage of each row of a batch, 0 for verl's padding.

    Rows of one session (an agent's turns) share the session's reward, so they count once and share its advantage.

    Args:
        keys: verl's ``<prompt>_<session>_<turn>``.
        tags: verl's tags, of which ``is_padding`` is read.
        facts: ``reward_extra_info``, of which ``acc``, ``length_reward`` and the mode are read.
        decoupled: the weight of length, and the modes whose reward gates it.
    """
    session = [key.rsplit("_", 1)[0] for key in keys]
    padding = [tag.get("is_padding", False) for tag in tags]
    rows = {name: row for row, name in enumerate(session) if not padding[row]}
    found = decoupled_advantages(
        [facts[row]["acc"] for row in rows.values()],
        [facts[row]["length_reward"] for row in rows.values()],
        [name.rsplit("_", 1)[0] for name in rows],
        [mode_of(facts[row]) in decoupled.gated_modes for row in rows.values()],
        length_weight=decoupled.length_weight,
    )
    of_session = dict(zip(rows, found, strict=True))
    return np.array([of_session.get(name, 0.0) for name in session])


def on_tokens(values: NDArray[np.float64], response_mask: torch.Tensor) -> torch.Tensor:
    """Each row's value on all of its tokens that ``response_mask`` (jagged) lets through, 0 on the others."""
    rows = [float(value) * mask.float() for value, mask in zip(values, response_mask.unbind(), strict=True)]
    return torch.nested.as_nested_tensor(rows, layout=torch.jagged)
