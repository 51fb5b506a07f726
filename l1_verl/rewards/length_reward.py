"""The reward of a sample, picked by its budget's mode."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from l1_verl.budget import Budget
from l1_verl.rewards.formulas import REWARDS

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
