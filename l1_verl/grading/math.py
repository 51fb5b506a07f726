"""Algebra by math-verify, for what no rule decides. Only this module imports sympy; call it where it may be killed."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

from latex2sympy2_extended import NormalizationConfig
from math_verify import LatexExtractionConfig, parse, verify
from sympy import Basic, MatrixBase

# math-verify says at each start that its own timeout is off; the pool's is on.
logging.getLogger("math_verify").setLevel(logging.ERROR)

# LaTeX only: math-verify's plain-expression path ends in sympy's parse_expr, which evaluates Python.
_LATEX = (
    LatexExtractionConfig(
        boxed_match_priority=-1,
        normalization_config=NormalizationConfig(
            basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none", equations=False
        ),
    ),
)


class Unparsable(ValueError):
    """A gold answer that math-verify cannot read."""


@lru_cache(maxsize=512)
def parse_expression(text: str) -> Any:
    r"""The sympy expression of a normalised text, or ``None`` where math-verify cannot read it."""
    latex = re.sub(
        r"(?<![\\\w])(sqrt|pi|sin|cos|tan|cot|sec|csc|log|ln|infty|infinity|theta)(?![A-Za-z])", r"\\\1", text
    )
    latex = re.sub(r"\\sqrt\(([^()]*)\)", r"\\sqrt{\1}", latex).replace(r"\infinity", r"\infty").replace("**", "^")
    latex = latex.replace("%", r"\%")
    found = parse(f"${latex}$", _LATEX, fallback_mode="no_fallback", parsing_timeout=None)
    return found[0] if found and isinstance(found[0], Basic | MatrixBase) else None


def same_expression(answer: str, gold: str) -> bool:
    r"""Whether math-verify takes two normalised expressions for the same one.

    Raises:
        Unparsable: the gold cannot be read, so nothing can be said about the answer.

    Example:
        >>> same_expression(r"1/\sqrt{2}", r"\frac{\sqrt{2}}{2}")
        True
    """
    expected = parse_expression(gold)
    if expected is None:
        raise Unparsable(gold)
    given = parse_expression(answer)
    return given is not None and verify(expected, given, timeout_seconds=None)


def is_expression(text: str) -> bool:
    """Whether math-verify reads a normalised text and takes it for equal to itself."""
    parsed = parse_expression(text)
    return parsed is not None and verify(parsed, parsed, timeout_seconds=None)
