"""verl's synchronous trainer, with the adherence of every training step in its log.

Set ``VERL_USE_EXTERNAL_MODULES=l1_verl.plugin`` and ``trainer.v1.trainer_mode=lcpo``. verl 0.9.1 logs the reward
manager's facts in validation only (``trainer_base.py``, ``_compute_metrics`` selects fixed fields) and hands none of
them to an advantage estimator (``_compute_advantage``); this mode adds ``lcpo/*`` and the decoupled advantage.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import transfer_queue as tq
from numpy.typing import NDArray
from omegaconf import DictConfig, open_dict
from tensordict import TensorDict
from transfer_queue import KVBatchMeta
from verl.trainer.ppo.v1.trainer_base import register_trainer
from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync
from verl.utils.tensordict_utils import assign_non_tensor_data

from l1_verl.adherence import adherence, band
from l1_verl.advantage import decoupled_advantages
from l1_verl.agent_loop import TRAINING
from l1_verl.config import Decoupled, parse_advantage

# Below verl's logger, whose handler is what a run shows (verl/utils/logging_utils.py).
logger = logging.getLogger("verl.l1_verl.trainer")


@register_trainer("lcpo")
class LCPOTrainer(PPOTrainerSync):
    """``trainer_mode=sync`` plus ``lcpo/*`` metrics per mode and budget band; training itself is verl's.

    ``trainer.v1.lcpo.band_width``: width of the budget bands in tokens, 1000 if not set.
    ``trainer.v1.lcpo.advantage``: ``grpo`` (verl's own, if not set) or ``decoupled``, see :mod:`l1_verl.advantage`.
    """

    def __init__(self, config: DictConfig) -> None:
        self._band_width = config.trainer.v1.get("lcpo", {}).get("band_width", 1000)
        self._decoupled = parse_advantage(config)
        # verl compares the mode's *name* with "sync" wherever synchronous and asynchronous training differ (replay
        # buffer, checkpoint, refill). Training here is the synchronous one.
        with open_dict(config):
            config.trainer.v1.trainer_mode = "sync"
        super().__init__(config)

    def _submit_batch_to_rollout(self, batch: TensorDict) -> int:
        # Validation does not come this way.
        assign_non_tensor_data(batch, TRAINING, True)
        return super()._submit_batch_to_rollout(batch)

    def _compute_advantage(self, batch: KVBatchMeta, metrics: dict[str, Any]) -> KVBatchMeta:
        batch = super()._compute_advantage(batch, metrics)
        if self._decoupled is not None:
            # Read after verl's own step, which may have masked tokens out (rollout correction).
            data = tq.kv_batch_get(
                keys=batch.keys,
                partition_id=batch.partition_id,
                select_fields=["response_mask", "extra_fields", "extra_info"],
            )
            facts = [fields["reward_extra_info"] for fields in data["extra_fields"]]
            values = advantages_of(batch.keys, batch.tags, facts, _modes(data["extra_info"]), self._decoupled)
            advantages = on_tokens(values, data["response_mask"])
            fields = TensorDict({"advantages": advantages, "returns": advantages.clone()}, batch_size=len(batch.keys))
            tq.kv_batch_put(keys=batch.keys, partition_id=batch.partition_id, fields=fields)
        return batch

    def _compute_metrics(
        self, batch: KVBatchMeta, metrics: dict[str, Any], timing_raw: dict[str, float], global_steps: int, epoch: int
    ) -> None:
        super()._compute_metrics(batch, metrics, timing_raw, global_steps, epoch)
        keys = [key for key, tag in zip(batch.keys, batch.tags, strict=True) if not tag.get("is_padding", False)]
        data = tq.kv_batch_get(
            keys=keys, partition_id=batch.partition_id, select_fields=["extra_fields", "extra_info"]
        )
        facts = [fields["reward_extra_info"] for fields in data["extra_fields"]]
        found = adherence_metrics(facts, _modes(data["extra_info"]), self._band_width)
        metrics.update(found)
        logger.info("step %d/%d %s", global_steps, self.total_training_steps, _summary(metrics, found))


def _modes(extra_infos: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each sample's budget mode, "none" where it has no budget."""
    return [(extra.get("budget") or {}).get("mode", "none") for extra in extra_infos]


def advantages_of(
    keys: Sequence[str],
    tags: Sequence[Mapping[str, Any]],
    facts: Sequence[Mapping[str, float]],
    modes: Sequence[str],
    decoupled: Decoupled,
) -> NDArray[np.float64]:
    """The decoupled advantage of each row of a batch, 0 for verl's padding.

    Rows of one session (an agent's turns) share the session's reward, so they count once and share its advantage.

    Args:
        keys: verl's ``<prompt>_<session>_<turn>``.
        tags: verl's tags, of which ``is_padding`` is read.
        facts: ``reward_extra_info``, of which ``acc`` and ``length_reward`` are read.
        modes: each row's budget mode, "none" where it has no budget.
        decoupled: the weight of length, and the modes whose reward gates it.

    Raises:
        ValueError: the reward manager does not report correctness and length apart.
    """
    session = [key.rsplit("_", 1)[0] for key in keys]
    padding = [tag.get("is_padding", False) for tag in tags]
    rows = {name: row for row, name in enumerate(session) if not padding[row]}
    missing = {key for key in ("acc", "length_reward") for row in rows.values() if key not in facts[row]}
    if missing:
        raise ValueError(
            f"reward_extra_info lacks {', '.join(sorted(missing))}, which trainer.v1.lcpo.advantage=decoupled needs; "
            "use l1_verl.reward_manager.LCPORewardManager"
        )
    found = decoupled_advantages(
        [facts[row]["acc"] for row in rows.values()],
        [facts[row]["length_reward"] for row in rows.values()],
        [name.rsplit("_", 1)[0] for name in rows],
        [modes[row] in decoupled.gated_modes for row in rows.values()],
        length_weight=decoupled.length_weight,
    )
    of_session = dict(zip(rows, found, strict=True))
    return np.array([of_session.get(name, 0.0) for name in session])


def on_tokens(values: NDArray[np.float64], response_mask: torch.Tensor) -> torch.Tensor:
    """Each row's value on all of its tokens that ``response_mask`` (jagged) lets through, 0 on the others."""
    rows = [float(value) * mask.float() for value, mask in zip(values, response_mask.unbind(), strict=True)]
    return torch.nested.as_nested_tensor(rows, layout=torch.jagged)


def adherence_metrics(facts: Sequence[Mapping[str, float]], modes: Sequence[str], band_width: int) -> dict[str, float]:
    """``lcpo/*`` metrics of one batch.

    Over all samples: ``lcpo/{acc,truncated,grade_timeout,no_answer}``. For each mode that occurs (``exact``, ``max``)
    ``lcpo/<mode>/<measure>``, and per budget band ``lcpo/<mode>/<from>-<to>/<measure>``, the measures being those of
    :class:`l1_verl.adherence.Adherence`.

    Args:
        facts: ``reward_extra_info`` of each sample.
        modes: each sample's budget mode, "none" where it has no budget.
        band_width: width of a budget band in tokens.
    """
    metrics = {
        f"lcpo/{key}": float(np.mean([fact[key] for fact in facts]))
        for key in ("acc", "truncated", "grade_timeout", "no_answer")
    }
    groups: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for fact, mode in zip(facts, modes, strict=True):
        if mode != "none":
            groups[mode].append(fact)
            groups[f"{mode}/{band(int(fact['budget_tokens']), band_width)}"].append(fact)
    for name, members in groups.items():
        kept = adherence([m["used_tokens"] for m in members], [m["budget_tokens"] for m in members])
        metrics[f"lcpo/{name}/acc"] = float(np.mean([m["acc"] for m in members]))
        for measure in _MEASURES if "/" not in name else _BAND_MEASURES:
            metrics[f"lcpo/{name}/{measure}"] = getattr(kept, measure)
    return metrics


_BAND_MEASURES = ("mean_abs_error", "mean_error", "over_budget", "mean_used")
_MEASURES = (*_BAND_MEASURES, "within_10", "within_20", "soft_violation", "utilisation", "correlation", "slope")


def _summary(metrics: Mapping[str, Any], found: Mapping[str, float]) -> str:
    """The one line per step that a person reads while training runs."""
    parts = [f"reward {metrics['critic/score/mean']:.3f}", f"accuracy {found['lcpo/acc']:.3f}"]
    for mode in ("exact", "max"):
        if f"lcpo/{mode}/mean_abs_error" in found:
            error, r = found[f"lcpo/{mode}/mean_abs_error"], found[f"lcpo/{mode}/correlation"]
            parts.append(f"{mode} length error {error:.1%} r {r:.2f}")
    return " | ".join(parts)
