"""Are two answers the same? Three-valued: yes, no, or not without algebra.

The caller's process asks with no algebra and gets most verdicts at once; a worker asks again with math-verify for the
parts left open. Both walk the same structure, so a cheap verdict and a thorough one never contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction

from l1_verl.grading.extract import last_boxed
from l1_verl.grading.normalize import MAX_LENGTH, key, normalize, unwrap
from l1_verl.grading.numbers import Quantity, parse_number, same_number
from l1_verl.grading.structure import Compound, alternatives, parse_compound, set_word
from l1_verl.grading.units import split_unit, units_agree

# Decides two single expressions (answer, gold); None where it cannot.
Algebra = Callable[[str, str], bool | None]

_MAX_DEPTH = 8
_MAX_NESTING = 20  # brackets in brackets; the deepest gold answers, continued fractions, have half of it
_MAX_MATCHED = 24  # items of an unordered comparison; beyond it only the given order counts
_BASE = re.compile(r"^([0-9A-F]+) ?_ ?(?:\{ ?(?:\\text\{)? ?\(?(-?\w+)\)? ?\}? ?\}|\\text\{(\w+)\}|(\w))$")
# From base 2 on.
_BASE_NAMES = (
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen",
)  # fmt: skip
_BLANK_BETWEEN_DIGITS = re.compile(r"\d \d")
# A prime that belongs to no name, and an index of a number: algebra drops both.
_STRAY_PRIME = re.compile(r"(?<![A-Za-z'])'")
_NUMBER_INDEX = re.compile(r"(?:[\d)]|\\pi) ?_")
_INDEX = re.compile(r"(?<=[A-Za-z]) ?_ ?(?:\{[^{}]*\}|\w)")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_INDEXED_GROUP = re.compile(r"\} ?_")
# Numbers of statements: "(1)(4)" is no product.
_LABELS = re.compile(r"^(?:\(\d+\) ?){2,}$")
_WORD = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,}")
_TEXT_ONLY = re.compile(r"^(?:\\text\{[^{}]*\}|[A-Za-z .'-])+$")
_IN_TEXT = re.compile(r"\\text\{([^{}]*)\}")
# Text that algebra reads.
_MEANT = {"and", "or", "csch", "sech", "coth", "arccsc", "arcsec", "arccot", "sinh", "cosh", "tanh", "lcm", "gcd"}
_STATEMENT = re.compile(r"(?i)^.*(?:\b(?:is|are|be|equals|answer|result)\b\s*:?|:)\s*(.*)$", re.DOTALL)
# Words before the last statement that say that there are others: "either 3 or is 4".
_SEVERAL = re.compile(r"(?i)\b(?:either|or|not)\b")
_LAST_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_RELATION = re.compile(r"<|>|\\(?:leq|geq|neq|in|subset|equiv)(?![A-Za-z])")
_EQUALS = re.compile(r"(?<![<>!\\:])=")
_CALCULATION = re.compile(r"^(?:[\d\s.,+*/^=!(){}-]|\\(?:cdot|times|frac|sqrt|pi|binom)(?![A-Za-z]))+$")
_DECIMAL = re.compile(r"^\s*[+-]?[\d.,]+\s*$")
_BRACES = re.compile(r"\\.|[{}()\[\]]", re.DOTALL)
_TOWER = re.compile(r"(?:\w{1,4}\^){8}")
_TIME = re.compile(r"^0?(\d{1,2})\s?:\s?(\d\d)(?:\\text\{([ap]m)\})?$", re.IGNORECASE)
_OPTION = re.compile(r"^\(?([A-J])\)?$")


def no_algebra(answer: str, gold: str) -> bool | None:
    """Leaves every expression that is not plainly the same, or plainly another number, undecided."""
    return None


def prepare(answer: str) -> str:
    r"""The normalised answer: out of a box in a box, a sentence, or the bracket a sentence ends with.

    Example:
        >>> prepare("The angle is [90]."), prepare(r"$\sqrt{4} = 2$")
        ('90', '\\sqrt{4} = 2')
    """
    if len(answer) > MAX_LENGTH:
        return answer.strip()
    inner = last_boxed(answer)
    text = normalize(inner if inner is not None else answer)
    if _is_prose(text):
        text = _out_of_prose(unwrap(answer if inner is None else inner))
    bracket = _LAST_BRACKET.fullmatch(text)
    if bracket and parse_compound(text) is None:
        text = normalize(bracket.group(1))
    return text


def _is_prose(text: str) -> bool:
    return " " in text and len(_WORD.findall(_IN_TEXT.sub("", text))) >= 2


def _out_of_prose(text: str) -> str:
    stated = _STATEMENT.match(text)
    if stated and stated.group(1).strip(" .$") and not _SEVERAL.search(text, 0, stated.start(1)):
        return normalize(stated.group(1))
    brackets = _LAST_BRACKET.findall(text)
    return normalize(brackets[-1] if brackets else text)


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
    answer, gold = _variable_first(_result(answer)), _variable_first(_result(gold))
    if len(alternatives(gold)) > 1 and len(alternatives(answer)) == 1:
        return _any_of_equal(answer, alternatives(gold), algebra, depth)
    unwrapped = _unwrap_assignment(answer, gold)
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
    return any(len(word.strip()) > 1 for word in _IN_TEXT.findall(text)) or bool(re.search(r"[A-Za-z]{4}", text))


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


def _result(text: str) -> str:
    """What a calculation comes to: the last part of ``4 \\cdot 2007 - 3 = 8025``. ``1 = 1`` calculates nothing."""
    calculation, found, result = text.rpartition("=")
    if not found or not result.strip() or not _CALCULATION.match(calculation) or _DECIMAL.match(calculation):
        return text
    return text if key(result.strip()) == key(calculation.rpartition("=")[2].strip()) else result.strip()


def _variable_first(text: str) -> str:
    """``2 = x`` as ``x = 2``."""
    left, *right = _EQUALS.split(text)
    if len(right) != 1 or _RELATION.search(text) or not _is_name(right[0]) or _is_name(left):
        return text
    return f"{right[0].strip()} = {left.strip()}"


def _unwrap_assignment(answer: str, gold: str) -> tuple[str, str] | None:
    """``x = 3`` against ``3``: the side with the equation gives its last value, where the other side has none."""
    for text in (answer, gold):
        if _RELATION.search(text) or parse_compound(text) is not None:
            return None
    answer_parts, gold_parts = _EQUALS.split(answer), _EQUALS.split(gold)
    if any(map(_SEVERAL.search, answer_parts[:-1])):
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


def _ask(answer: str, gold: str, algebra: Algebra) -> bool | None:
    """Algebra's verdict, except where it would leave out a part of the answer."""
    if _is_hopeless(answer):
        return False
    mine, theirs = _plain(answer), _plain(gold)
    verdict = algebra(mine, theirs)
    same_words = set_word(answer) or set_word(gold) or _words(answer) == _words(gold)
    return False if verdict and (_is_misread(mine, theirs) or not same_words) else verdict


def _is_misread(answer: str, gold: str) -> bool:
    """Whether algebra would leave out a part of one of them."""
    for text in (answer, gold):
        bare = _COMMAND.sub("#", _INDEX.sub("", text))
        if _BLANK_BETWEEN_DIGITS.search(text) or _NUMBER_INDEX.search(text) or _STRAY_PRIME.search(bare):
            return True
    labels = _LABELS.match(answer) and _LABELS.match(gold)
    return bool(labels) or len(_INDEXED_GROUP.findall(answer)) != len(_INDEXED_GROUP.findall(gold))


def _words(text: str) -> list[str]:
    """What stands as text in an expression, connectives and names of functions aside."""
    return sorted(word for word in _IN_TEXT.findall(text) if word.strip().lower() not in _MEANT)


def _plain(text: str) -> str:
    """A number as algebra reads it: ``1 000`` as 1000, ``3 1/2`` as 7/2; anything else as it is."""
    number = parse_number(text)
    return text if number is None or number.percent or (number.decimals or 0) != 0 else str(number.value)


def _is_hopeless(text: str) -> bool:
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


def _compare_structure(answer: str, gold: str, algebra: Algebra, depth: int) -> bool | None:
    a, g = parse_compound(answer), parse_compound(gold)
    if (a is None and g is None) or bool(_RELATION.search(answer)) != bool(_RELATION.search(gold)):
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
