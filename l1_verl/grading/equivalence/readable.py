"""What algebra can be asked: expressions that it can read whole."""

from __future__ import annotations

import re

from l1_verl.grading.equivalence.normalize import IN_TEXT
from l1_verl.grading.equivalence.numbers import parse_number

_MAX_NESTING = 20  # brackets in brackets; the deepest gold answers, continued fractions, have half of it
_BLANK_BETWEEN_DIGITS = re.compile(r"\d \d")
# A prime that belongs to no name, and an index of a number: algebra drops both.
_STRAY_PRIME = re.compile(r"(?<![A-Za-z'])'")
_NUMBER_INDEX = re.compile(r"(?:[\d)]|\\pi) ?_")
_INDEX = re.compile(r"(?<=[A-Za-z]) ?_ ?(?:\{[^{}]*\}|\w)")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_INDEXED_GROUP = re.compile(r"\} ?_")
# Numbers of statements: "(1)(4)" is not a product.
_LABELS = re.compile(r"^(?:\(\d+\) ?){2,}$")
# Text that algebra reads.
_MEANT = {"and", "or", "csch", "sech", "coth", "arccsc", "arcsec", "arccot", "sinh", "cosh", "tanh", "lcm", "gcd"}
_BRACES = re.compile(r"\\.|[{}()\[\]]", re.DOTALL)
_TOWER = re.compile(r"(?:\w{1,4}\^){8}")


def is_misread(answer: str, gold: str) -> bool:
    """Whether algebra would leave out a part of one of them."""
    for text in (answer, gold):
        bare = _COMMAND.sub("#", _INDEX.sub("", text))
        if _BLANK_BETWEEN_DIGITS.search(text) or _NUMBER_INDEX.search(text) or _STRAY_PRIME.search(bare):
            return True
    labels = _LABELS.match(answer) and _LABELS.match(gold)
    return bool(labels) or len(_INDEXED_GROUP.findall(answer)) != len(_INDEXED_GROUP.findall(gold))


def words(text: str) -> list[str]:
    """What stands as text in an expression, connectives and names of functions aside."""
    return sorted(word for word in IN_TEXT.findall(text) if word.strip().lower() not in _MEANT)


def plain(text: str) -> str:
    """A number as algebra reads it: ``1 000`` as 1000, ``3 1/2`` as 7/2; anything else as it is."""
    number = parse_number(text)
    return text if number is None or number.percent or (number.decimals or 0) != 0 else str(number.value)


def is_hopeless(text: str) -> bool:
    """What no gold answer looks like: control characters, braces left open, brackets or powers piled up."""
    if not text.replace("\n", " ").isprintable() or _TOWER.search(text):
        return True
    braces = depth = 0
    for token in _BRACES.findall(text):
        step = (token in ("{", "(", "[")) - (token in ("}", ")", "]"))
        depth += step
        braces += step * (token in "{}")
        if depth > _MAX_NESTING or braces < 0:
            return True
    return braces != 0
