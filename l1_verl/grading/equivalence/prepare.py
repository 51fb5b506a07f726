"""What an answer says: out of a box in a box, out of a sentence, or out of the bracket that a sentence ends with."""

from __future__ import annotations

import re

from l1_verl.grading.equivalence.normalize import IN_TEXT, MAX_LENGTH, normalize, unwrap
from l1_verl.grading.equivalence.structure import parse_compound
from l1_verl.grading.extract import last_boxed

_WORD = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,}")
_STATEMENT = re.compile(r"(?i)^.*(?:\b(?:is|are|be|equals|answer|result)\b\s*:?|:)\s*(.*)$", re.DOTALL)
_LAST_BRACKET = re.compile(r"\[([^\[\]]*)\]")
#: Words before the last statement that say that there are others: "either 3 or is 4".
SEVERAL = re.compile(r"(?i)\b(?:either|or|not)\b")


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
    return " " in text and len(_WORD.findall(IN_TEXT.sub("", text))) >= 2


def _out_of_prose(text: str) -> str:
    stated = _STATEMENT.match(text)
    if stated and stated.group(1).strip(" .$") and not SEVERAL.search(text, 0, stated.start(1)):
        return normalize(stated.group(1))
    brackets = _LAST_BRACKET.findall(text)
    return normalize(brackets[-1] if brackets else text)
