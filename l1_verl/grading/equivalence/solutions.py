r"""Answers that are sets of numbers: inequalities, intervals, memberships, conditions joined by "and" and "or".

One notion for all of them, the set of solutions, so that ``2 < x < 3``, ``x \in (2, 3)``, ``\{x \mid 2 < x < 3\}`` and
``(2, 3)`` are the same answer in both directions. Needs sympy: call it where it may be killed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

from sympy import Expr, FiniteSet, Interval, Ne, S, Set, Symbol, solveset
from sympy.core.relational import Ge, Gt, Le, Lt, Relational
from sympy.sets.sets import Complement, Intersection, SymmetricDifference, Union

from l1_verl.grading.equivalence import structure
from l1_verl.grading.equivalence.normalize import key

Parse = Callable[[str], Any]

_RELATION = re.compile(r"\\leq(?![A-Za-z])|\\geq(?![A-Za-z])|\\neq(?![A-Za-z])|\\in(?![A-Za-z])|<|>|(?<![:])=")
_MEMBER = re.compile(r"^(\\?[A-Za-z]+(?:_\{?\w+\}?)?) ?\\in(?![A-Za-z]) ?(.+)$")
_ORDER: dict[str, type[Relational]] = {"<": Lt, ">": Gt, r"\leq": Le, r"\geq": Ge, r"\neq": Ne}
_MIRRORED = {"<": ">", ">": "<", r"\leq": r"\geq", r"\geq": r"\leq", r"\neq": r"\neq", "=": "="}
# Stands for the letter of a relation, which is about real numbers.
_REAL = Symbol("x", real=True)


class Solutions(NamedTuple):
    """A set and the letter that it is said of; without one it is the set by itself."""

    letter: Symbol | None
    values: Set


def same_solutions(answer: str, gold: str, parse: Parse) -> bool | None:
    """Whether two normalised texts have the same solutions; ``None`` where neither tells a set by a relation.

    Args:
        answer, gold: normalised texts.
        parse: gives the sympy expression of a text, or ``None``.
    """
    if not any(map(_tells_a_set, (answer, gold))):
        return None
    mine, theirs = read_solutions(answer, parse), read_solutions(gold, parse)
    if mine is None or theirs is None:
        return None
    if None not in (mine.letter, theirs.letter) and mine.letter != theirs.letter:
        return False
    return bool(mine.values == theirs.values or SymmetricDifference(mine.values, theirs.values).is_empty)


def _tells_a_set(text: str) -> bool:
    """Beyond a list in brackets: with a relation, an operation on sets, infinity, or words."""
    operations = r"\\(?:cup|cap|setminus|backslash|in|infty|mathbb)(?![A-Za-z])"
    return bool(
        re.search(operations, text)
        or (_RELATION.search(text) and not _only_equation(text))
        or structure.BUILDER.match(text)
        or structure.set_word(text)
    )


def _only_equation(text: str) -> bool:
    return set(_RELATION.findall(text)) == {"="} and structure.parse_compound(text) is None


def read_solutions(text: str, parse: Parse) -> Solutions | None:
    """The set that a normalised text tells, or ``None`` where it tells none or needs more than one letter."""
    text = text.strip()
    word = structure.set_word(text)
    if word is not None:
        return Solutions(None, S.EmptySet if word == "none" else S.Reals)
    builder = structure.BUILDER.match(text)
    if builder:
        inner = read_solutions(builder.group(2), parse)
        return None if inner is None else Solutions(None, inner.values)
    member = _MEMBER.match(text)
    if member and len(structure.split_top_level(text, structure.OR)) == 1:
        letter, values = parse(member[1]), read_solutions(member[2], parse)
        known = isinstance(letter, Symbol) and values is not None and values.letter is None
        return Solutions(letter, values.values) if known and values is not None else None
    for separator, join in (
        (structure.OR, Union), (structure.AND, Intersection), (structure.UNION, Union),
        (structure.INTERSECTION, Intersection), (structure.DIFFERENCE, Complement),
    ):  # fmt: skip
        parts = structure.split_top_level(text, separator)
        if len(parts) > 1 and (separator is not structure.AND or _RELATION.search(parts[0])):
            return _joined([read_solutions(part, parse) for part in parts], join)
    relation = _RELATION.search(text)
    return _read_set(text, parse) if relation is None else _read_relation(text, parse)


def _joined(parts: list[Solutions | None], join: Callable[..., Set]) -> Solutions | None:
    known = [part for part in parts if part is not None]
    letters = {part.letter for part in known}
    if len(known) < len(parts) or len(letters) != 1:
        return None
    return Solutions(letters.pop(), reduce(join, (part.values for part in known)))


def _read_set(text: str, parse: Parse) -> Solutions | None:
    """An interval, a set of numbers, or a bare list of them."""
    compound = structure.parse_compound(text)
    if compound is None or compound.kind == "union":
        return None
    values = [parse(item) for item in compound.items]
    if not all(isinstance(value, Expr) and value.is_number for value in values):
        return None
    if compound.kind not in ("interval", "tuple"):
        return Solutions(None, FiniteSet(*values))
    if len(values) != 2 or not all(value.is_extended_real for value in values):
        return None
    low, high = values
    if not low < high:
        return None
    return Solutions(None, Interval(low, high, compound.brackets[0] == "(", compound.brackets[-1] == ")"))


def _read_relation(text: str, parse: Parse) -> Solutions | None:
    relations = _RELATION.findall(text)
    terms = [part.strip() for part in _RELATION.split(text)]
    if not all(terms):
        return None
    if r"\in" in relations:
        return None
    if relations == ["="]:
        return _read_equation(terms, parse)
    return None if "=" in relations else _read_chain(terms, relations, parse)


def _read_equation(terms: list[str], parse: Parse) -> Solutions | None:
    """``x = 2``, or ``x = 2, 3``; other equations are not solutions yet."""
    left, right = terms
    letter = parse(left)
    if not isinstance(letter, Symbol):
        left, right = right, left
        letter = parse(left)
    compound = structure.parse_compound(right)
    items = compound.items if compound is not None and compound.kind == "list" else (right,)
    values = [parse(item) for item in items]
    if not isinstance(letter, Symbol) or not all(isinstance(value, Expr) and value.is_number for value in values):
        return None
    return Solutions(letter, FiniteSet(*values))


def _read_chain(terms: list[str], relations: list[str], parse: Parse) -> Solutions | None:
    parsed = [parse(term) for term in terms]
    if not all(isinstance(term, Expr) for term in parsed):
        return None
    letters = set().union(*(term.free_symbols for term in parsed))
    if len(letters) != 1:
        return None
    (letter,) = letters
    found: Set = S.Reals
    for left, relation, right in zip(parsed[:-1], relations, parsed[1:], strict=True):
        condition = _ORDER[relation](left, right)
        if not isinstance(condition, Relational) or not condition.free_symbols:
            return None
        found = Intersection(found, solveset(condition.subs(letter, _REAL), _REAL, S.Reals))
    return Solutions(letter, found)


def same_chain(answer: str, gold: str) -> bool:
    """Whether two chains of relations say the same read from the other end: ``c > b > a`` and ``a < b < c``."""
    relations = _RELATION.findall(answer)
    if not relations or not all(relation in _MIRRORED for relation in relations):
        return False
    terms = [key(part.strip()) for part in _RELATION.split(answer)]
    wanted = [key(part.strip()) for part in _RELATION.split(gold)]
    mirrored = [_MIRRORED[relation] for relation in reversed(relations)]
    return terms[::-1] == wanted and mirrored == _RELATION.findall(gold)
