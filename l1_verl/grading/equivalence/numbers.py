"""Numbers as people write them, read exactly: no float takes part, so no rounding decides a grade."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

# A power of ten beyond this is not an answer, and would cost memory to hold exactly.
_MAX_EXPONENT = 400
_MAX_DIGITS = 300
# A decimal with this many significant digits also stands for any more precise value that rounds to it.
_ROUNDED_DIGITS = 5
# Digits that Python prints for a float where fewer would not do.
_FLOAT_DIGITS = 15

_DECIMAL = r"(?:\d{1,3}(?:,\s?\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)"
_NUMBER = re.compile(rf"^([+-]?)\s*({_DECIMAL})$")
# A comma in brackets separates: (4,112) is a pair.
_BRACKETED = re.compile(r"^\(([^(),]*)\)$")
_SPACED = re.compile(r"^[+-]?\d{1,3}(?: \d{3})+(?:\.\d+)?$")
_SCIENTIFIC = re.compile(
    rf"^([+-]?\s*{_DECIMAL})\s*(?:(?:\\times|\\cdot|\*)\s*10\s*\^\s*(?:\{{\s*([+-]?\d+)\s*\}}|(\d)|\(([+-]?\d+)\))"
    r"|[eE]\s*([+-]?\d+))$"
)
_POWER_OF_TEN = re.compile(r"^([+-]?)10\s*\^\s*(?:\{\s*([+-]?\d+)\s*\}|(\d))$")
_SLASH = re.compile(rf"^([+-]?)\s*\(?([+-]?\s*{_DECIMAL})\s*/\s*([+-]?{_DECIMAL})\)?$")
_FRAC = re.compile(r"^([+-]?)\s*(\d*)\s*\\frac\s*\{\s*([+-]?[\d.,]+)\s*\}\s*\{\s*([+-]?[\d.,]+)\s*\}$")
_REPEATING = re.compile(r"^([+-]?)(\d*)\.(\d*)(?:\\(?:overline|bar)\s*\{\s*(\d+)\s*\}|\((\d+)\))$")
_DOTTED = re.compile(r"^([+-]?\d*\.\d*)\\dot\s*\{?\s*(\d)\s*\}?(?:(\d*)\\dot\s*\{?\s*(\d)\s*\}?)?$")
_CONTINUED = re.compile(r"^([+-]?)(\d*)\.(\d{2,40}?)\s*\.\.\.$")
_MIXED = re.compile(r"^([+-]?)(\d+)\s+(\d+)/(\d+)$")


@dataclass(frozen=True)
class Quantity:
    """An exact value and how it was written: its decimals (``None`` for a fraction) and significant digits."""

    value: Fraction
    decimals: int | None = None
    digits: int = 0
    percent: bool = False


def parse_number(text: str) -> Quantity | None:
    r"""The number that a normalised text is, or ``None`` where it is something else.

    Reads signs, thousands separators, decimals, powers of ten, ``a/b``, ``\frac``, mixed numbers, percent, and
    ``0.\overline{3}``.

    Example:
        >>> parse_number("1,234.50").value == parse_number(r"\frac{2469}{2}").value
        True
    """
    text = text.strip()
    if len(text) > _MAX_DIGITS or not any(char.isdigit() for char in text):
        return None
    if text.endswith("%"):
        inner = parse_number(text[:-1])
        return Quantity(inner.value, inner.decimals, inner.digits, percent=True) if inner else None
    if text.startswith("- ") or text.startswith("+ "):
        text = text[0] + text[2:]
    return _parse_decimal(text) or _parse_scientific(text) or _parse_fraction(text) or _parse_repeating(text)


def _parse_decimal(text: str) -> Quantity | None:
    text = _BRACKETED.sub(r"\1", text).strip()
    match = _NUMBER.match(text.replace(" ", "") if _SPACED.match(text) else text)
    if match is None:
        return None
    digits = re.sub(r"[,\s]", "", match.group(2))
    whole, _, fraction = digits.partition(".")
    value = Fraction(int((whole + fraction) or "0"), 10 ** len(fraction))
    significant = len((whole + fraction).lstrip("0"))
    return Quantity(-value if match.group(1) == "-" else value, len(fraction), significant)


def _parse_scientific(text: str) -> Quantity | None:
    match = _POWER_OF_TEN.match(text)
    if match:
        mantissa, exponents = Quantity(Fraction(-1 if match.group(1) == "-" else 1), 0, 1), match.groups()[1:]
    else:
        match = _SCIENTIFIC.match(text)
        parsed = _parse_decimal(re.sub(r"\s", "", match.group(1))) if match else None
        if match is None or parsed is None:
            return None
        mantissa, exponents = parsed, match.groups()[1:]
    exponent = int(next(group for group in exponents if group is not None))
    if abs(exponent) > _MAX_EXPONENT:
        return None
    return Quantity(mantissa.value * Fraction(10) ** exponent, (mantissa.decimals or 0) - exponent, mantissa.digits)


def _parse_fraction(text: str) -> Quantity | None:
    mixed = _MIXED.match(text)
    if mixed:
        sign, whole, top, bottom = mixed.groups()
        return _ratio(sign, whole, Fraction(int(top)), Fraction(int(bottom)))
    match = _FRAC.match(text)
    sign, whole = (match.group(1), match.group(2)) if match else ("", "0")
    if match is None:
        match = _SLASH.match(text)
        if match is None:
            return None
        sign = match.group(1)
    top_part, bottom_part = (_parse_decimal(re.sub(r"\s", "", part)) for part in match.groups()[-2:])
    if top_part is None or bottom_part is None:
        return None
    return _ratio(sign, whole or "0", top_part.value, bottom_part.value)


def _parse_repeating(text: str) -> Quantity | None:
    dotted = _DOTTED.match(text)
    if dotted:
        before, first, between, last = dotted.groups()
        text = rf"{before}\overline{{{first}{between or ''}{last or ''}}}"
    match = _REPEATING.match(text)
    found = (*match.groups()[:3], match.group(4) or match.group(5)) if match else repeating_decimal(text)
    if found is None:
        return None
    sign, whole, fraction, period = found
    fixed, once = int((whole + fraction) or "0"), int(whole + fraction + period)
    value = Fraction(once - fixed, 10 ** len(fraction) * (10 ** len(period) - 1))
    return Quantity(-value if sign == "-" else value)


def repeating_decimal(text: str) -> tuple[str, str, str, str] | None:
    """Sign, whole part, fixed decimals and period of ``0.333...``; ``None`` where no period shows, as in 3.14159...

    One digit must stand three times at the end, and a longer period fill all decimals twice or stand three times.
    """
    match = _CONTINUED.match(text)
    if match is None:
        return None
    sign, whole, decimals = match.groups()
    for length in range(1, len(decimals) // 2 + 1):
        period = decimals[-length:]
        times = 2 if length > 1 and decimals == 2 * period else 3
        if decimals.endswith(period * times):
            fixed = decimals
            while fixed.endswith(period):
                fixed = fixed.removesuffix(period)
            return sign, whole, fixed, period
    return None


def _ratio(sign: str, whole: str, top: Fraction, bottom: Fraction) -> Quantity | None:
    if bottom == 0:
        return None
    value = int(whole) + top / bottom
    return Quantity(-value if sign == "-" else value)


def same_number(answer: Quantity, gold: Quantity) -> bool:
    r"""Whether two numbers are the same answer.

    Exactly equal; or one is a decimal of at least five significant digits and the other, more precise, rounds to it
    (3.14159 for 3.1416, not 3.142 for 3.14); a percent sign on one side only may be read as "in percent" (10% for 10)
    or as a hundredth (10% for 0.1), but a number without it is never scaled (75 is not 0.75).

    Example:
        >>> same_number(parse_number("10%"), parse_number("0.1"))
        True
    """
    if answer.percent == gold.percent:
        return _equal(answer, gold)
    plain, percent = (gold, answer) if answer.percent else (answer, gold)
    hundredth = Quantity(
        percent.value / 100, None if percent.decimals is None else percent.decimals + 2, percent.digits
    )
    return _equal(percent, plain) or _equal(hundredth, plain)


def _equal(a: Quantity, b: Quantity) -> bool:
    return a.value == b.value or _rounds_to(a, b) or _rounds_to(b, a) or _same_float(a, b) or _same_float(b, a)


def _same_float(exact: Quantity, printed: Quantity) -> bool:
    """3/14 and 0.21428571428571427, which Python prints for it: the float next to the value, not its rounding."""
    if printed.decimals in (None, 0) or printed.digits < _FLOAT_DIGITS:
        return False
    return abs(exact.value - printed.value) * 2**52 <= abs(printed.value)


def _rounds_to(precise: Quantity, rounded: Quantity) -> bool:
    # A whole number is exact; negative decimals are those of a power of ten, as in 1.0995 * 10^12.
    if rounded.decimals in (None, 0) or rounded.digits < _ROUNDED_DIGITS:
        return False
    if precise.decimals is not None and precise.decimals <= rounded.decimals:
        return False
    return 2 * abs(precise.value - rounded.value) <= Fraction(10) ** -rounded.decimals
