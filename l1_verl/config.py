"""Reads the configuration nodes that this package adds to verl's: budgets, rewards, where rollouts stop, advantages.

Mappings in, checked objects out, with neither torch nor verl imported: a wrong knob is refused in a second. What each
knob does stands in ``recipes/config/lcpo.yaml``, too.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from omegaconf import DictConfig
from pydantic import Field, NonNegativeInt, PositiveInt

from l1_verl.budget import MODES, BudgetSampler
from l1_verl.grading import GradingPool
from l1_verl.rewards import LengthReward
from l1_verl.settings import Node, plain
from l1_verl.thought import Count


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


class _Draws(Node):
    """The part of ``data.budget`` that is not a sampler's."""

    draws: PositiveInt = 1
    """Budgets per row: each row that draws appears so many times."""

    schedule: list[dict[str, Any]] = Field(default_factory=list)
    """What changes from a training step on: ``[{from_step: 100, high: 2000}, ...]``."""


def parse_budget(node: DictConfig | Mapping[str, Any] | None) -> Budgets:
    """Reads ``data.budget``; ``None`` means the paper's values.

    Raises:
        ValueError: an unknown key, or a value outside its range.
    """
    knobs = plain(node)
    own = {name: knobs.pop(name) for name in _Draws.model_fields if knobs.get(name) is not None}
    knobs = {name: value for name, value in knobs.items() if name not in _Draws.model_fields}
    drawn = _Draws.read("data.budget", own)
    _refuse_unknown("data.budget", knobs, [*_Draws.model_fields, *_parameters(BudgetSampler)])
    stages = {1: _sampler("data.", knobs)}
    for position, stage in enumerate(drawn.schedule):
        key, first, latest = f"data.budget.schedule[{position}]", stage.get("from_step"), max(stages)
        if type(first) is not int or first <= latest:
            raise ValueError(
                f"{key}.from_step is {first!r}; it must be a whole number > {latest}, where the stage before it begins"
            )
        changes = {name: value for name, value in stage.items() if name != "from_step"}
        _refuse_unknown(key, changes, [name for name in _parameters(BudgetSampler) if name != "seed"])
        stages[first] = _sampler(f"{key}: ", knobs | changes)
    return Budgets(stages, drawn.draws)


def _sampler(where: str, knobs: Mapping[str, Any]) -> BudgetSampler:
    try:
        return BudgetSampler(**knobs)
    except ValueError as error:
        raise ValueError(f"{where}{error}") from None


#: The keys of ``reward.reward_kwargs`` that name the reward of a mode.
REWARD_NAMES = tuple(f"for_{mode}" for mode in MODES)


class Grading(Node):
    """The part of ``reward.reward_kwargs`` that says how answers are graded and which tokens count as used."""

    grading: dict[str, Any] = Field(default_factory=dict)
    """Knobs of ``GradingPool``."""

    require_think_end: bool = False
    """Whether an answer counts only after ``</think>``."""

    count: Count = "response"
    """Which tokens are held against the budget: all of the response, or those of the thought."""

    freeze_heap: bool = False
    """Whether the reward worker's objects are taken out of Python's garbage collection (``gc.freeze``)."""


def parse_reward(node: DictConfig | Mapping[str, Any] | None) -> tuple[LengthReward, Grading]:
    """Reads ``reward.reward_kwargs``; ``None`` means the defaults of :class:`LengthReward` and ``GradingPool``.

    Raises:
        ValueError: an unknown key, or a value outside its range.
    """
    key = "reward.reward_kwargs"
    knobs = plain(node)
    own = {name: knobs.pop(name) for name in Grading.model_fields if knobs.get(name) is not None}
    knobs = {name: value for name, value in knobs.items() if name not in Grading.model_fields}
    grading = Grading.read(key, own)
    _refuse_unknown(f"{key}.grading", grading.grading, _parameters(GradingPool))
    names = {name: knobs.pop(name) for name in REWARD_NAMES if name in knobs}
    try:
        return LengthReward(**names, knobs=knobs), grading
    except ValueError as error:
        raise ValueError(f"{key}.{error}") from None


class Stops(Node):
    """``actor_rollout_ref.rollout.custom.lcpo``: where :mod:`l1_verl.agent_loop` ends a thought or a response."""

    stop_at_zero: bool = False
    """Stops a training rollout where its reward is 0 whatever follows."""

    exact_overrun: NonNegativeInt | None = None
    """Tokens beyond n_gold at which a training rollout of mode "exact" is stopped too."""

    close_thinking: bool = False
    """Closes a thought with ``</think>`` where it has used n_gold tokens, and lets the model write its solution."""

    solution_tokens: PositiveInt | None = None
    """The most tokens of the solution that follows a thought."""


def parse_stops(rollout: DictConfig | Mapping[str, Any], counted: Count) -> Stops:
    """Reads ``custom.lcpo`` of verl's rollout configuration; without that node every knob is off.

    Args:
        rollout: ``actor_rollout_ref.rollout``.
        counted: ``reward.reward_kwargs.count``, which has to fit.

    Raises:
        ValueError: an unknown key, a value outside its range, or knobs that contradict each other.
    """
    node = "actor_rollout_ref.rollout.custom.lcpo"
    stops = Stops.read(node, (rollout.get("custom") or {}).get("lcpo"))
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


class TrainerKnobs(Node):
    """``trainer.v1.lcpo``."""

    band_width: PositiveInt = 1000
    """Width in tokens of the budget bands that ``lcpo/*`` metrics are reported in."""

    advantage: Literal["grpo", "decoupled"] = "grpo"
    """verl's own, from the whole reward; or correctness and length normalised apart (:mod:`l1_verl.advantage`)."""

    length_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """The weight of length beside correctness in the decoupled advantage."""


class Decoupled(NamedTuple):
    """What ``trainer.v1.lcpo.advantage=decoupled`` needs, see :mod:`l1_verl.advantage`."""

    length_weight: float
    gated_modes: frozenset[str]


def parse_trainer(config: DictConfig) -> TrainerKnobs:
    """Reads ``trainer.v1.lcpo`` of verl's whole configuration.

    Raises:
        ValueError: an unknown key, or a value outside its range.
    """
    return TrainerKnobs.read("trainer.v1.lcpo", config.trainer.v1.get("lcpo"))


def parse_advantage(config: DictConfig) -> Decoupled | None:
    """Reads ``trainer.v1.lcpo.advantage`` of verl's whole configuration; ``None`` where verl's own GRPO is wanted.

    Raises:
        ValueError: an unknown advantage, or an algorithm whose parts the decoupled one would silently drop.
    """
    knobs = parse_trainer(config)
    if knobs.advantage == "grpo":
        return None
    for key, needed in _DECOUPLED_NEEDS.items():
        value = config.algorithm.get(key, needed)
        if value != needed:
            raise ValueError(
                f"trainer.v1.lcpo.advantage is 'decoupled' and algorithm.{key} is {value!r}, which it would ignore; "
                f"set algorithm.{key}={str(needed).lower()}"
            )
    return Decoupled(knobs.length_weight, parse_reward(config.reward.get("reward_kwargs"))[0].gated_modes)


#: The trainer modes of :mod:`l1_verl.trainer`.
TRAINER_MODES = ("lcpo", "lcpo_colocate_async")
_DECOUPLED_NEEDS = {"adv_estimator": "grpo", "use_kl_in_reward": False, "norm_adv_by_std_in_grpo": True}


def _parameters(target: type) -> list[str]:
    return list(inspect.signature(target).parameters)


def _refuse_unknown(key: str, knobs: Mapping[str, Any], allowed: list[str]) -> None:
    unknown = sorted(set(knobs) - set(allowed))
    if unknown:
        raise ValueError(f"{key}.{unknown[0]} is unknown; allowed are {', '.join(allowed)}")
