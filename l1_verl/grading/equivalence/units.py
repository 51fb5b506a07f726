r"""Units after a number. The rule: a unit that only one side writes is dropped; two units must be the same one.

A unit is ``\text{...}`` after a value, a degree sign, or one of the words below. A bare letter is never a unit: ``6m``
is a product. Text with a number of its own, exponents and indices aside, is none either: ``5 \text{ if even,
6 if odd}`` says more than 5.
"""

from __future__ import annotations

import re

_NAMES = {
    "degree": "degrees deg ^{\\circ} °",
    "degree C": "c celsius",
    "degree F": "f fahrenheit",
    "cm": "centimeter centimeters centimetre centimetres cms",
    "mm": "millimeter millimeters millimetre millimetres",
    "km": "kilometer kilometers kilometre kilometres kms",
    "m": "meter meters metre metres",
    "in": "inch inches",
    "ft": "foot feet",
    "yd": "yard yards",
    "mi": "mile miles",
    "mg": "milligram milligrams",
    "g": "gram grams",
    "kg": "kilogram kilograms kgs",
    "lb": "lbs pound pounds",
    "oz": "ounce ounces",
    "s": "sec secs second seconds",
    "min": "mins minute minutes",
    "h": "hr hrs hour hours",
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years yr yrs",
    "l": "liter liters litre litres",
    "ml": "milliliter milliliters millilitre millilitres",
    "dollar": "dollars usd",
    "cent": "cents",
    "euro": "euros eur",
    "radian": "radians rad",
    "unit": "units",
    "percent": "percents percentage pct",
}
_CANONICAL = {alias: name for name, aliases in _NAMES.items() for alias in (name.lower(), *aliases.split())}
# Names of a quotient of two units.
_QUOTIENTS = {"kmh": "km/h", "kph": "km/h", "mph": "mi/h"}
# Known words may stand without \text; single letters may not.
_BARE = [word for word in (*_CANONICAL, *_QUOTIENTS) if len(word) > 2 or word in ("cm", "mm", "km", "kg", "ft", "lb")]
_WORDS = "|".join(re.escape(word) for word in sorted(_BARE, key=len, reverse=True))
_POWER = r"(?: ?\^ ?(?:\{ ?(-?\d) ?\}|(\d)))?"
_TRAILING_TEXT = re.compile(rf"^(.*[\d}})%]) ?\\text\{{([^{{}}]*)\}}{_POWER}$")
_NAME = rf"(?:square |cubic |sq\.? |cu\.? )?(?:{_WORDS})(?: ?/ ?(?:{_WORDS}|s|h|m)| per (?:{_WORDS}))?"
_TRAILING_WORD = re.compile(rf"^(.*[\d}})]) ?({_NAME})\.?{_POWER}$", re.IGNORECASE)
_DEGREES = re.compile(r"^(.*[\d}A-Za-z)]) ?\^\{\\circ\}(?: ?\\text\{([CF])\}| ?([CF]))?$")
_FUNCTION = re.compile(r"\\(?:arc)?(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
# Words that say more than a unit does: "2 \text{ not four}".
_SAYS_MORE = re.compile(
    r"\b(?:and|or|not|no|if|but|except|anything|maybe|either|neither|nor|plus|minus|times|half|twice|dozen|hundred|"
    r"thousand|million|billion|trillion|squared|cubed|(?:one|two|three|four|five|six|seven|eight|nine|ten|zero)(?!-))\b",
    re.IGNORECASE,
)
# Not the 2 of m/s^2, cm2 and H2O, nor the 1 of s^-1 and s-1.
_OWN_NUMBER = re.compile(r"(?<![A-Za-z^\d])(?<![A-Za-z^]-)\d")


def split_unit(text: str) -> tuple[str, str | None]:
    r"""The value of a normalised text and its unit's name; ``None`` where it has no unit.

    Example:
        >>> split_unit(r"10\text{ inches}"), split_unit("24 cubic inches"), split_unit("6m")
        (('10', 'in'), ('24', 'in^3'), ('6m', None))
    """
    match = _DEGREES.match(text)
    if match:
        scale = match.group(2) or match.group(3)
        # The degrees of an angle inside a function belong to its value.
        return (text, None) if _FUNCTION.search(text) else (match.group(1).strip(), f"degree {scale or ''}".strip())
    match = _TRAILING_TEXT.match(text) or _TRAILING_WORD.match(text)
    if match is None or _SAYS_MORE.search(match.group(2)) or _OWN_NUMBER.search(match.group(2)):
        return text, None
    value, name, braced, bare = match.groups()
    unit = _canonical(name)
    if unit == "percent":
        return f"{value.strip()}%", None
    power = braced or bare
    return value.strip(), f"{unit}^{power}" if power else unit


def _canonical(name: str) -> str:
    """One spelling of a unit: ``cubic inches`` is ``in^3``, ``feet per second`` is ``ft/s``; unknown words stay."""
    name = " ".join(name.lower().strip(". ").split())
    name = _QUOTIENTS.get(name, name)
    if name == "per cent":
        return "percent"
    parts = [part.strip() for part in re.split(r"/| per ", name)]
    if len(parts) == 2 and all(parts):
        return "/".join(_canonical(part) for part in parts)
    for word, power in (("square", 2), ("sq.", 2), ("sq", 2), ("cubic", 3), ("cu.", 3), ("cu", 3)):
        if name.startswith(f"{word} "):
            return f"{_canonical(name.removeprefix(word))}^{power}"
    base, caret, exponent = name.partition("^")
    return f"{_CANONICAL.get(base.strip(), base.strip())}{caret}{exponent.strip('{} ')}"


def units_agree(answer: str | None, gold: str | None) -> bool:
    """False where both sides name a unit and these differ: 10 cm is not 10 m, but is 10 and 10 long.

    A degree without a scale agrees with Celsius and Fahrenheit, "units" with every unit, and words that are not known
    unit ("ways") with each other.
    """
    if answer is None or gold is None or answer == gold:
        return True
    if "unit" in (answer.split("^")[0], gold.split("^")[0]):
        return True
    if "degree" in (answer, gold) and {answer, gold} & {"degree C", "degree F"}:
        return True
    if not _is_known(answer) and not _is_known(gold):
        return True
    # "working hours" are hours.
    return not (_is_known(answer) and _is_known(gold)) and bool(_known_words(answer) & _known_words(gold))


def _is_known(unit: str) -> bool:
    return all(part.split("^")[0] in _CANONICAL.values() for part in unit.split("/"))


def _known_words(unit: str) -> set[str]:
    return {_CANONICAL[word] for word in re.findall(r"[a-z]+", unit) if word in _CANONICAL}
