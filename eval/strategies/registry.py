"""Strategies by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eval.strategies import Steps
from eval.strategies.forcing import hard_cap, s1_truncate, s1_wait, thinking_cap
from eval.strategies.plain import plain
from eval.strategies.s1_paper import s1_paper

STRATEGIES: Mapping[str, Callable[..., Steps]] = {
    "plain": plain,
    "hard-cap": hard_cap,
    "thinking-cap": thinking_cap,
    "s1-truncate": s1_truncate,
    "s1-wait": s1_wait,
    "s1-paper": s1_paper,
}
