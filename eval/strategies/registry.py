"""Strategies by name, each with the options that it takes."""

from __future__ import annotations

from collections.abc import Mapping

from eval.strategies import Strategy
from eval.strategies.forcing import hard_cap, s1_truncate, s1_wait, thinking_cap
from eval.strategies.plain import plain
from eval.strategies.s1_paper import s1_paper

_ALL = {"max_budget_multiple": None}
_FORCING = _ALL | {"answer_tokens": 32, "max_waits": 100}

STRATEGIES: Mapping[str, Strategy] = {
    "plain": Strategy(plain, _ALL, continues=False),
    "hard-cap": Strategy(hard_cap, _FORCING),
    "thinking-cap": Strategy(thinking_cap, {"solution_tokens": None}),
    "s1-truncate": Strategy(s1_truncate, _FORCING),
    "s1-wait": Strategy(s1_wait, _FORCING),
    "s1-paper": Strategy(s1_paper, _ALL),
}

#: Every option that some strategy takes.
OPTIONS = tuple(dict.fromkeys(name for strategy in STRATEGIES.values() for name in strategy.options))


def options_of(name: str, given: Mapping[str, float | None]) -> dict[str, float | None]:
    """The options of strategy ``name``: as given, or its defaults.

    Args:
        name: of the strategy.
        given: values of ``OPTIONS``, None where the user gave none.

    Raises:
        ValueError: an option is given that the strategy has no use for.
    """
    own = STRATEGIES[name].options
    for option, value in given.items():
        if value is not None and option not in own:
            takers = ", ".join(other for other, strategy in STRATEGIES.items() if option in strategy.options)
            raise ValueError(
                f"{flag(option)} is {value}, which --strategy {name} has no use for (it takes "
                f"{', '.join(map(flag, own))}); use --strategy {takers}"
            )
    return {option: default if given[option] is None else given[option] for option, default in own.items()}


def flag(option: str) -> str:
    """An option as it is written on the command line.

    Example:
        >>> flag("max_waits")
        '--max-waits'
    """
    return f"--{option.replace('_', '-')}"
