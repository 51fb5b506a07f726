"""Thinking budgets: what a prompt asks for, and how training draws it.

A budget is the number n_gold of L1 (arXiv 2503.04697) together with how it is meant: "exact" (use about
that many tokens, LCPO-Exact) or "max" (use at most that many, LCPO-Max). No budget at all is ``None``.
"""

from __future__ import annotations

import math
import numbers
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

Mode = Literal["exact", "max"]
Distribution = Literal["uniform", "log_uniform", "choices"]

MODES: tuple[str, ...] = get_args(Mode)
DISTRIBUTIONS: tuple[str, ...] = get_args(Distribution)

# The sentences the published L1 checkpoints were trained on.
_SENTENCES: dict[Mode, str] = {"exact": "Think for {tokens} tokens.", "max": "Think for maximum {tokens} tokens."}
_ASKED = {
    mode: re.compile(r"\s*" + re.escape(sentence).replace(r"\{tokens\}", r"(\d[\d,]*)"))
    for mode, sentence in _SENTENCES.items()
}


@dataclass(frozen=True)
class Budget:
    """A thinking budget n_gold and how it is meant.

    Args:
        mode: "exact" or "max".
        tokens: n_gold >= 1, in tokens of the model's own tokenizer, thinking and solution together, unless
            ``reward_kwargs.count`` says otherwise.

    Raises:
        ValueError: an unknown mode, or tokens that are not a whole number >= 1.

    Example:
        >>> Budget("max", 512).sentence
        'Think for maximum 512 tokens.'
    """

    mode: Mode
    tokens: int

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"budget mode is {self.mode!r}; it must be one of {', '.join(MODES)}")
        if isinstance(self.tokens, bool) or not isinstance(self.tokens, int) or self.tokens < 1:
            raise ValueError(f"budget tokens is {self.tokens!r}; it must be a whole number >= 1")

    @property
    def sentence(self) -> str:
        """The sentence that asks for this budget."""
        return _SENTENCES[self.mode].format(tokens=self.tokens)

    def append_to(self, text: str) -> str:
        """``text`` and the sentence, joined by a single space (L1, section 3)."""
        return f"{text} {self.sentence}"

    def to_dict(self) -> dict[str, Any]:
        """The form a parquet row carries in ``extra_info.budget``."""
        return {"mode": self.mode, "tokens": self.tokens}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any] | None) -> Budget | None:
        """Reads ``extra_info.budget``: ``{"mode", "tokens"}``, or ``None`` for no budget.

        Raises:
            ValueError: a key is missing or holds a value that no budget can have.
        """
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise ValueError(f"budget is {value!r:.60}; it must hold mode and tokens, or be null for none")
        missing = {"mode", "tokens"} - set(value)
        if missing:
            raise ValueError(f"budget {dict(value)!r} lacks {', '.join(sorted(missing))}")
        tokens = value["tokens"]
        return cls(value["mode"], int(tokens) if _is_whole(tokens) else tokens)


def with_budget(messages: Sequence[Mapping[str, Any]], budget: Budget | None) -> list[dict[str, Any]]:
    """A conversation that asks for ``budget`` after its last message; as it is where there is none.

    Example:
        >>> with_budget([{"role": "user", "content": "What is 1+1?"}], Budget("max", 512))
        [{'role': 'user', 'content': 'What is 1+1? Think for maximum 512 tokens.'}]
    """
    asked = [dict(message) for message in messages]
    if budget is not None:
        asked[-1]["content"] = budget.append_to(asked[-1]["content"])
    return asked


def budget_in(text: str) -> Budget | None:
    """The budget that a prompt asks for in the words of :attr:`Budget.sentence`; the last one where there are several.

    Example:
        >>> budget_in("What is 1+1? Think for maximum 512 tokens.")
        Budget(mode='max', tokens=512)
    """
    found = [(match.start(), mode, match[1]) for mode, form in _ASKED.items() for match in form.finditer(text)]
    if not found:
        return None
    _, mode, number = max(found)
    tokens = int(number.replace(",", ""))
    return Budget(mode, tokens) if tokens > 0 else None


def without_budget(text: str) -> str:
    """A prompt without the sentence of a budget, so that a problem is the same under every budget.

    Example:
        >>> without_budget("What is 1+1? Think for 512 tokens.")
        'What is 1+1?'
    """
    for form in _ASKED.values():
        text = form.sub("", text)
    return text


def _is_whole(value: Any) -> bool:
    """True for 512, numpy's 512 and pandas' 512.0, which is what a nullable integer column turns into."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and float(value).is_integer()


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
        choices: the budgets of "choices"; unused otherwise.
        modes: weight of "exact", "max" and "none" (no budget); weights >= 0, at least one > 0.
        seed: any whole number.

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
                if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                    raise ValueError(f"budget {name} is {value!r}; it must be a whole number >= 1")
            if self.low > self.high:
                raise ValueError(f"budget low is {self.low} and high is {self.high}; low must be <= high")
        self._check_modes()

    def _check_modes(self) -> None:
        if not isinstance(self.modes, Mapping):
            raise ValueError(f"budget modes is {self.modes!r}; it must give weights, such as {{exact: 0.5, max: 0.5}}")
        unknown = set(self.modes) - {*MODES, "none"}
        if unknown:
            raise ValueError(f"budget modes has {sorted(unknown)}; allowed are {', '.join(MODES)}, none")
        weights = list(self.modes.values())
        wrong = [w for w in weights if isinstance(w, bool) or not isinstance(w, int | float) or not 0 <= w < math.inf]
        if wrong or not sum(weights) > 0:
            raise ValueError(f"budget modes is {dict(self.modes)}; weights must be >= 0 and one of them > 0")

    @property
    def largest(self) -> int:
        """The largest budget that can be drawn."""
        return max(self.choices) if self.distribution == "choices" and self.choices else self.high

    def draw(self, row_id: str, draw: int = 0) -> Budget | None:
        """The budget of row ``row_id`` in pass ``draw`` over the data; ``None`` where the mode drawn is "none"."""
        # A string seeds through SHA-512: the same on every platform and in every process.
        rng = random.Random(f"{self.seed}/{row_id}/{draw}")
        modes = sorted(self.modes)
        mode = rng.choices(modes, weights=[self.modes[m] for m in modes])[0]
        tokens = self._tokens(rng)
        return None if mode == "none" else Budget(cast(Mode, mode), tokens)

    def _tokens(self, rng: random.Random) -> int:
        if self.distribution == "choices":
            assert self.choices is not None
            return rng.choice(self.choices)
        if self.distribution == "uniform":
            return rng.randint(self.low, self.high)
        # Draw on [log low, log(high + 1)) and floor, so that high is as reachable as its neighbours.
        return min(self.high, int(math.exp(rng.uniform(math.log(self.low), math.log(self.high + 1)))))
