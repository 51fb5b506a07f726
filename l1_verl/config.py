"""Reads the configuration nodes that this package adds to verl's: ``data.budget`` and ``reward.reward_kwargs``.

Mappings in, checked objects out, with neither torch nor verl imported: a wrong knob is refused in a second.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from omegaconf import DictConfig, OmegaConf

from l1_verl.budget import BudgetSampler
from l1_verl.grading import GradingPool
from l1_verl.rewards import LengthReward


class Budgets(NamedTuple):
    """``data.budget``: where budgets come from, and how many each row draws."""

    sampler: BudgetSampler
    draws: int


def parse_budget(node: DictConfig | Mapping[str, Any] | None) -> Budgets:
    """Reads ``data.budget``; ``None`` means the paper's values.

    Raises:
        ValueError: an unknown key, or a value outside its range.
    """
    knobs = _plain(node)
    draws = knobs.pop("draws", 1)
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 1:
        raise ValueError(f"data.budget.draws is {draws!r}; it must be a whole number >= 1")
    _refuse_unknown("data.budget", knobs, BudgetSampler, "draws")
    try:
        return Budgets(BudgetSampler(**knobs), draws)
    except ValueError as error:
        raise ValueError(f"data.{error}") from None


class Grading(NamedTuple):
    """The part of ``reward.reward_kwargs`` that says how answers are graded."""

    pool: dict[str, Any]
    require_think_end: bool


def parse_reward(node: DictConfig | Mapping[str, Any] | None) -> tuple[LengthReward, Grading]:
    """Reads ``reward.reward_kwargs``; ``None`` means the defaults of :class:`LengthReward` and ``GradingPool``.

    Raises:
        ValueError: an unknown key, or a value outside its range.
    """
    knobs = _plain(node)
    pool = dict(knobs.pop("grading", None) or {})
    _refuse_unknown("reward.reward_kwargs.grading", pool, GradingPool)
    require_think_end = knobs.pop("require_think_end", False)
    if not isinstance(require_think_end, bool):
        raise ValueError(f"reward.reward_kwargs.require_think_end is {require_think_end!r}; it must be true or false")
    names = {key: knobs.pop(key) for key in ("for_exact", "for_max") if key in knobs}
    try:
        return LengthReward(**names, knobs=knobs), Grading(pool, require_think_end)
    except ValueError as error:
        raise ValueError(f"reward.reward_kwargs.{error}") from None


def _plain(node: DictConfig | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(node, DictConfig):
        return cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
    return dict(node or {})


def _refuse_unknown(key: str, knobs: Mapping[str, Any], target: type, *more: str) -> None:
    allowed = [*more, *inspect.signature(target).parameters]
    unknown = sorted(set(knobs) - set(allowed))
    if unknown:
        raise ValueError(f"{key}.{unknown[0]} is unknown; allowed are {', '.join(allowed)}")
