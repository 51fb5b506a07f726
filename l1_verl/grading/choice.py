"""Multiple choice: which option, A to J, does a final text name?"""

from __future__ import annotations

import re

from l1_verl.grading.extract import last_boxed

LETTERS = "ABCDEFGHIJ"

_WRAPPER = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|mathsf|operatorname|rm|bf)\b|[{}$*]")
_SPACE = re.compile(r"\\[,;:! ]|[~\s]+")
_LETTER = re.compile(r"^\(? ?([A-Ja-j]) ?\)? ?(?:$|[.):])")
_STATED = re.compile(
    r"(?i:\b(?:answer|option|choice)\b(?:\s+is)?)\s*:?\s*\**\s*(?:\$\s*)?(?:\\text(?:bf)?\{)?"
    r"(?:\(([A-Ja-j])\)|([A-J])(?![\w'’])(?!\s+[a-z]))"
)
_PARENTHESISED = re.compile(r"(?<![\w)])\(([A-J])\)(?!\w)")
_JOIN = r"(?:[,;/&+]|\b(?:and|or)\b)\s*(?:(?:and|or)\b\s*)?"
# What follows the letter of one option when a second one is named with it: "(A) or B", "(A)(B)".
_SECOND = re.compile(
    rf"^[).:]*\s*{_JOIN}(?:\([A-Ja-j]\)|[A-J](?=\s*(?:$|[).,;:/&+]|and\b|or\b)))|^\)\s*\([A-Ja-j]\)(?!\w)"
)
# A second option behind the text of the first, as in "(A) 12 or (B) 14".
_SECOND_LATER = re.compile(rf"{_JOIN}\([A-J]\)(?!\w)")
_FIRST = re.compile(rf"\([A-Ja-j]\)\s*{_JOIN}$")


def option_letter(content: str) -> str | None:
    r"""The option that the content of a box, or a gold answer, is: one letter A to J, alone or before its text.

    Example:
        >>> option_letter(r"\textbf{(E)}\ 12"), option_letter("A good answer"), option_letter("(A) or (B)")
        ('E', None, None)
    """
    bare = _bare(content)
    match = _LETTER.match(bare)
    return match.group(1).upper() if match and not _names_second(bare[match.end(1) :]) else None


def _bare(content: str) -> str:
    return _SPACE.sub(" ", _WRAPPER.sub("", content[:200])).strip().rstrip(". ")


def _names_second(rest: str) -> bool:
    """Whether ``rest``, which follows an option's letter, names another; "(C) both (A) and (B)" is the text of C."""
    later = _SECOND_LATER.search(rest)
    return bool(_SECOND.match(rest)) or (later is not None and not _PARENTHESISED.search(rest, 0, later.start()))


def extract_choice(text: str) -> str | None:
    r"""The option a final text chooses: boxed, else the last ``Answer: C``, else the last ``(C)``.

    A letter inside prose ("A good answer") is never an option, nor are two of them ("(A) or (B)"), and a box that
    holds no option is not looked past: what the model boxed is its answer.

    Example:
        >>> extract_choice("(A) is tempting. Answer: (C)"), extract_choice("A good answer")
        ('C', None)
    """
    boxed = last_boxed(text)
    if boxed is None:
        return _last_match(text)
    return option_letter(boxed) if _LETTER.match(_bare(boxed)) else _last_match(boxed)


def _last_match(text: str) -> str | None:
    for pattern in (_STATED, _PARENTHESISED):
        matches = list(pattern.finditer(text))
        if matches:
            last = matches[-1]
            end = last.end(last.lastindex or 0)
            if _SECOND.match(text[end : end + 200]) or _FIRST.search(text[max(0, last.start() - 200) : last.start()]):
                return None
            return last[last.lastindex or 0].upper()
    return None
