"""From what a data set calls the answer to the text that a grader reads."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

# What says "this is mathematics" or "this is the answer" and nothing about the answer. \$ is a dollar, no delimiter;
# a \boxed{} may hold braces that close, three levels deep.
_BRACES = r"[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_WRAPPINGS = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\$\$((?:[^$\\]|\\.)*)\$\$",
        r"\$((?:[^$\\]|\\.)*)\$",
        r"\\\[((?:(?!\\[\[\]]).)*)\\\]",
        r"\\\(((?:(?!\\[()]).)*)\\\)",
        rf"\\boxed\s*\{{((?:{_BRACES})*)\}}",
    )
]


def answer_text(value: object) -> str:
    """The text of one answer: strings cleaned, whole floats without their ".0".

    Raises:
        ValueError: neither text nor a finite number.

    Example:
        >>> answer_text(142.0), answer_text("$2n-2$"), answer_text("9.6\\n")
        ('142', '2n-2', '9.6')
    """
    if isinstance(value, str):
        return clean_answer(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"answer is {value!r}; it must be text or a finite number")
    return str(int(value)) if float(value).is_integer() else repr(value)


def clean_answer(text: str) -> str:
    r"""``text`` without surrounding space and without ``$``, ``\[`` or ``\boxed{}`` around the whole of it.

    A pair that also occurs inside is left, so ``$69$,$84$`` and ``\boxed{1}, \boxed{2}`` stay as they are.
    """
    text = text.strip()
    while (inner := _unwrapped(text)) is not None:
        text = inner.strip()
    return text


def _unwrapped(text: str) -> str | None:
    for pattern in _WRAPPINGS:
        if match := pattern.fullmatch(text):
            return match[1]
    return None


def ground_truth(answers: Iterable[object]) -> str:
    """One answer as it is, several that each count as a JSON list of strings.

    Example:
        >>> ground_truth(["0.01\\n", "0.02"]), ground_truth(["300\\n", "300"])
        ('["0.01", "0.02"]', '300')

    Raises:
        ValueError: an answer is blank or no text or number, or there is none.
    """
    texts = list(dict.fromkeys(answer_text(answer) for answer in answers))
    if not texts or not all(texts):
        raise ValueError("the answer is blank")
    return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False)


def final_answer(gold: Any) -> Any:
    r"""The answer of a gold that is a whole solution: after ``####``, or in its last box; any other gold as it is.

    Example:
        >>> final_answer("2 * 9 = 18\n#### 1,800"), final_answer(r"so \boxed{\frac12}."), final_answer("7")
        ('1,800', '\\frac12', '7')
    """
    if not isinstance(gold, str) or ("####" not in gold and "boxed" not in gold):
        return gold
    from l1_verl.grading.extract import last_boxed  # here, since it brings the grader's packages along

    return gold.rpartition("####")[2].strip() if "####" in gold else last_boxed(gold) or gold


def whole_number(value: object) -> str:
    """The digits of an answer that is a whole number by the contest's rules: 25 for "025", 70 for 70.0.

    Raises:
        ValueError: it is not a whole number.
    """
    text = answer_text(value)
    if not re.fullmatch(r"-?[0-9]+", text):
        raise ValueError(f"answer is {value!r}; it must be a whole number")
    return str(int(text))


def notation_key(answer: str) -> str:
    r"""What two answers share that differ in notation only: spaces, ``$``, ``\left``, ``\dfrac``, ``^{\circ}``, 097.

    Example:
        >>> notation_key(r"$\dfrac{1}{2} n$") == notation_key(r"\frac{1}{2}n")
        True
    """
    key = re.sub(r"\\[dt]frac", r"\\frac", re.sub(r"\\(left|right|[,;!])|[\s$]", "", answer))
    return re.sub(r"\^(\{\\circ\}|\\circ)", r"^\\circ", key).lstrip("0") or "0"
