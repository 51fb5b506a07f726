"""LaTeX into sympy by math-verify, with names kept apart that it takes for one. Call it where it may be killed."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any

from latex2sympy2_extended import NormalizationConfig
from math_verify import LatexExtractionConfig, parse
from mpmath.libmp import NoConvergence
from sympy import Basic, Eq, Expr, I, MatrixBase, Pow, Rational, Symbol, cos, exp, sin
from sympy.polys.polyerrors import BasePolynomialError

logger = logging.getLogger(__name__)

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
#: Values of letters are fractions over this prime (``algebra``), so that a letter in an exponent is taken for no root.
POINT_DENOMINATOR = 997
# sympy has no error class of its own for an expression it cannot handle.
SYMPY_FAILS = (
    *(TypeError, ValueError, ArithmeticError, NotImplementedError, AttributeError, LookupError, AssertionError),
    *(BasePolynomialError, NoConvergence),
)
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


def unless_sympy_fails(default: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The verdict is ``default`` where sympy cannot handle an expression."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except SYMPY_FAILS as error:
                logger.debug("sympy failed in %s: %r", function.__name__, error)
                return default

        return guarded

    return decorate


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
    return real_roots(_imaginary(expression))


@unless_sympy_fails(default=())
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
    except SYMPY_FAILS:  # a floor or a comparison of something imaginary
        return expression


def real_roots(expression: Any) -> Any:
    """``expression`` with the real root for every odd root of a negative number, where sympy takes a complex one."""
    if not any(_is_negative_root(power) for power in expression.atoms(Pow)):
        return expression
    return expression.replace(_is_negative_root, lambda power: (-1) ** power.exp.p * (-power.base) ** power.exp)


def has_odd_root(expression: Any) -> bool:
    """Whether ``expression`` takes an odd root of anything."""
    return any(_is_odd_root(power) for power in expression.atoms(Pow))


def _is_odd_root(expression: Any) -> bool:
    exponent = getattr(expression, "exp", None)
    if not isinstance(expression, Pow) or not isinstance(exponent, Rational):
        return False
    return exponent.q > 1 and exponent.q % 2 == 1 and exponent.q % POINT_DENOMINATOR != 0


def _is_negative_root(expression: Any) -> bool:
    return _is_odd_root(expression) and bool(expression.base.is_negative)


def _is_euler(expression: Any) -> bool:
    """Whether it is built of sines and cosines, as ``i sin(3k) + cos(3k)`` is."""
    return bool(expression.has(sin) and expression.has(cos))
