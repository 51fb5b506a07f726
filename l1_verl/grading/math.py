"""Algebra by math-verify, for what no rule decides. Only this module imports sympy; call it where it may be killed."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache, wraps
from typing import Any

from latex2sympy2_extended import NormalizationConfig
from math_verify import LatexExtractionConfig, parse, verify
from mpmath.libmp import NoConvergence
from sympy import Basic, Eq, Expr, Float, I, MatrixBase, Rational, Set, Symbol, cos, exp, nsimplify, simplify, sin
from sympy.polys.polyerrors import BasePolynomialError

from l1_verl.grading.numbers import Quantity, parse_number, same_number
from l1_verl.grading.solutions import same_chain, same_solutions

logger = logging.getLogger(__name__)

# math-verify says at each start that its own timeout is off; the pool's is on.
logging.getLogger("math_verify").setLevel(logging.ERROR)

# Relative differences below these are rounding; decimals are rounded more coarsely than algebra is.
_PRECISION, _FLOAT_PRECISION = Rational(1, 10**25), Rational(1, 10**5)

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


class Unparsable(Exception):
    """A gold answer that math-verify cannot read."""


def _unless_sympy_fails(default: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The verdict is ``default`` where sympy cannot handle an expression."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except _SYMPY_FAILS as error:
                logger.debug("sympy failed in %s: %r", function.__name__, error)
                return default

        return guarded

    return decorate


# Functions that math-verify does not know, by others that it does. {} is the argument.
_FUNCTIONS = {
    "csch": r"\frac{1}{\sinh(%s)}", "sech": r"\frac{1}{\cosh(%s)}", "coth": r"\frac{1}{\tanh(%s)}",
    "arccsc": r"\arcsin(\frac{1}{%s})", "arcsec": r"\arccos(\frac{1}{%s})", "arccot": r"\arctan(\frac{1}{%s})",
}  # fmt: skip
_FUNCTION = re.compile(
    rf"\\(?:text\{{)?({'|'.join(_FUNCTIONS)})(?![A-Za-z])\}}? ?(?:\{{([^{{}}]*)\}}|\(([^()]*)\)|(\\?[A-Za-z]+|\d+))"
)
_BARE_NAME = re.compile(r"(?<![\\\w])(sqrt|pi|sin|cos|tan|cot|sec|csc|log|ln|exp|infty|infinity|theta)(?![A-Za-z])")
_BARE_ROOT = re.compile(r"\\sqrt\(([^()]*)\)")
_DEGREES = re.compile(r"(\d+(?:\.\d+)?|\([^()]*\)) ?\^ ?\{\\circ\}")
_TRIGONOMETRIC = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![A-Za-z])")
# A letter with its index and primes; commands and upright words are passed over.
_NAME = re.compile(
    r"\\(?:text|mathbb|mathcal|mathrm|operatorname) ?\{[^{}]*\}|\\[A-Za-z]+|\{[pbBv]?matrix\}"
    r"|([A-Za-z])(?:_(?:\{([^{}]*)\}|([A-Za-z0-9])))?('*)"
)


@lru_cache(maxsize=512)
def parse_expression(text: str) -> Any:
    r"""The sympy expression of a normalised text, or ``None`` where math-verify cannot read it.

    ``R`` and ``r`` are two letters, and so are ``f`` and ``f'``, which math-verify takes for one.
    """
    latex = _BARE_ROOT.sub(r"\\sqrt{\1}", _BARE_NAME.sub(r"\\\1", text))
    latex = latex.replace(r"\infinity", r"\infty").replace("**", "^")
    latex = _FUNCTION.sub(lambda match: _FUNCTIONS[match[1]] % (match[2] or match[3] or match[4]), latex)
    if _TRIGONOMETRIC.search(latex):
        latex = _DEGREES.sub(r"(\1 \\cdot \\frac{\\pi}{180})", latex)
    # Subscripts that math-verify does not know: the sun, and extremes.
    latex = re.sub(r"_\{\s*\\(odot|max|min)\s*\}", r"_{\1}", latex.replace("%", r"\%"))
    latex = _NAME.sub(_distinct, latex)
    found = _parse_latex(latex)
    if not found or not isinstance(found[0], Basic | MatrixBase):
        return None
    # math-verify takes letters for real in some texts and not in others; here one name is one letter.
    expression = found[0].xreplace({letter: Symbol(letter.name) for letter in found[0].free_symbols})
    return _imaginary(expression)


@_unless_sympy_fails(default=())
def _parse_latex(latex: str) -> Sequence[Any]:
    return list(parse(f"${latex}$", _LATEX, fallback_mode="no_fallback", parsing_timeout=None))


def _distinct(match: re.Match[str]) -> str:
    """A capital letter, or one with primes, as a letter that no answer has: z with the other's name for an index."""
    letter, braced, bare, primes = match.groups()
    if letter is None or not (letter.isupper() or primes):
        return match[0]
    index = ("up" if letter.isupper() else "") + "pr" * len(primes) + (braced or bare or "")
    return f"z_{{{letter.lower()}{index}}}"


def _imaginary(expression: Any) -> Any:
    """``i`` is the imaginary unit, unless other letters of its kind say that it counts something."""
    names = {str(symbol): symbol for symbol in expression.free_symbols}
    if "i" not in names or not isinstance(expression, Expr | MatrixBase | Eq):
        return expression
    counts = names.keys() & {"j", "k", "m", "n"}
    if counts and not any(power.exp.has(names["i"]) for power in expression.atoms(exp)) and not _is_euler(expression):
        return expression
    try:
        return expression.subs(names["i"], I)
    except _SYMPY_FAILS:  # a floor or a comparison of something imaginary
        return expression


def _is_euler(expression: Any) -> bool:
    """Whether it is built of sines and cosines, as ``i sin(3k) + cos(3k)`` is."""
    return bool(expression.has(sin) and expression.has(cos))


@_unless_sympy_fails(default=False)
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


@_unless_sympy_fails(default=None)
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
    except _SYMPY_FAILS as error:
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
    """
    letters = sorted(expected.free_symbols | given.free_symbols, key=str)
    if expected.has(Float) or given.has(Float):
        # A decimal stands for itself among letters; alone it may be a rounded value, which math-verify knows.
        expected, given = (
            (nsimplify(side, rational=True) for side in (expected, given)) if letters else (expected, given)
        )
    agreeing = 0
    for point, real_only in _points(letters):
        same = _same_value(expected.subs(point), given.subs(point), real_only=real_only)
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
    return Rational(random.Random(1_000 * seed + letter).randint(300, 3_000), 997)


@_unless_sympy_fails(default=None)
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


@_unless_sympy_fails(default=False)
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
    letters = sorted(expected.free_symbols, key=str)
    found = [ratio.subs(point).evalf(_DIGITS) for point, real_only in _points(letters) if not real_only]
    known = [value for value in found if value.is_number and value.is_finite and value != 0]
    if len(known) >= len(_SEEDS) - 1:
        first = known[0]
        return all(abs(value - first).evalf() <= abs(first).evalf() * _PRECISION for value in known[1:])
    simple = simplify(ratio)
    return bool(simple.is_number and simple.is_finite and simple != 0)


def _is_solved(equation: Any) -> bool:
    """``x = 2``: a letter alone on one side, a number on the other."""
    sides = (equation.lhs, equation.rhs)
    return any(isinstance(one, Symbol) and other.is_number for one, other in (sides, sides[::-1]))


def is_expression(text: str) -> bool:
    """Whether math-verify reads a normalised text and takes it for equal to itself."""
    parsed = parse_expression(text)
    return parsed is not None and verify(parsed, parsed, timeout_seconds=None)
