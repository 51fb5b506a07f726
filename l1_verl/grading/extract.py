"""Finds the final answer in a response: plain text work, linear in its length, on any input."""

from __future__ import annotations

import re

# One alternation that walks over everything that can open, close or escape a brace.
_TOKENS = re.compile(r"\\\\?(?:boxed|fbox)\s*\{|\\.|[{}]", re.DOTALL)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_TOKENS_UNESCAPED = re.compile(r"\\\\?(?:boxed|fbox)\s*\{|[{}]")


def last_boxed(text: str) -> str | None:
    r"""The content of the last balanced ``\boxed{}`` or ``\fbox{}``; the innermost one where they nest.

    Escaped braces belong to the content. Where that leaves no box closed, as in ``\boxed{185\}``, they count as
    braces.

    Example:
        >>> last_boxed(r"so \boxed{\frac{1}{2}}, not \boxed{2")
        '\\frac{1}{2}'
    """
    begins = _BOX.search(text)
    if begins is None:
        return None
    text = text[begins.start() :]
    content = _last_boxed(text, _TOKENS)
    return content if content is not None else _last_boxed(text, _TOKENS_UNESCAPED)


def _last_boxed(text: str, tokens: re.Pattern[str]) -> str | None:
    open_braces: list[int | None] = []  # where the content of a box starts; None for any other brace
    start = end = -1
    for match in tokens.finditer(text):
        token = match.group()
        if token == "}":
            opened = open_braces.pop() if open_braces else None
            if opened is not None and opened > start:
                start, end = opened, match.start()
        elif token == "{":
            open_braces.append(None)
        elif token[-1] == "{" and len(token) > 2:
            open_braces.append(match.end())
    return text[start:end] if start >= 0 else None
