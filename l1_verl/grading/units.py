r"""Units after a number. The rule: a unit that only one side writes is dropped; two units must be the same one.

A unit is ``\text{...}`` after a value, a degree sign, or one of the words below. A bare letter is never a unit: ``6m``
is a product. Text with a number of its own, exponents and indices aside, is none either: ``5 \text{ if even,
6 if odd}`` says more than 5.
"""

from __future__ import annotations

import re

_NAMES = {
    "degree": "degrees deg ^{\\circ} °",
    "cm": "centimeter centimeters centimetre centimetres cms",
    "mm": "millimeter millimeters millimetre millimetres",
    "km": "kilometer kilometers kilometre kilometres kms",
    "m": "meter meters metre metres",
    "in": "inch inches",
    "ft": "foot feet",
    "yd": "yard yards",
    "mi": "mile miles",
    "g": "gram grams",
    "kg": "kilogram kilograms kgs",
    "s": "sec secs second seconds",
    "min": "mins minute minutes",
    "h": "hr hrs hour hours",
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years yr yrs",
    "l": "liter liters litre litres",
    "ml": "milliliter milliliters",
    "km/h": "kmh kph km/hr",
    "mph": "",
    "m/s": "",
    "dollar": "dollars usd",
    "cent": "cents",
    "radian": "radians rad",
    "unit": "units",
    "percent": "percents",
}
_CANONICAL = {alias: name for name, aliases in _NAMES.items() for alias in (name, *aliases.split())}
# Known words may stand without \text; single letters may not.
_BARE = sorted((word for word in _CANONICAL if len(word) > 2 or word in ("cm", "mm", "km", "kg", "ft")), key=len)
_WORDS = "|".join(re.escape(word) for word in reversed(_BARE))
_POWER = r"(?:\s*\^\s*(?:\{\s*(-?\d)\s*\}|(\d)))?"
_TRAILING_TEXT = re.compile(rf"^(.*[\d}})%])\s*\\text\{{([^{{}}]*)\}}{_POWER}$", re.DOTALL)
_TRAILING_WORD = re.compile(
    rf"^(.*[\d}})])\s*(?:square |cubic |sq\.? )?({_WORDS})\.?{_POWER}$", re.IGNORECASE | re.DOTALL
)
_DEGREES = re.compile(r"^(.*[\d}A-Za-z)])\s*\^\{\\circ\}(?:\s*\\text\{[CF]\}|\s*[CF])?$", re.DOTALL)
_CONNECTIVE = re.compile(r"^(?:and|or)\b")
# Not the 2 of m/s^2, cm2 and H2O, nor the 1 of s^-1 and s-1.
_OWN_NUMBER = re.compile(r"(?<![A-Za-z^\d])(?<![A-Za-z^]-)\d")


def split_unit(text: str) -> tuple[str, str | None]:
    r"""The value of a normalised text and its unit's canonical name; ``None`` where it has no unit.

    Example:
        >>> split_unit(r"10\text{ inches}"), split_unit("6m")
        (('10', 'in'), ('6m', None))
    """
    match = _DEGREES.match(text)
    if match:
        return match.group(1).strip(), "degree"
    match = _TRAILING_TEXT.match(text) or _TRAILING_WORD.match(text)
    if match is None or _CONNECTIVE.match(match.group(2)) or _OWN_NUMBER.search(match.group(2)):
        return text, None
    value, name, braced, bare = match.groups()
    if name.lower() in ("percent", "per cent"):
        return f"{value.strip()}%", None
    unit = _CANONICAL.get(name.lower().strip(". "), name.lower().strip(". "))
    power = braced or bare
    return value.strip(), f"{unit}^{power}" if power else unit


def units_agree(answer: str | None, gold: str | None) -> bool:
    """False only where both sides name a known unit and they differ: 10 cm is not 10 m, but is 10 and 10 long."""
    if answer is None or gold is None or answer == gold:
        return True
    return not all(unit.split("^")[0] in _CANONICAL.values() for unit in (answer, gold)) or "unit" in (answer, gold)
