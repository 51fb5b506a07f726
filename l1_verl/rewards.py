"""Length rewards: pure functions of (correct, used, budget).

c is the correctness of the answer, n_gold the budget and n_y the tokens used (thinking, solution and EOS, or the
thinking alone). :data:`REWARDS` lists them with their formulas. L1 is arXiv 2503.04697.
A sample's own mode picks its reward, see :class:`LengthReward`.
"""

from __future__ import annotations

import inspect
import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from l1_verl.budget import Budget


def lcpo_exact(correct: bool, used: int, budget: int, *, alpha: float = 0.0003) -> float:
    """LCPO-Exact: r = 1[c] - alpha * |n_gold - n_y| (L1, Eq. 1).

    Args:
        correct: c, whether the final answer is right.
        used: n_y >= 0, tokens of the response.
        budget: n_gold >= 0, tokens asked for.
        alpha: price of one token of error, >= 0. The paper's 0.0003 makes 3,333 tokens of error cost a right answer.

    Raises:
        ValueError: alpha is negative or not finite.

    Example:
        >>> lcpo_exact(True, used=612, budget=512)
        0.97
    """
    _require("alpha", alpha, 0.0)
    return float(correct) - alpha * abs(budget - used)


def lcpo_max(correct: bool, used: int, budget: int, *, alpha: float = 0.001, delta: float = 0.5) -> float:
    """LCPO-Max: r = 1[c] * clip(alpha * (n_gold - n_y) + delta, 0, 1) (L1, Eq. 2).

    The reward is full only from (1 - delta) / alpha tokens *below* the budget, 500 with the defaults, and
    reaches zero delta / alpha tokens above it.

    Args:
        correct: c, whether the final answer is right.
        used: n_y >= 0, tokens of the response.
        budget: n_gold >= 0, the most tokens asked for.
        alpha: slope per token, >= 0. The paper names none; 0.001 stands in the authors' earliest public code.
        delta: reward of a right answer that uses exactly its budget, in [0, 1].

    Raises:
        ValueError: alpha is negative or not finite, or delta lies outside [0, 1].

    Example:
        >>> lcpo_max(True, used=512, budget=512)
        0.5
    """
    _require("alpha", alpha, 0.0)
    _require("delta", delta, 0.0, 1.0)
    return float(correct) * _clip(alpha * (budget - used) + delta)


def lcpo_max_additive(correct: bool, used: int, budget: int, *, alpha: float = 0.001, delta: float = 0.5) -> float:
    """r = 1[c] + clip(alpha * (n_gold - n_y) + delta, 0, 1): shortness is paid for whether the answer is right or not.

    The paper's ablation (App. A.7), in which thoughts collapse: no budget is broken and little is solved. Use
    :func:`lcpo_max`.

    Args:
        correct: c, whether the final answer is right.
        used: n_y >= 0, tokens of the response.
        budget: n_gold >= 0, the most tokens asked for.
        alpha: slope per token, >= 0; as in :func:`lcpo_max`.
        delta: what the length adds at exactly the budget, in [0, 1].

    Raises:
        ValueError: alpha is negative or not finite, or delta lies outside [0, 1].

    Example:
        >>> lcpo_max_additive(False, used=12, budget=512)
        1.0
    """
    return float(correct) + lcpo_max(True, used, budget, alpha=alpha, delta=delta)


def lcpo_max_sigmoid(correct: bool, used: int, budget: int, *, alpha: float = 0.001) -> float:
    """r = 1[c] * sigmoid(alpha * (n_gold - n_y)): Eq. 2 with a smooth end on both sides (L1, App. A.7).

    Args:
        correct: c, whether the final answer is right.
        used: n_y >= 0, tokens of the response.
        budget: n_gold >= 0, the most tokens asked for.
        alpha: four times the slope per token at the budget, >= 0. The paper names none; 0.001 is that of ``max``.

    Raises:
        ValueError: alpha is negative or not finite.

    Example:
        >>> lcpo_max_sigmoid(True, used=512, budget=512)
        0.5
    """
    _require("alpha", alpha, 0.0)
    falling = math.exp(-alpha * abs(budget - used))
    return float(correct) * (1.0 if used <= budget else falling) / (1.0 + falling)


def lcpo_exact_relative(correct: bool, used: int, budget: int, *, beta: float = 1.0) -> float:
    """r = 1[c] - beta * min(1, |n_gold - n_y| / n_gold): 5 % off costs the same at 512 and at 3,600 tokens.

    At n_gold = 0 any token costs as much as an error of 100 %.

    Args:
        correct: c, whether the final answer is right.
        used: n_y >= 0, tokens of the response.
        budget: n_gold >= 0, tokens asked for.
        beta: price of an error as large as the budget, >= 0.

    Raises:
        ValueError: beta is negative or not finite.

    Example:
        >>> lcpo_exact_relative(True, used=384, budget=512)
        0.75
    """
    _require("beta", beta, 0.0)
    error = abs(budget - used)
    return float(correct) - beta * (min(1.0, error / budget) if budget else float(error > 0))


def lcpo_max_plateau(correct: bool, used: int, budget: int, *, margin: float = 0.25) -> float:
    """r = 1[c] * clip(1 - (n_y - n_gold) / (margin * n_gold), 0, 1): full credit anywhere up to the budget.

    At n_gold = 0 there is full credit for no token and none for any.

    Args:
        correct: c, whether the final answer is right.
        used: n_y >= 0, tokens of the response.
        budget: n_gold >= 0, the most tokens asked for.
        margin: share of the budget over which the reward falls to zero, > 0.

    Raises:
        ValueError: margin is not above 0 or not finite.

    Example:
        >>> lcpo_max_plateau(True, used=576, budget=512)
        0.5
    """
    if not (math.isfinite(margin) and margin > 0):
        raise ValueError(f"margin is {margin!r}; it must be > 0")
    if not budget:
        return float(correct and used <= 0)
    return float(correct) * _clip(1 - (used - budget) / (margin * budget))


def uncontrolled(correct: bool, used: int, budget: int) -> float:
    """r = 1[c]: the budget changes nothing."""
    return float(correct)


@dataclass(frozen=True)
class Reward:
    """A reward as configuration, README and model cards know it.

    Attributes:
        function: (correct, used, budget, knobs by name) -> r.
        formula: r in one line, with the knobs in braces.
        gated: whether r is of the form 1[c] * credit(length), credit never growing with length: the length of a wrong
            answer earns and costs nothing, and a reward that has fallen to 0 by its length is never regained.
    """

    function: Callable[..., float]
    formula: str
    gated: bool = False

    def __call__(self, correct: bool, used: int, budget: int, **knobs: float) -> float:
        return self.function(correct, used, budget, **knobs)

    @property
    def knobs(self) -> dict[str, float]:
        """The knobs and their defaults."""
        parameters = inspect.signature(self.function).parameters.values()
        return {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}

    def formula_with(self, knobs: Mapping[str, float]) -> str:
        """The formula with numbers for the knobs, the defaults where ``knobs`` has none.

        Example:
            >>> REWARDS["exact"].formula_with({"alpha": 0.001})
            '1[c] - 0.001 abs(n_gold - n_y)'
        """
        return self.formula.format(**self.knobs | dict(knobs))


REWARDS: Mapping[str, Reward] = {
    "exact": Reward(lcpo_exact, "1[c] - {alpha:g} abs(n_gold - n_y)"),
    "max": Reward(lcpo_max, "1[c] clip({alpha:g} (n_gold - n_y) + {delta:g}, 0, 1)", gated=True),
    "max_additive": Reward(lcpo_max_additive, "1[c] + clip({alpha:g} (n_gold - n_y) + {delta:g}, 0, 1)"),
    "max_sigmoid": Reward(lcpo_max_sigmoid, "1[c] sigmoid({alpha:g} (n_gold - n_y))", gated=True),
    "exact_relative": Reward(lcpo_exact_relative, "1[c] - {beta:g} min(1, abs(n_gold - n_y) / n_gold)"),
    "max_plateau": Reward(lcpo_max_plateau, "1[c] clip(1 - (n_y - n_gold) / ({margin:g} n_gold), 0, 1)", gated=True),
    "none": Reward(uncontrolled, "1[c]"),
}

# Beyond every context window.
_NEVER = 2**31


class LengthReward:
    """Picks the reward of a sample by its budget's mode, so that one run can mix both (how L1-Max is trained).

    A sample without a budget earns 1[c]. ``gated_modes`` are the modes whose reward is gated. The n_gold of a range is
    the number in it that is nearest to n_y, so that all of the range earns the same.

    Args:
        for_exact: name of the reward for budgets of mode "exact".
        for_max: name of the reward for budgets of mode "max".
        knobs: for each reward by name its keyword arguments, e.g. ``{"max": {"alpha": 0.001}}``.
        for_range: name of the reward for budgets of mode "range".
        for_level: name of the reward for budgets of mode "level".

    Raises:
        ValueError: an unknown reward or knob, or a value outside its range, with key, value and range.

    Example:
        >>> reward = LengthReward(knobs={"exact": {"alpha": 0.001}})
        >>> reward(True, used=612, budget=Budget("exact", 512))
        0.9
    """

    def __init__(
        self,
        for_exact: str = "exact",
        for_max: str = "max",
        knobs: Mapping[str, Mapping[str, Any]] | None = None,
        for_range: str = "exact",
        for_level: str = "exact",
    ) -> None:
        knobs = knobs or {}
        names = {"exact": for_exact, "max": for_max, "range": for_range, "level": for_level}
        for name in knobs:
            if name not in REWARDS:
                raise ValueError(f"{name} is not the name of a reward; it must be one of {', '.join(REWARDS)}")
        self.gated_modes = frozenset(
            mode for mode, name in names.items() if REWARDS[_known(f"for_{mode}", name)].gated
        )
        self._by_mode: dict[str, Callable[..., float]] = {
            mode: partial(REWARDS[name], **_checked(name, knobs.get(name, {}))) for mode, name in names.items()
        }
        for name in set(knobs) - set(names.values()):
            _checked(name, knobs[name])

    def __call__(self, correct: bool, used: int, budget: Budget | None) -> float:
        if budget is None:
            return float(correct)
        return self._by_mode[budget.mode](correct, used, budget.nearest(used))

    def zero_point(self, budget: Budget | None) -> int | None:
        """The smallest n_y >= 1 from which on the reward is 0, right or wrong: whatever is written then is wasted.

        About n_gold + delta / alpha for ``max`` and (1 + margin) * n_gold for ``max_plateau``. ``None`` where length
        never decides alone: the other rewards, no budget, and ``max`` with alpha = 0 < delta.

        Example:
            >>> LengthReward().zero_point(Budget("max", 512))
            1012
        """
        if budget is None or budget.mode not in self.gated_modes:
            return None
        # Asked of the reward, not solved for: rounding can put the zero a token away from the formula's.
        lengths = range(1, _NEVER)
        found = bisect_left(lengths, True, key=lambda used: self(True, used, budget) == 0)
        return lengths[found] if found < len(lengths) else None


def _checked(name: str, knobs: Mapping[str, Any]) -> dict[str, Any]:
    """``knobs`` if the reward takes them; one call with them finds a bad value at start-up, not at step 300."""
    if not isinstance(knobs, Mapping):
        raise ValueError(f"{name} is {knobs!r}; it must give the knobs of that reward by name")
    allowed = REWARDS[name].knobs
    for key, value in knobs.items():
        if key not in allowed:
            raise ValueError(
                f"{name}.{key} is not a knob of the reward {name!r}; it has {', '.join(allowed) or 'none'}"
            )
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name}.{key} is {value!r}; it must be a number")
    try:
        REWARDS[name](True, 1, 1, **knobs)
    except ValueError as error:
        raise ValueError(f"{name}.{error}") from None
    return dict(knobs)


def _known(key: str, name: str) -> str:
    if not isinstance(name, str) or name not in REWARDS:
        raise ValueError(f"{key} is {name!r}; it must be one of {', '.join(REWARDS)}")
    return name


def _require(name: str, value: float, low: float, high: float = math.inf) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        allowed = f">= {low:g}" if high == math.inf else f"in [{low:g}, {high:g}]"
        raise ValueError(f"{name} is {value!r}; it must be {allowed}")


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
