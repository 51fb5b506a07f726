"""Reads the configuration nodes that this package adds to verl's: budgets, rewards, where rollouts stop, advantages.

Mappings in, checked objects out, with neither torch nor verl imported: a wrong knob is refused in a second.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast, get_args

from omegaconf import DictConfig, OmegaConf

from l1_verl.budget import BudgetSampler
from l1_verl.grading import GradingPool
from l1_verl.rewards import LengthReward


class Budgets(NamedTuple):
    """``data.budget``: where budgets come from, and how many each row draws.

    Attributes:
        stages: by the training step from which it draws, ascending, each stage's sampler; the first begins at step 1.
        draws: budgets per row.
    """

    stages: Mapping[int, BudgetSampler]
    draws: int

    @property
    def scheduled(self) -> bool:
        """Whether budgets depend on the training step."""
        return len(self.stages) > 1

    def at(self, step: int) -> BudgetSampler:
        """The sampler of training step ``step`` >= 1."""
        return self.stages[max(first for first in self.stages if first <= step)]


def parse_budget(node: DictConfig | Mapping[str, Any] | None) -> Budgets:
    """Reads ``data.budget``; ``None`` means the paper's values.

    Raises:
        ValueError: an unknown key, or a value outside its range.
    """
    knobs = _plain(node)
    draws, schedule = knobs.pop("draws", 1), knobs.pop("schedule", None) or []
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 1:
        raise ValueError(f"data.budget.draws is {draws!r}; it must be a whole number >= 1")
    if not (isinstance(schedule, list) and all(isinstance(stage, Mapping) for stage in schedule)):
        raise ValueError(f"data.budget.schedule is {schedule!r}; it must be a list of {{from_step: ..., ...}}")
    _refuse_unknown("data.budget", knobs, _parameters(BudgetSampler, "draws", "schedule"))
    stages = {1: _sampler("data.", knobs)}
    for position, stage in enumerate(schedule):
        key, first, latest = f"data.budget.schedule[{position}]", stage.get("from_step"), max(stages)
        if isinstance(first, bool) or not isinstance(first, int) or first <= latest:
            raise ValueError(
                f"{key}.from_step is {first!r}; it must be a whole number > {latest}, where the stage before it begins"
            )
        changes = {name: value for name, value in stage.items() if name != "from_step"}
        _refuse_unknown(key, changes, [name for name in _parameters(BudgetSampler) if name != "seed"])
        stages[first] = _sampler(f"{key}: ", knobs | changes)
    return Budgets(stages, draws)


def _sampler(where: str, knobs: Mapping[str, Any]) -> BudgetSampler:
    try:
        return BudgetSampler(**knobs)
    except ValueError as error:
        raise ValueError(f"{where}{error}") from None


Count = Literal["response", "thinking"]


class Grading(NamedTuple):
    """The part of ``reward.reward_kwargs`` that says how answers are graded and which tokens count as used."""

    pool: dict[str, Any]
    require_think_end: bool
    counted: Count
    freeze_heap: bool


def parse_reward(node: DictConfig | Mapping[str, Any] | None) -> tuple[LengthReward, Grading]:
    """Reads ``reward.reward_kwargs``; ``None`` means the defaults of :class:`LengthReward` and ``GradingPool``.

    Raises:
        ValueError: an unknown key, or a value outside its range.
    """
    knobs = _plain(node)
    pool = knobs.pop("grading", None) or {}
    if not isinstance(pool, Mapping):
        raise ValueError(f"reward.reward_kwargs.grading is {pool!r}; it must give the knobs of GradingPool by name")
    pool = dict(pool)
    _refuse_unknown("reward.reward_kwargs.grading", pool, _parameters(GradingPool))
    require_think_end = knobs.pop("require_think_end", False)
    if not isinstance(require_think_end, bool):
        raise ValueError(f"reward.reward_kwargs.require_think_end is {require_think_end!r}; it must be true or false")
    freeze_heap = knobs.pop("freeze_heap", False)
    if not isinstance(freeze_heap, bool):
        raise ValueError(f"reward.reward_kwargs.freeze_heap is {freeze_heap!r}; it must be true or false")
    counted = knobs.pop("count", "response")
    if counted not in get_args(Count):
        raise ValueError(f"reward.reward_kwargs.count is {counted!r}; it must be one of {', '.join(get_args(Count))}")
    names = {key: knobs.pop(key) for key in ("for_exact", "for_max") if key in knobs}
    try:
        return LengthReward(**names, knobs=knobs), Grading(pool, require_think_end, counted, freeze_heap)
    except ValueError as error:
        raise ValueError(f"reward.reward_kwargs.{error}") from None


class Stops(NamedTuple):
    """``actor_rollout_ref.rollout.custom.lcpo``: where :mod:`l1_verl.agent_loop` ends a thought or a response."""

    stop_at_zero: bool = False
    exact_overrun: int | None = None
    close_thinking: bool = False
    solution_tokens: int | None = None


def parse_stops(rollout: DictConfig | Mapping[str, Any], counted: Count) -> Stops:
    """Reads ``custom.lcpo`` of verl's rollout configuration; without that node every knob is off.

    Args:
        rollout: ``actor_rollout_ref.rollout``.
        counted: ``reward.reward_kwargs.count``, which has to fit.

    Raises:
        ValueError: an unknown key, a value outside its range, or knobs that contradict each other.
    """
    node = "actor_rollout_ref.rollout.custom.lcpo"
    knobs = _plain((rollout.get("custom") or {}).get("lcpo"))
    _refuse_unknown(node, knobs, Stops._fields)
    stops = Stops(**knobs)
    for name, least in (("exact_overrun", 0), ("solution_tokens", 1)):
        value = getattr(stops, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ValueError(f"{node}.{name} is {value!r}; it must be a whole number >= {least}, or null")
    for name in ("stop_at_zero", "close_thinking"):
        if not isinstance(value := getattr(stops, name), bool):
            raise ValueError(f"{node}.{name} is {value!r}; it must be true or false")
    if stops.close_thinking and counted != "thinking":
        raise ValueError(
            f"{node}.close_thinking is true, but reward.reward_kwargs.count is {counted!r}: a thought can be closed "
            "at its budget only where the budget is for thinking alone; set count=thinking"
        )
    for name, unset in (("exact_overrun", None), ("stop_at_zero", False)):
        if stops.close_thinking and (value := getattr(stops, name)) is not unset:
            raise ValueError(f"{node}.{name} is {value}, which close_thinking=true would ignore; set one of them")
    if stops.solution_tokens is not None and not stops.close_thinking:
        raise ValueError(f"{node}.solution_tokens is {stops.solution_tokens}, which needs close_thinking=true")
    if stops.solution_tokens is not None and stops.solution_tokens >= rollout["response_length"]:
        raise ValueError(
            f"{node}.solution_tokens is {stops.solution_tokens}, which leaves no thinking in responses of "
            f"{rollout['response_length']} tokens; make it smaller, or data.max_response_length larger"
        )
    return stops


class Decoupled(NamedTuple):
    """What ``trainer.v1.lcpo.advantage=decoupled`` needs, see :mod:`l1_verl.advantage`."""

    length_weight: float
    gated_modes: frozenset[str]


def parse_advantage(config: DictConfig) -> Decoupled | None:
    """Reads ``trainer.v1.lcpo.advantage`` of verl's whole configuration; ``None`` where verl's own GRPO is wanted.

    Raises:
        ValueError: an unknown advantage, or an algorithm whose parts the decoupled one would silently drop.
    """
    node = config.trainer.v1.get("lcpo") or {}
    name, weight = node.get("advantage", "grpo"), node.get("length_weight", 1.0)
    if name not in ADVANTAGES:
        raise ValueError(f"trainer.v1.lcpo.advantage is {name!r}; it must be one of {', '.join(ADVANTAGES)}")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not (math.isfinite(weight) and weight >= 0):
        raise ValueError(f"trainer.v1.lcpo.length_weight is {weight!r}; it must be a number >= 0")
    if name == "grpo":
        return None
    for key, needed in _DECOUPLED_NEEDS.items():
        value = config.algorithm.get(key, needed)
        if value != needed:
            raise ValueError(
                f"trainer.v1.lcpo.advantage is 'decoupled' and algorithm.{key} is {value!r}, which it would ignore; "
                f"set algorithm.{key}={str(needed).lower()}"
            )
    return Decoupled(float(weight), parse_reward(config.reward.get("reward_kwargs"))[0].gated_modes)


def parse_band_width(config: DictConfig) -> int:
    """``trainer.v1.lcpo.band_width`` of verl's whole configuration, 1000 if not set.

    Raises:
        ValueError: it is not a whole number >= 1.
    """
    width = (config.trainer.v1.get("lcpo") or {}).get("band_width", 1000)
    if isinstance(width, bool) or not isinstance(width, int) or width < 1:
        raise ValueError(f"trainer.v1.lcpo.band_width is {width!r}; it must be a whole number of tokens >= 1")
    return width


#: The trainer modes of :mod:`l1_verl.trainer`.
TRAINER_MODES = ("lcpo", "lcpo_colocate_async")
ADVANTAGES = ("grpo", "decoupled")
_DECOUPLED_NEEDS = {"adv_estimator": "grpo", "use_kl_in_reward": False, "norm_adv_by_std_in_grpo": True}


def _plain(node: DictConfig | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(node, DictConfig):
        return cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
    return dict(node or {})


def _parameters(target: type, *more: str) -> list[str]:
    return [*more, *inspect.signature(target).parameters]


def _refuse_unknown(key: str, knobs: Mapping[str, Any], allowed: Sequence[str]) -> None:
    unknown = sorted(set(knobs) - set(allowed))
    if unknown:
        raise ValueError(f"{key}.{unknown[0]} is unknown; allowed are {', '.join(allowed)}")
