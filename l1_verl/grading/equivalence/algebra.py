"""Algebra, for what no rule decides: sets of solutions, equations, values at points, and math-verify last.

Call it where it may be killed.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from math_verify import verify
from sympy import Eq, Expr, Float, MatrixBase, Rational, Set, Symbol, nsimplify, simplify

from l1_verl.grading.equivalence.latex import (
    POINT_DENOMINATOR,
    SYMPY_FAILS,
    has_odd_root,
    parse_expression,
    real_roots,
    unless_sympy_fails,
)
from l1_verl.grading.equivalence.numbers import Quantity, parse_number, same_number
from l1_verl.grading.equivalence.solutions import same_chain, same_solutions

logger = logging.getLogger(__name__)


# Relative differences below these are rounding; decimals are rounded more coarsely than algebra is.
_PRECISION, _FLOAT_PRECISION = Rational(1, 10**25), Rational(1, 10**5)


class Unparsable(Exception):
    """A gold answer that math-verify cannot read."""


@unless_sympy_fails(default=False)
def same_expression(answer: str, gold: str) -> bool:
    r"""Whether two normalised texts are the same expression, equation or set of solutions.

    Raises:
        Unparsable: the gold cannot be read, so nothing can be said about the answer.

    Example:
        >>> same_expression(r"1/\sqrt{2}", r"\frac{\sqrt{2}}{2}"), same_expression("2 < x < 3", "(2, 3)")
        (True, True)
    """
    if same_chain(answer, gold):
        return True
    as_sets = _same_sets(answer, gold)
    if as_sets is not None:
        return as_sets
    decimal = _compare_decimal(answer, gold)
    if decimal is not None:
        return decimal
    expected = parse_expression(gold)
    if expected is None:
        raise Unparsable(gold)
    given = parse_expression(answer)
    if isinstance(expected, Eq) and isinstance(given, Eq):
        return _same_equation(expected, given)
    if isinstance(expected, Expr) and isinstance(given, Expr):
        agree = values_agree(expected, given)
        return bool(verify(expected, given, timeout_seconds=None)) if agree is None else agree
    if isinstance(expected, MatrixBase) and isinstance(given, MatrixBase):
        return bool(verify(expected, given, timeout_seconds=None))
    # Sets of the same kind may be written in two ways; a relation of numbers alone is true or false, and no answer.
    return isinstance(expected, Set) and isinstance(given, Set) and bool(expected == given)


def _compare_decimal(answer: str, gold: str) -> bool | None:
    """A decimal against another way to write a number, by the rule for two decimals (:func:`numbers.same_number`)."""
    for text, other in ((answer, gold), (gold, answer)):
        decimal = parse_number(text)
        if decimal is not None and decimal.decimals and not decimal.percent:
            expression = parse_expression(other)
            return None if expression is None else _equals_decimal(expression, decimal)
    return None


@unless_sympy_fails(default=None)
def _equals_decimal(expression: Any, decimal: Quantity) -> bool | None:
    if not isinstance(expression, Expr) or not expression.is_number or expression.has(Float):
        return None
    value = expression if expression.is_Rational else expression.evalf(_DIGITS)
    if not value.is_real or not value.is_finite:
        return False
    exact = Rational(value)
    return same_number(Quantity(Fraction(int(exact.p), int(exact.q))), decimal)


def _same_sets(answer: str, gold: str) -> bool | None:
    try:
        return same_solutions(answer, gold, parse_expression)
    except SYMPY_FAILS as error:
        logger.debug("sympy found no solutions of %r or %r: %r", answer, gold, error)
        return None


# Points at which expressions are compared; with two signs besides.
_SEEDS = (37, 53, 71, 89)
_DIGITS = 40


def values_agree(expected: Expr, given: Expr) -> bool | None:
    """Whether two expressions have the same values; ``None`` where that does not show.

    They are compared at points where all letters are positive, where the values may be complex, and at points with
    negative ones, where both must be real. Three points that agree, and none that does not, are taken for equality:
    an identity on the positive reals, such as log(a^2 b) = 2 log(a) + log(b), is one, while abs(x) is not x.
    Numbers alone are compared once, to 40 digits.

    An odd root of what is negative at a point is complex, or real: the values may agree in either reading.
    """
    letters = sorted(expected.free_symbols | given.free_symbols, key=str)
    if expected.has(Float) or given.has(Float):
        # A decimal stands for itself among letters; alone it may be a rounded value, which math-verify knows.
        expected, given = (
            (nsimplify(side, rational=True) for side in (expected, given)) if letters else (expected, given)
        )
    agree = _agree(expected, given, letters, lambda value: value)
    if agree or not letters or not (has_odd_root(expected) or has_odd_root(given)):
        return agree
    return _agree(expected, given, letters, real_roots) or agree


def _agree(expected: Expr, given: Expr, letters: Sequence[Any], read: Callable[[Any], Any]) -> bool | None:
    agreeing = 0
    for point, real_only in _points(letters):
        same = _same_value(read(expected.subs(point)), read(given.subs(point)), real_only=real_only)
        if same is False:
            return False
        agreeing += bool(same)
    if not letters:
        return True if agreeing and not (expected.has(Float) or given.has(Float)) else None
    return True if agreeing >= len(_SEEDS) - 1 else None


def _points(letters: Sequence[Any]) -> Iterator[tuple[dict[Any, Rational], bool]]:
    if not letters:
        yield {}, False
        return
    for seed in _SEEDS:
        yield {letter: _coordinate(seed, n) for n, letter in enumerate(letters)}, False
    for sign in (-1, 1):
        yield {letter: sign * (-1) ** n * _coordinate(41 + sign, n) for n, letter in enumerate(letters)}, True


def _coordinate(seed: int, letter: int) -> Rational:
    """A positive number, with no simple relation to those of other letters and points."""
    return Rational(random.Random(1_000 * seed + letter).randint(300, 3_000), POINT_DENOMINATOR)


@unless_sympy_fails(default=None)
def _same_value(expected: Any, given: Any, *, real_only: bool) -> bool | None:
    a, b = expected.doit(), given.doit()
    if a.is_Rational and b.is_Rational:
        return bool(a == b)
    precision = _FLOAT_PRECISION if a.has(Float) or b.has(Float) else _PRECISION
    a, b = a.evalf(_DIGITS), b.evalf(_DIGITS)
    if not (a.is_number and b.is_number and a.is_finite and b.is_finite):
        return None
    if real_only and not (a.is_real and b.is_real):
        return None
    difference, scale = abs(a - b).evalf(_DIGITS), abs(a).evalf(_DIGITS) + abs(b).evalf(_DIGITS)
    if not (difference.is_finite and scale.is_finite):
        return None
    if _is_noise(a) and _is_noise(b):
        return True
    if _is_noise(a) or _is_noise(b):
        return bool(scale < _PRECISION) if scale < _PRECISION**2 else False
    return bool(difference <= scale * precision)


def _is_noise(value: Any) -> bool:
    """Zero, or what is left of it where terms cancel: sympy then knows no digit of the result."""
    return bool(value == 0 or (isinstance(value, Float) and value._prec <= 4))


@unless_sympy_fails(default=False)
def _same_equation(expected: Any, given: Any) -> bool:
    """The same up to a constant factor; a gold that is solved, as x = 2 is, is met by a solved equation only."""
    if not expected.free_symbols or expected.free_symbols != given.free_symbols:
        return False
    if _is_solved(expected) and not _is_solved(given):
        return False
    a, b = expected.lhs - expected.rhs, given.lhs - given.rhs
    if a == 0 or b == 0:
        return bool(a == b)
    ratio = a / b
    constant = _is_constant(ratio, lambda value: value)
    if constant is False and has_odd_root(ratio):
        constant = _is_constant(ratio, real_roots)
    if constant is not None:
        return constant
    simple = simplify(ratio)
    return bool(simple.is_number and simple.is_finite and simple != 0)


def _is_constant(ratio: Any, read: Callable[[Any], Any]) -> bool | None:
    """Whether ``ratio`` has one value at all points; ``None`` where too few values are known."""
    letters = sorted(ratio.free_symbols, key=str)
    found = [read(ratio.subs(point)).evalf(_DIGITS) for point, real_only in _points(letters) if not real_only]
    known = [value for value in found if value.is_number and value.is_finite and value != 0]
    if len(known) < len(_SEEDS) - 1:
        return None
    return all(abs(value - known[0]).evalf() <= abs(known[0]).evalf() * _PRECISION for value in known[1:])


def _is_solved(equation: Any) -> bool:
    """``x = 2``: a letter alone on one side, a number on the other."""
    sides = (equation.lhs, equation.rhs)
    return any(isinstance(one, Symbol) and other.is_number for one, other in (sides, sides[::-1]))


def is_expression(text: str) -> bool:
    """Whether math-verify reads a normalised text and takes it for equal to itself."""
    parsed = parse_expression(text)
    return parsed is not None and verify(parsed, parsed, timeout_seconds=None)
