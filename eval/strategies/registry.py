"""Strategies by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eval.strategies import Steps
from eval.strategies.plain import plain

STRATEGIES: Mapping[str, Callable[..., Steps]] = {"plain": plain}
