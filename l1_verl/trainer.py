"""verl's synchronous trainer, with the adherence of every training step in its log.

Set ``VERL_USE_EXTERNAL_MODULES=l1_verl.plugin`` and ``trainer.v1.trainer_mode=lcpo``. verl 0.9.1 logs the reward
manager's facts in validation only (``trainer_base.py``, ``_compute_metrics`` selects fixed fields); this mode adds
``lcpo/*``.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import transfer_queue as tq
from omegaconf import DictConfig, open_dict
from tensordict import TensorDict
from transfer_queue import KVBatchMeta
from verl.trainer.ppo.v1.trainer_base import register_trainer
from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync
from verl.utils.tensordict_utils import assign_non_tensor_data

from l1_verl.adherence import adherence, band
from l1_verl.agent_loop import TRAINING

# Below verl's logger, whose handler is what a run shows (verl/utils/logging_utils.py).
logger = logging.getLogger("verl.l1_verl.trainer")


@register_trainer("lcpo")
class LCPOTrainer(PPOTrainerSync):
    """``trainer_mode=sync`` plus ``lcpo/*`` metrics per mode and budget band; training itself is verl's.

    ``trainer.v1.lcpo.band_width``: width of the budget bands in tokens, 1000 if not set.
    """

    def __init__(self, config: DictConfig) -> None:
        self._band_width = config.trainer.v1.get("lcpo", {}).get("band_width", 1000)
        # verl compares the mode's *name* with "sync" wherever synchronous and asynchronous training differ (replay
        # buffer, checkpoint, refill). Training here is the synchronous one.
        with open_dict(config):
            config.trainer.v1.trainer_mode = "sync"
        super().__init__(config)

    def _submit_batch_to_rollout(self, batch: TensorDict) -> int:
        # Validation does not come this way.
        assign_non_tensor_data(batch, TRAINING, True)
        return super()._submit_batch_to_rollout(batch)

    def _compute_metrics(
        self, batch: KVBatchMeta, metrics: dict[str, Any], timing_raw: dict[str, float], global_steps: int, epoch: int
    ) -> None:
        super()._compute_metrics(batch, metrics, timing_raw, global_steps, epoch)
        keys = [key for key, tag in zip(batch.keys, batch.tags, strict=True) if not tag.get("is_padding", False)]
        data = tq.kv_batch_get(
            keys=keys, partition_id=batch.partition_id, select_fields=["extra_fields", "extra_info"]
        )
        facts = [fields["reward_extra_info"] for fields in data["extra_fields"]]
        modes = [(extra.get("budget") or {}).get("mode", "none") for extra in data["extra_info"]]
        found = adherence_metrics(facts, modes, self._band_width)
        metrics.update(found)
        logger.info("step %d/%d %s", global_steps, self.total_training_steps, _summary(metrics, found))


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
