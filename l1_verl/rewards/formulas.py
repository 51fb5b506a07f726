"""Length rewards: pure functions of (correct, used, budget).

c is the correctness of the answer, n_gold the budget and n_y the tokens used (thinking, solution and EOS, or the
thinking alone). :data:`REWARDS` lists them with their formulas. L1 is arXiv 2503.04697.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass


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


def _require(name: str, value: float, low: float, high: float = math.inf) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        allowed = f">= {low:g}" if high == math.inf else f"in [{low:g}, {high:g}]"
        raise ValueError(f"{name} is {value!r}; it must be {allowed}")


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
