"""Equals signs: the result of a calculation, and the value of a name."""

from __future__ import annotations

import re

from l1_verl.grading.equivalence.normalize import key
from l1_verl.grading.equivalence.prepare import SEVERAL
from l1_verl.grading.equivalence.structure import RELATION, parse_compound

_EQUALS = re.compile(r"(?<![<>!\\:])=")
_CALCULATION = re.compile(r"^(?:[\d\s.,+*/^=!(){}-]|\\(?:cdot|times|frac|sqrt|pi|binom)(?![A-Za-z]))+$")
_DECIMAL = re.compile(r"^\s*[+-]?[\d.,]+\s*$")


def last_result(text: str) -> str:
    """What a calculation comes to: the last part of ``4 \\cdot 2007 - 3 = 8025``. ``1 = 1`` calculates nothing."""
    calculation, found, result = text.rpartition("=")
    if not found or not result.strip() or not _CALCULATION.match(calculation) or _DECIMAL.match(calculation):
        return text
    return text if key(result.strip()) == key(calculation.rpartition("=")[2].strip()) else result.strip()


def variable_first(text: str) -> str:
    """``2 = x`` as ``x = 2``."""
    left, *right = _EQUALS.split(text)
    if len(right) != 1 or RELATION.search(text) or not _is_name(right[0]) or _is_name(left):
        return text
    return f"{right[0].strip()} = {left.strip()}"


def unwrap_assignment(answer: str, gold: str) -> tuple[str, str] | None:
    """``x = 3`` against ``3``: the side with the equation gives its last value, where the other side has none."""
    for text in (answer, gold):
        if RELATION.search(text) or parse_compound(text) is not None:
            return None
    answer_parts, gold_parts = _EQUALS.split(answer), _EQUALS.split(gold)
    if any(map(SEVERAL.search, answer_parts[:-1])):
        return None
    if len(answer_parts) > 1 and len(gold_parts) == 1 and answer_parts[-1].strip():
        return (answer_parts[-1].strip(), gold) if _defines(answer_parts) else None
    if len(answer_parts) > 2 and len(gold_parts) == 2 and all(map(_is_name, answer_parts[:-1])):
        # x = y = 5 says that y = 5.
        named = key(gold_parts[0].strip()) in {key(part.strip()) for part in answer_parts[:-1]}
        return (answer_parts[-1].strip(), gold_parts[1].strip()) if named and gold_parts[1].strip() else None
    if len(gold_parts) == 2 and len(answer_parts) == 1 and gold_parts[1].strip() and _is_name(gold_parts[0]):
        return answer, gold_parts[1].strip()
    return None


def _defines(parts: list[str]) -> bool:
    """Whether the last of several equal parts is a result, and not ``1`` of ``1 = 1``."""
    last = key(parts[-1].strip())
    return not all(_DECIMAL.match(part) for part in parts[:-1]) and last not in {
        key(part.strip()) for part in parts[:-1]
    }


def _is_name(text: str) -> bool:
    """A variable or a function of variables: what stands left of ``=`` in a definition."""
    return bool(re.match(r"^\s*\\?[A-Za-z]+'?(?:_\{?[^{}]*\}?)?\s*(?:\([A-Za-z, ]*\))?\s*$", text))
