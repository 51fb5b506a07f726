r"""How an answer is put together: lists, tuples, sets, intervals and unions, split without parsing what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from l1_verl.grading.equivalence.normalize import key

Kind = Literal["list", "tuple", "set", "union", "interval"]

_MAX_ITEMS = 200
_OPEN, _CLOSE = "([{", ")]}"
_CONNECTIVE = r"(?:\\text\{ ?(?:and|or) ?\}|(?:and|or)(?![A-Za-z]))"
_SEPARATOR = re.compile(
    rf" ?[,;] ?{_CONNECTIVE}? ?| ?\\text\{{ ?(?:and|or) ?\}} ?| (?:and|or) | ?\\(?:lor|vee)(?![A-Za-z]) ?",
    re.IGNORECASE,
)
OR = re.compile(r" ?,? ?\\text\{ ?or ?\} ?|,? or | ?\\(?:lor|vee)(?![A-Za-z]) ?", re.IGNORECASE)
AND = re.compile(r" ?,? ?\\text\{ ?and ?\} ?|,? and | ?\\(?:land|wedge)(?![A-Za-z]) ?", re.IGNORECASE)
UNION = re.compile(r" ?(?:\\cup(?![A-Za-z])| [Uu] ) ?")
INTERSECTION = re.compile(r" ?\\cap(?![A-Za-z]) ?")
#: A relation other than an equation.
RELATION = re.compile(r"<|>|\\(?:leq|geq|neq|in|subset|equiv)(?![A-Za-z])")
DIFFERENCE = re.compile(r" ?\\(?:setminus|backslash)(?![A-Za-z]) ?")
# {x | ...} and {x : ...}
BUILDER = re.compile(r"^\\\{ ?(\\?[A-Za-z]+(?:_\{?\w+\}?)?(?: ?\\in [^|:]*)?) ?[|:](?!=) ?(.+)\\\}$")
_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(?:,\s?\d{3})+(?:\.\d+)?%?$")
_PLUS_MINUS = re.compile(r"^(.*)\\pm(?![A-Za-z])(.*)$", re.DOTALL)


_REALS = {"allrealnumbers", "allreals", "realnumbers", "thereals", "anyrealnumber", r"\mathbb{r}", r"\reals"}
_NONE = {r"\emptyset", r"\varnothing", r"\{\}", "nosolution", "nosolutions", "norealsolution", "norealsolutions"}


@dataclass(frozen=True)
class Compound:
    """An answer of several parts. ``brackets`` are the two characters around an interval or tuple, else empty."""

    kind: Kind
    items: tuple[str, ...]
    brackets: str = ""


def parse_compound(text: str) -> Compound | None:
    r"""The outermost structure of a normalised text, or ``None`` where it is a single expression.

    Example:
        >>> parse_compound("(1, 2)").items, parse_compound(r"\{3\}").kind, parse_compound("[0,1)").brackets
        (('1', '2'), 'set', '[)')
    """
    if _THOUSANDS.match(text):
        return None
    unions = split_top_level(text, UNION)
    if len(unions) > 1:
        return Compound("union", tuple(unions))
    parts = split_top_level(text, _SEPARATOR)
    if len(parts) > 1:
        return Compound("list", tuple(_expand_plus_minus(parts))) if all(parts) else None
    return _parse_bracketed(text) or _parse_plus_minus(text)


def set_word(text: str) -> str | None:
    """ "reals" or "none" where a normalised text names the real numbers or no solution, in words or by a sign."""
    word = re.sub(r"[ .,'-]", "", key(text).lower())
    if word in _REALS and text != "R":
        return "reals"
    return "none" if word in _NONE else None


def alternatives(text: str) -> list[str]:
    """The parts that ``or`` joins; the text alone where it joins none."""
    return split_top_level(text, OR)


def _parse_bracketed(text: str) -> Compound | None:
    if (
        text.startswith(r"\{")
        and text.endswith(r"\}")
        and _closes_at_end(text.replace(r"\{", "{").replace(r"\}", "}"))
    ):
        if BUILDER.match(text):
            return None
        items = split_top_level(text[2:-2].strip(), _SEPARATOR)
        return Compound("set", tuple(_expand_plus_minus(items))) if all(items) else None
    if len(text) < 2 or text[0] not in "([" or text[-1] not in ")]" or not _closes_at_end(text):
        return None
    items = split_top_level(text[1:-1].strip(), _SEPARATOR)
    if len(items) < 2 or not all(items):
        return None
    brackets = text[0] + text[-1]
    return Compound("tuple" if brackets == "()" else "interval", tuple(items), brackets)


def _parse_plus_minus(text: str) -> Compound | None:
    expanded = _expand_plus_minus([text])
    return Compound("list", tuple(expanded)) if len(expanded) > 1 else None


def _expand_plus_minus(items: list[str]) -> list[str]:
    out: list[str] = []
    for item in items:
        match = _PLUS_MINUS.match(item)
        # Two signs at once are a family whose members the notation does not tell; leave it to be read as a whole.
        if match and r"\pm" not in match.group(1) and r"\mp" not in item:
            out += [f"{match.group(1)}+{match.group(2)}".removeprefix("+"), f"{match.group(1)}-{match.group(2)}"]
        else:
            out.append(item)
    return out


def _closes_at_end(text: str) -> bool:
    """True where the first bracket is closed by the last character: ``(1,2)`` but not ``(x+1)(x-1)``."""
    depth = 0
    for index, char in enumerate(text):
        depth += (char in _OPEN) - (char in _CLOSE)
        if depth == 0:
            return index == len(text) - 1
    return False


def split_top_level(text: str, separator: re.Pattern[str]) -> list[str]:
    r"""The parts between separators that stand inside no bracket, brace or ``|...|``; at most a few hundred."""
    parts, depth, start, index = [], 0, 0, 0
    environment = 0
    while index < len(text):
        char = text[index]
        if char == "\\" and text.startswith((r"\begin", r"\end"), index):
            environment += 1 if text.startswith(r"\begin", index) else -1
        if depth == 0 and environment == 0 and (char in ",;\\ "):
            match = separator.match(text, index)
            if match and not _inside_number(text, index):
                parts.append(text[start:index].strip())
                start = index = match.end()
                if len(parts) > _MAX_ITEMS:
                    return [text]
                continue
        depth += (char in _OPEN) - (char in _CLOSE)
        index += 2 if char == "\\" and text[index + 1 : index + 2] not in _OPEN + _CLOSE else 1
    return [*parts, text[start:].strip()]


def _inside_number(text: str, index: int) -> bool:
    """True at the comma of ``1,234`` in a list whose items are told apart by a comma and a space: ``1,234, 5,678``."""
    return bool(
        text[index] == ","
        and ", " in text
        and re.match(r",\d{3}(?!\d)", text[index : index + 5])
        and re.search(r"(?:^|[^\d.,])[1-9]\d{0,2}(?:,\d{3})*$", text[max(0, index - 24) : index])
    )
