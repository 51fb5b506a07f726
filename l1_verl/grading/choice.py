"""Multiple choice: which option, A to J, does a final text name?"""

from __future__ import annotations

import re

from l1_verl.grading.extract import last_boxed

LETTERS = "ABCDEFGHIJ"

_WRAPPER = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|mathsf|operatorname|rm|bf)\b|[{}$*\s~]|\\[,;:! ]")
_LETTER = re.compile(r"^\(?([A-Ja-j])\)?(?:$|[.):])")
_STATED = re.compile(
    r"(?i:\b(?:answer|option|choice)\b(?:\s+is)?)\s*:?\s*\**\s*(?:\$\s*)?(?:\\text(?:bf)?\{)?"
    r"(?:\(([A-Ja-j])\)|([A-J])(?![\w'’])(?!\s+[a-z]))"
)
_PARENTHESISED = re.compile(r"(?<![\w)])\(([A-J])\)(?!\w)")


def option_letter(content: str) -> str | None:
    r"""The option that the content of a box, or a gold answer, is: a letter A to J alone or before its text.

    Example:
        >>> option_letter(r"\textbf{(E)}\ 12"), option_letter("A good answer")
        ('E', None)
    """
    bare = _WRAPPER.sub("", content[:200]).rstrip(".")
    match = _LETTER.match(bare)
    return match.group(1).upper() if match else None


def extract_choice(text: str) -> str | None:
    r"""The option a final text chooses: boxed, else the last ``Answer: C``, else the last ``(C)``.

    A letter inside prose ("A good answer") is never an option, and a box that holds no option is not looked past:
    what the model boxed is its answer.

    Example:
        >>> extract_choice("(A) is tempting. Answer: (C)"), extract_choice("A good answer")
        ('C', None)
    """
    boxed = last_boxed(text)
    if boxed is not None:
        return option_letter(boxed) or _last_match(text=boxed)
    return _last_match(text)


def _last_match(text: str) -> str | None:
    for pattern in (_STATED, _PARENTHESISED):
        matches = list(pattern.finditer(text))
        if matches:
            return next(group for group in matches[-1].groups() if group).upper()
    return None
