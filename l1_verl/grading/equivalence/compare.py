"""Are two answers the same? Three-valued: yes, no, or not without algebra.

The caller's process asks with no algebra and gets most verdicts at once; a worker asks again with math-verify for the
parts left open. Both walk the same structure, so a cheap verdict and a thorough one never contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction

from l1_verl.grading.equivalence.assignments import last_result, unwrap_assignment, variable_first
from l1_verl.grading.equivalence.normalize import IN_TEXT, MAX_LENGTH, key
from l1_verl.grading.equivalence.numbers import Quantity, parse_number, same_number
from l1_verl.grading.equivalence.readable import is_hopeless, is_misread, plain, words
from l1_verl.grading.equivalence.structure import RELATION, Compound, alternatives, parse_compound, set_word
from l1_verl.grading.equivalence.units import split_unit, units_agree

# Decides two single expressions (answer, gold); None where it cannot.
Algebra = Callable[[str, str], bool | None]

_MAX_DEPTH = 8
_MAX_MATCHED = 24  # items of an unordered comparison; beyond it only the given order counts
_BASE = re.compile(r"^([0-9A-F]+) ?_ ?(?:\{ ?(?:\\text\{)? ?\(?(-?\w+)\)? ?\}? ?\}|\\text\{(\w+)\}|(\w))$")
# From base 2 on.
_BASE_NAMES = (
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen",
)  # fmt: skip
_TEXT_ONLY = re.compile(r"^(?:\\text\{[^{}]*\}|[A-Za-z .'-])+$")
_TIME = re.compile(r"^0?(\d{1,2})\s?:\s?(\d\d)(?:\\text\{([ap]m)\})?$", re.IGNORECASE)
_OPTION = re.compile(r"^\(?([A-J])\)?$")


def no_algebra(answer: str, gold: str) -> bool | None:
    """Leaves every expression that is not plainly the same, or plainly another number, undecided."""
    return None


def compare(answer: str, gold: str, algebra: Algebra = no_algebra, *, depth: int = 0) -> bool | None:
    r"""Whether two prepared answers are the same; ``None`` where ``algebra`` could not tell either.

    Args:
        answer, gold: as ``prepare`` returns them.
        algebra: decides two single expressions that no rule here decides.

    Example:
        >>> compare("10", r"10\text{ cm}"), compare("(1,2)", "(2,1)"), compare("x+1", "1+x")
        (True, False, None)
    """
    if not answer or not gold:
        return False
    if max(len(answer), len(gold)) > MAX_LENGTH:
        return answer == gold
    if key(answer) == key(gold):
        return True
    if depth > _MAX_DEPTH:
        return False
    verdict = _compare_times(answer, gold)
    if verdict is not None:
        return verdict
    (answer, answer_unit), (gold, gold_unit) = split_unit(answer), split_unit(gold)
    if not units_agree(answer_unit, gold_unit):
        return False
    if (answer_unit and gold.endswith("%")) or (gold_unit and answer.endswith("%")):
        return False
    for rule in (_compare_text, _compare_numbers, _compare_bases):
        verdict = rule(answer, gold)
        if verdict is not None:
            return verdict
    answer, gold = variable_first(last_result(answer)), variable_first(last_result(gold))
    if len(alternatives(gold)) > 1 and len(alternatives(answer)) == 1:
        return _any_of_equal(answer, alternatives(gold), algebra, depth)
    unwrapped = unwrap_assignment(answer, gold)
    if unwrapped is not None:
        return compare(*unwrapped, algebra, depth=depth + 1)
    return _compare_structure(answer, gold, algebra, depth)


def _any_of_equal(answer: str, golds: list[str], algebra: Algebra, depth: int) -> bool | None:
    """A gold such as ``1/2 or 0.5`` is one value in several forms, each of which counts; other golds are lists."""
    first, *others = golds
    one_value = _all_true(compare(other, first, algebra, depth=depth + 1) for other in others)
    if one_value:
        return compare(answer, first, algebra, depth=depth + 1)
    if one_value is None and algebra is no_algebra:
        return None
    return _compare_structure(answer, r" \text{or} ".join(golds), algebra, depth)


def _compare_text(answer: str, gold: str) -> bool | None:
    """Words are equal or not; an option letter may come in brackets or small."""
    option = _OPTION.match(gold)
    if option and key(answer).strip("()").upper() == option.group(1):
        return True
    if not _is_text(answer) and not _is_text(gold):
        return None
    same = re.sub(r"[\s.'-]", "", key(answer)).lower() == re.sub(r"[\s.'-]", "", key(gold)).lower()
    return (
        same if same or (_is_text(answer) and _is_text(gold)) or parse_number(answer) or parse_number(gold) else None
    )


def _is_text(text: str) -> bool:
    """Words set as text, or a single plain word of four letters or more (``even``, not the product ``xyz``)."""
    if not _TEXT_ONLY.match(text):
        return False
    return any(len(word.strip()) > 1 for word in IN_TEXT.findall(text)) or bool(re.search(r"[A-Za-z]{4}", text))


def _compare_numbers(answer: str, gold: str) -> bool | None:
    a, g = parse_number(answer), parse_number(gold)
    return same_number(a, g) if a is not None and g is not None else None


def _compare_times(answer: str, gold: str) -> bool | None:
    """6:00 and 4:30 p.m. are times of day, equal to no other text; 4:30 alone may be a ratio."""
    times = [match for text in (answer, gold) if (match := _TIME.match(text))]
    if not any(match.group(3) or match.group(2).startswith("0") for match in times):
        return None
    halves = {match.group(3).lower() for match in times if match.group(3)}
    return len(times) == 2 and times[0].group(1, 2) == times[1].group(1, 2) and len(halves) <= 1


def _compare_bases(answer: str, gold: str) -> bool | None:
    """52_8 is given by 52_8 and, where the question names the base, by the digits alone; never by another base."""
    gold_match, answer_match = _BASE.match(gold), _BASE.match(answer)
    if gold_match is None:
        return False if answer_match is not None and parse_number(gold) is not None else None
    if answer_match is not None:
        return answer_match.group(1) == gold_match.group(1) and _base(answer_match) == _base(gold_match)
    return re.sub(r"[\s,]", "", answer) == gold_match.group(1) if parse_number(answer) is not None else None


def _base(match: re.Match[str]) -> str:
    name = next(group for group in match.groups()[1:] if group)
    return str(_BASE_NAMES.index(name.lower()) + 2) if name.lower() in _BASE_NAMES else name


def _ask(answer: str, gold: str, algebra: Algebra) -> bool | None:
    """Algebra's verdict, except where it would leave out a part of the answer."""
    if is_hopeless(answer):
        return False
    mine, theirs = plain(answer), plain(gold)
    verdict = algebra(mine, theirs)
    same_words = set_word(answer) or set_word(gold) or words(answer) == words(gold)
    return False if verdict and (is_misread(mine, theirs) or not same_words) else verdict


def _compare_structure(answer: str, gold: str, algebra: Algebra, depth: int) -> bool | None:
    a, g = parse_compound(answer), parse_compound(gold)
    if (a is None and g is None) or bool(RELATION.search(answer)) != bool(RELATION.search(gold)):
        return _ask(answer, gold, algebra)  # a condition and an interval may be the same set
    if a is None or g is None:
        # One solution against several is wrong; an interval against a relation or a matrix is a matter for algebra.
        kinds = {part.kind for part in (a, g) if part is not None}
        single = answer if a is None else gold
        return (
            False
            if kinds <= {"list", "set", "tuple"} and parse_number(single) is not None
            else _ask(answer, gold, algebra)
        )
    if not _kinds_match(a, g):
        return _ask(answer, gold, algebra) if "union" in (a.kind, g.kind) else False
    same = lambda x, y: compare(x, y, algebra, depth=depth + 1)  # noqa: E731
    if len(a.items) != len(g.items):
        return _ask(answer, gold, algebra) if "union" in (a.kind, g.kind) else False
    ordered = _all_true(same(x, y) for x, y in zip(a.items, g.items, strict=True))
    if ordered or g.kind in ("tuple", "interval") or a.kind in ("tuple", "interval") or not _is_unordered(a, g):
        return ordered
    return ordered if len(g.items) > _MAX_MATCHED else _matching(a.items, g.items, same)


def _kinds_match(a: Compound, g: Compound) -> bool:
    """Same kind; or one side is a bare list, which stands for a set and, in the same order, for a tuple."""
    if a.kind == g.kind:
        return a.brackets == g.brackets
    kinds = {a.kind, g.kind}
    return kinds in ({"list", "set"}, {"list", "tuple"})


def _is_unordered(answer: Compound, gold: Compound) -> bool:
    """Whether the items of a gold list may come in the answer's order.

    Sets and unions have none. A bare list is a set of solutions if it is sorted; if it is not, it may as well be a
    sequence, so that besides its own order only an ascending answer is credited.
    """
    if gold.kind != "list" or answer.kind != "list":
        return True
    gold_values, answer_values = _values(gold), _values(answer)
    if gold_values is None or answer_values is None:
        return True
    ascending = sorted(gold_values)
    return gold_values in (ascending, ascending[::-1]) or answer_values == ascending


def _values(compound: Compound) -> list[Fraction] | None:
    numbers: list[Quantity | None] = [parse_number(item) for item in compound.items]
    return [number.value for number in numbers if number is not None] if all(numbers) else None


def _all_true(verdicts: Iterable[bool | None]) -> bool | None:
    """Three-valued "and"; stops at the first no."""
    result: bool | None = True
    for verdict in verdicts:
        if verdict is False:
            return False
        if verdict is None:
            result = None
    return result


def _matching(
    answers: tuple[str, ...], golds: tuple[str, ...], same: Callable[[str, str], bool | None]
) -> bool | None:
    """Whether the answers can be paired off with the golds, each with one it equals."""
    left = list(golds)
    undecided = False
    for answer in answers:
        verdicts = [same(answer, gold) for gold in left]
        if True in verdicts:
            left.pop(verdicts.index(True))
        elif None in verdicts:
            undecided = True
        else:
            return False
    return None if undecided else True
