"""How training draws budgets: a pure function of seed, row and draw."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from l1_verl.budget.budgets import MODES, Budget, Mode, require_whole

Distribution = Literal["uniform", "log_uniform", "choices"]

DISTRIBUTIONS: tuple[str, ...] = get_args(Distribution)


@dataclass(frozen=True)
class BudgetSampler:
    """Draws a row's budget, as a pure function of (seed, row id, draw).

    n_gold ~ U_Z(low, high) in the paper, with low = 100 and high = 4000. No global random state takes part, so
    a row gets the same budget in any order, under any number of workers, and after a resume.

    Args:
        distribution: "uniform" (whole numbers in [low, high]), "log_uniform" (the same range, each doubling
            equally likely) or "choices" (one of ``choices``).
        low: smallest budget in tokens, >= 1.
        high: largest budget in tokens, >= low.
        choices: the budgets of "choices", >= 0; unused otherwise.
        modes: weight of each mode, of "zero" (``Budget("exact", 0)``) and of "none" (no budget); weights >= 0, at
            least one > 0. A range lies between two draws; a level is any of ``levels``, each equally likely.
        seed: any whole number.
        levels: the tokens that each level's name stands for, >= 0; needed where "level" has weight.

    Raises:
        ValueError: naming the argument, its value and what is allowed.

    Example:
        >>> sampler = BudgetSampler(low=100, high=4000, seed=0)
        >>> sampler.draw("row-7") == sampler.draw("row-7")
        True
    """

    distribution: Distribution = "uniform"
    low: int = 100
    high: int = 4000
    choices: Sequence[int] | None = None
    modes: Mapping[str, float] = field(default_factory=lambda: {"exact": 1.0})
    seed: int = 0
    levels: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(
                f"budget distribution is {self.distribution!r}; it must be one of {', '.join(DISTRIBUTIONS)}"
            )
        if self.distribution == "choices":
            if not self.choices or not isinstance(self.choices, Sequence) or isinstance(self.choices, str):
                raise ValueError(f"budget choices is {self.choices!r}; it must list at least one number of tokens")
            for tokens in self.choices:
                Budget("exact", tokens)
        else:
            for name, value in (("low", self.low), ("high", self.high)):
                require_whole(name, value, 1)
            if self.low > self.high:
                raise ValueError(f"budget low is {self.low} and high is {self.high}; low must be <= high")
        self._check_modes()
        self._check_levels()
        if self.modes.get("range") and self.distribution == "choices" and 0 in cast(Sequence[int], self.choices):
            raise ValueError(
                "budget modes draws ranges, which begin at 1, but budget choices has 0; draw it with zero"
            )

    def _check_modes(self) -> None:
        if not isinstance(self.modes, Mapping):
            raise ValueError(f"budget modes is {self.modes!r}; it must give weights, such as {{exact: 0.5, max: 0.5}}")
        unknown = set(self.modes) - {*MODES, "zero", "none"}
        if unknown:
            raise ValueError(f"budget modes has {sorted(unknown)}; allowed are {', '.join(MODES)}, zero, none")
        weights = list(self.modes.values())
        wrong = [w for w in weights if isinstance(w, bool) or not isinstance(w, int | float) or not 0 <= w < math.inf]
        if wrong or not sum(weights) > 0:
            raise ValueError(f"budget modes is {dict(self.modes)}; weights must be >= 0 and one of them > 0")

    def _check_levels(self) -> None:
        if self.levels is not None and not isinstance(self.levels, Mapping):
            raise ValueError(f"budget levels is {self.levels!r}; it must give tokens by name, such as {{low: 512}}")
        for name, tokens in (self.levels or {}).items():
            Budget("level", tokens, level=name)
        if self.modes.get("level") and not self.levels:
            raise ValueError("budget modes draws levels, but budget levels names none; set it, such as {low: 512}")

    @property
    def largest(self) -> int:
        """The largest number of tokens that can be drawn."""
        return max(self.choices) if self.distribution == "choices" and self.choices else self.high

    @property
    def draws_zero(self) -> bool:
        """Whether a budget of 0 can be drawn."""
        chosen = self.distribution == "choices" and (self.modes.get("exact") or self.modes.get("max"))
        numbers = [*(self.choices or ())] if chosen else []
        if self.modes.get("level"):
            numbers += (self.levels or {}).values()
        return bool(self.modes.get("zero")) or 0 in numbers

    @property
    def longest_sentences(self) -> list[str]:
        """For each mode and level the longest sentence that it can ask by, whatever the weights."""
        most = self.largest
        budgets = [Budget("exact", most), Budget("max", most)]
        if self.modes.get("range"):
            budgets.append(Budget("range", most, least=most))
        budgets += [Budget("level", tokens, level=name) for name, tokens in (self.levels or {}).items()]
        return [budget.sentence for budget in budgets]

    def draw(self, row_id: str, draw: int = 0) -> Budget | None:
        """The budget of row ``row_id`` in pass ``draw`` over the data; ``None`` where the mode drawn is "none"."""
        # A string seeds through SHA-512: the same on every platform and in every process.
        rng = random.Random(f"{self.seed}/{row_id}/{draw}")
        modes = sorted(self.modes)
        mode = rng.choices(modes, weights=[self.modes[m] for m in modes])[0]
        tokens = self._tokens(rng)
        if mode in ("zero", "none"):
            return Budget("exact", 0) if mode == "zero" else None
        if mode == "level":
            assert self.levels is not None
            level = rng.choice(sorted(self.levels))
            return Budget("level", self.levels[level], level=level)
        if mode == "range":
            other = self._tokens(rng)
            return Budget("range", max(tokens, other), least=min(tokens, other))
        return Budget(cast(Mode, mode), tokens)

    def _tokens(self, rng: random.Random) -> int:
        if self.distribution == "choices":
            assert self.choices is not None
            return rng.choice(self.choices)
        if self.distribution == "uniform":
            return rng.randint(self.low, self.high)
        # Draw on [log low, log(high + 1)) and floor, so that high is as reachable as its neighbours.
        return min(self.high, int(math.exp(rng.uniform(math.log(self.low), math.log(self.high + 1)))))
