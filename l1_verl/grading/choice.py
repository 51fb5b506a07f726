"""Multiple choice: which option, A to J, does a final text name?"""

from __future__ import annotations

import re
from collections import deque

from l1_verl.grading.extract import last_boxed

LETTERS = "ABCDEFGHIJ"

# What is set around a letter or a statement: LaTeX's fonts, mathematics, Markdown, quotation marks.
_WRAPPER = re.compile(
    r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|mathsf|operatorname|rm|bf)(?![A-Za-z])|\\[()\[\]]|[{}$*`“”\"]"
)
_SPACE = re.compile(r"\\[,;:! ]|[~\s]+")
_BLANKS = re.compile(r" {2,}")
# The letter of an option and how it is set off from what follows it.
_LETTER = re.compile(r"^([(\[]?) ?([A-Ja-j]) ?([)\]]?) ?($|[.):,=])")
_TAG = re.compile(r"<answer>([^<]*)</answer>", re.IGNORECASE)
_ALONE = re.compile(r"^[^\w()\[\]]*[(\[]?([A-J])[)\]]?[^\w()\[\]]*$")
_STATED = re.compile(
    r"(?i:\b(?:answer|option|choice)\b(?: ?(?:is|must be|should be|would be|will be))?) ?(:?) ?"
    r"(?:\(([A-Ja-j])\)|\[([A-Ja-j])\]|([A-J])(?![\w'’])(?! [a-z])|([b-j])(?=[.,;!]? ?$|[.!] )|(a)(?=[.!](?: |$)))"
)
_CONFIRMED = re.compile(
    r"(?i:\b(?:answer|option|choice)\b) \(?([A-J])\)? (?:is|must be) (?:the )?(?:correct|right|best|answer)"
)
_PARENTHESISED = re.compile(r"(?<![\w)])\(([A-J])\)(?!\w)")
_JOIN = r"(?:[,;/&+]|\b(?:and|or)\b) ?(?:(?:and|or)\b ?)?"
# What follows the letter of one option when a second one is named with it: "(A) or B", "(A)(B)".
_SECOND = re.compile(
    rf"^[).:\]]* ?{_JOIN}(?:\([A-Ja-j]\)|[A-J](?= ?(?:$|[).,;:/&+]|and\b|or\b)))|^\) ?\([A-Ja-j]\)(?!\w)"
)
# A second option behind the text of the first, as in "(A) 12 or (B) 14".
_SECOND_LATER = re.compile(rf"{_JOIN}\([A-J]\)(?!\w)")
_HEDGED = re.compile(
    r"(?i:\b(?:maybe|perhaps|possibly|probably|or|not sure|instead|rather)\b)[^A-Za-z]*\(?([A-J])\)?(?![\w'’])"
)
_ONLY_LETTER = re.compile(r"^[^\w]*[A-J][^\w]*$")
_FIRST = re.compile(rf"\([A-Ja-j]\) ?{_JOIN}$")
_NEGATED = re.compile(r"(?i)(?:\bnot\b|n't\b|\bnever\b|\brather than\b|\bexcept\b)(?: \w+){0,2} ?$")
# How far before and after a letter a second one, or a "not", is looked for.
_NEAR = 200


def option_letter(content: str) -> str | None:
    r"""The option that the content of a box, or a gold answer, is: one letter A to J, alone or before its text.

    Example:
        >>> option_letter(r"\textbf{(E)}\ 12"), option_letter("A good answer"), option_letter("(A) or (B)")
        ('E', None, None)
    """
    bare = _bare(content[:_NEAR])
    match = _LETTER.match(bare)
    if match is None or _names_second(bare[match.end(2) :], (match[3] or match[4]).strip()):
        return None
    return match[2].upper()


def _bare(text: str) -> str:
    """``text`` on one line, without what is set around letters; linear in its length."""
    return _BLANKS.sub(" ", _SPACE.sub(" ", _WRAPPER.sub("", text))).strip().rstrip(". ")


def _names_second(rest: str, mark: str) -> bool:
    """Whether ``rest``, which follows an option's letter, names another; "(C) both (A) and (B)" is the text of C.

    Args:
        rest: from behind the letter on.
        mark: what sets the letter off, such as ")" or "."; a second option is set off alike.
    """
    later = _SECOND_LATER.search(rest)
    if _SECOND.match(rest) or (later is not None and not _PARENTHESISED.search(rest, 0, later.start())):
        return True
    text = rest.lstrip(".):,=] ")
    if _ONLY_LETTER.match(text) or _HEDGED.search(text):
        return True
    return mark in (".", ":") and re.search(rf"(?:^|[,;.] |\b(?:and|or) )[A-J]\{mark}(?: |$)", text) is not None


def extract_choice(text: str) -> str | None:
    r"""The option a final text chooses: boxed, else tagged, else the last ``Answer: C``, else the last ``(C)``.

    A letter inside prose ("A good answer") is never an option, nor are two of them ("(A) or (B)"), nor one that is
    denied ("not (B)"). Behind a box that holds no option, only a statement ("Answer: D") counts.

    Example:
        >>> extract_choice("(A) is tempting. Answer: (C)"), extract_choice("A good answer")
        ('C', None)
    """
    boxed = last_boxed(text)
    if boxed is None:
        tags = _TAG.findall(text)
        return option_letter(tags[-1]) if tags else _last_match(_bare(text), (_STATED, _CONFIRMED, _PARENTHESISED))
    if _LETTER.match(_bare(boxed[:_NEAR])):
        return option_letter(boxed)
    inside = _last_match(_bare(boxed), (_STATED, _PARENTHESISED))
    behind = text[text.rindex(boxed) + len(boxed) :]
    return inside or _last_match(_bare(behind), (_STATED,))


def _last_match(text: str, patterns: tuple[re.Pattern[str], ...]) -> str | None:
    """The letter of the last match of the first pattern that matches ``text``, unless it is denied or not alone."""
    alone = _ALONE.match(text)
    if alone:
        return alone[1]
    for pattern in patterns:
        matches = deque(pattern.finditer(text), maxlen=1)
        if not matches:
            continue
        last = matches[0]
        group = last.lastindex or 0
        before, behind = text[max(0, last.start() - _NEAR) : last.start()], text[last.end(group) : last.end() + _NEAR]
        near = text[max(0, last.start(group) - _NEAR) : last.start(group)].rstrip("([")
        if _SECOND.match(behind) or _FIRST.search(before) or _NEGATED.search(near):
            return None
        return last[group].upper()
    return None
