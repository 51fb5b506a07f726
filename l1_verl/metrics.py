"""What a training step says about its budgets: ``lcpo/*`` metrics, a line to read, a warning if none is in reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from l1_verl.adherence import adherence, band
from l1_verl.budget import MODES, Mode


def mode_of(fact: Mapping[str, float]) -> Mode | None:
    """The mode of a sample's budget, None where it has none, from its ``reward_extra_info``."""
    # A run that was begun by an older version tells exact from max alone.
    mode = fact.get("budget_mode", fact["budget_is_max"])
    return None if np.isnan(mode) else cast(Mode, MODES[int(mode)])


def adherence_metrics(facts: Sequence[Mapping[str, float]], band_width: int) -> dict[str, float]:
    """``lcpo/*`` metrics of one batch.

    Over all samples: ``lcpo/{acc,truncated,grade_timeout,no_answer}``, and ``lcpo/solution_tokens`` over those whose
    thought and solution can be told apart: where budgets are for the thought alone, thinking may move there.

    For each mode that occurs ``lcpo/<mode>/<measure>``, and per budget band
    ``lcpo/<mode>/<from>-<to>/<measure>``, the measures being those of :class:`l1_verl.adherence.Adherence`. Budgets of
    0 are ``lcpo/zero``, apart from the others: no error is relative to them, and they would make up a correlation.

    Args:
        facts: ``reward_extra_info`` of each sample.
        band_width: width of a budget band in tokens.
    """
    metrics = {
        f"lcpo/{key}": float(np.mean([fact[key] for fact in facts]))
        for key in ("acc", "truncated", "grade_timeout", "no_answer")
    }
    solutions = [fact["solution_tokens"] for fact in facts if not np.isnan(fact["solution_tokens"])]
    if solutions:
        metrics["lcpo/solution_tokens"] = float(np.mean(solutions))
    groups: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for fact in facts:
        if fact["budget_tokens"] == 0:
            groups["zero"].append(fact)
        elif (mode := mode_of(fact)) is not None:
            groups[mode].append(fact)
            groups[f"{mode}/{band(int(fact['budget_tokens']), band_width)}"].append(fact)
    for name, members in groups.items():
        kept = adherence([m["used_tokens"] for m in members], [_target(m) for m in members])
        metrics[f"lcpo/{name}/acc"] = float(np.mean([m["acc"] for m in members]))
        for measure in _BAND_MEASURES if "/" in name else _OF_MODE.get(name, _MEASURES):
            metrics[f"lcpo/{name}/{measure}"] = getattr(kept, measure)
    return metrics


def _target(fact: Mapping[str, float]) -> float:
    """What ``used_tokens`` is held against: the budget, or the nearest number of a range."""
    return fact.get("budget_target", fact["budget_tokens"])


_BAND_MEASURES = ("mean_abs_error", "mean_error", "over_budget", "mean_used")
_MEASURES = (*_BAND_MEASURES, "within_10", "within_20", "soft_violation", "utilisation", "correlation", "slope")
# What counts for the budget of a range depends on the tokens used, so that a correlation of the two says nothing.
_OF_MODE = {
    "zero": ("mean_abs_error_tokens", "met", "over_budget", "mean_used"),
    "range": (*_BAND_MEASURES, "mean_abs_error_tokens", "met", "within_10", "within_20"),
}


def summary(metrics: Mapping[str, Any], found: Mapping[str, float]) -> str:
    """The one line per step that a person reads while training runs."""
    parts = [f"reward {metrics['critic/score/mean']:.3f}", f"accuracy {found['lcpo/acc']:.3f}"]
    for mode in MODES:
        if f"lcpo/{mode}/mean_abs_error" in found:
            r = found.get(f"lcpo/{mode}/correlation")
            parts.append(f"{mode} length error {found[f'lcpo/{mode}/mean_abs_error']:.1%}")
            parts[-1] += "" if r is None else f" r {r:.2f}"
    if "lcpo/zero/met" in found:
        parts.append(f"zero met {found['lcpo/zero/met']:.1%}")
    return " | ".join(parts)


def one_sided_budgets(used: Sequence[float], budgets: Sequence[float]) -> str | None:
    """Why the model may never learn to read its budgets; ``None`` where they straddle its own lengths.

    Nearly all budgets lie on one side where, of all pairs of an answer and a budget of the batch, fewer than 5 % or
    more than 95 % have the answer above the budget. Pairs, since a model that obeys already is above its own budgets
    rarely or always, and yet reads them.

    Args:
        used: tokens of the answers of a run's first step.
        budgets: their budgets, NaN for none.
    """
    asked = np.sort([budget for budget in budgets if not np.isnan(budget)])
    if not asked.size:
        return None
    above = float(np.mean(np.searchsorted(asked, used) / asked.size))
    if 0.05 <= above <= 0.95:
        return None
    low, median, high = np.percentile(used, [5, 50, 95])
    direction = "shorter" if above > 0.5 else "longer"
    return (
        f"the model's own answers have {low:.0f} to {high:.0f} tokens (5 to 95 %, median {median:.0f}), its budgets "
        f"{asked[0]:.0f} to {asked[-1]:.0f}. Whatever a budget says, the length reward then asks for {direction} "
        "answers, or for nothing, so the model need not read it. Set data.budget.low and data.budget.high so that the "
        "median lies well between them"
    )
