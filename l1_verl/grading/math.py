"""Algebra by math-verify, for what no rule decides. Only this module imports sympy; call it where it may be killed."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from latex2sympy2_extended import NormalizationConfig
from math_verify import LatexExtractionConfig, parse, verify
from mpmath.libmp import NoConvergence
from sympy import Basic, Eq, Expr, Float, I, MatrixBase, Rational, simplify, solve
from sympy.polys.polyerrors import BasePolynomialError

logger = logging.getLogger(__name__)

# math-verify says at each start that its own timeout is off; the pool's is on.
logging.getLogger("math_verify").setLevel(logging.ERROR)

# Relative differences below these are rounding; decimals are rounded more coarsely than algebra is.
_PRECISION, _FLOAT_PRECISION = Rational(1, 10**12), Rational(1, 10**5)

# LaTeX only: math-verify's plain-expression path ends in sympy's parse_expr, which evaluates Python.
_LATEX = (
    LatexExtractionConfig(
        boxed_match_priority=-1,
        normalization_config=NormalizationConfig(
            basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none", equations=False
        ),
    ),
)


# sympy has no error class of its own for an expression it cannot handle.
_SYMPY_FAILS = (
    *(TypeError, ValueError, ArithmeticError, NotImplementedError, AttributeError, LookupError, AssertionError),
    *(BasePolynomialError, NoConvergence),
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
    # Subscripts that math-verify does not know: the sun, and extremes.
    latex = re.sub(r"_\{\s*\\(odot|max|min)\s*\}", r"_{\1}", latex.replace("%", r"\%"))
    found = parse(f"${latex}$", _LATEX, fallback_mode="no_fallback", parsing_timeout=None)
    return _imaginary(found[0]) if found and isinstance(found[0], Basic | MatrixBase) else None


def _imaginary(expression: Any) -> Any:
    """``i`` is the imaginary unit, unless other letters of its kind say that it counts something."""
    names = {str(symbol): symbol for symbol in expression.free_symbols}
    if "i" not in names or names.keys() & {"j", "k", "m", "n"} or not isinstance(expression, Expr | MatrixBase):
        return expression
    try:
        return expression.subs(names["i"], I)
    except _SYMPY_FAILS:  # a floor or a comparison of something imaginary
        return expression


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
    if given is None or _values_differ(expected, given):
        return False
    same = verify(expected, given, timeout_seconds=None)
    # Two equations without solutions have the same ones, which math-verify takes for equal.
    return same and (_same_equation(expected, given) if isinstance(expected, Eq) and isinstance(given, Eq) else True)


def _unless_sympy_fails(default: bool) -> Callable[[Callable[..., bool]], Callable[..., bool]]:
    """The verdict is ``default`` where sympy cannot handle an expression."""

    def decorate(function: Callable[..., bool]) -> Callable[..., bool]:
        @wraps(function)
        def guarded(*args: Any) -> bool:
            try:
                return function(*args)
            except _SYMPY_FAILS as error:
                logger.debug("sympy failed in %s: %r", function.__name__, error)
                return default

        return guarded

    return decorate


@_unless_sympy_fails(default=False)
def _values_differ(expected: Any, given: Any) -> bool:
    """Whether two expressions in the same symbols have different values at a point.

    It spares most wrong answers a simplification, and catches what math-verify takes for equal because the values are
    tiny: it compares to a fixed number of decimals.
    """
    if not (isinstance(expected, Expr) and isinstance(given, Expr)) or expected.free_symbols != given.free_symbols:
        return False
    at = {symbol: Rational(37 + 10 * n, 29) for n, symbol in enumerate(sorted(expected.free_symbols, key=str))}
    a, b = expected.subs(at).doit(), given.subs(at).doit()
    if a.is_Rational and b.is_Rational:
        return bool(a != b)
    precision = _FLOAT_PRECISION if a.has(Float) or b.has(Float) else _PRECISION
    a, b = a.evalf(30), b.evalf(30)
    difference, scale = abs(a - b).evalf(30), abs(a).evalf(30) + abs(b).evalf(30)
    return bool(difference.is_finite and scale.is_finite and difference > scale * precision)


@_unless_sympy_fails(default=False)
def _same_equation(expected: Any, given: Any) -> bool:
    """The same up to a constant factor, or with the same solutions, of which there is at least one."""
    a, b = expected.lhs - expected.rhs, given.lhs - given.rhs
    if a == 0 or b == 0:
        return bool(a == b)
    ratio = simplify(a / b)
    return bool(ratio.is_number) or bool(solve(expected, expected.free_symbols))


def is_expression(text: str) -> bool:
    """Whether math-verify reads a normalised text and takes it for equal to itself."""
    parsed = parse_expression(text)
    return parsed is not None and verify(parsed, parsed, timeout_seconds=None)
