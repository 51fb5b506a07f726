"""Keywords of reasoning, by group, counted in a response (L1, Fig. 6)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from l1_verl.cli import InputError

DEFAULT = Path(__file__).with_name("keywords.json")


class Keywords:
    """Counts whole words and phrases, whatever their case.

    Args:
        groups: keywords by group name.

    Example:
        >>> Keywords({"check": ["wait", "let me check"]}).count("Wait. Await? wait, let me check")
        [2, 1]
    """

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        self.groups = [group for group, words in groups.items() for _ in words]
        self.words = [word.lower() for words in groups.values() for word in words]
        # One pattern per keyword, with what stands before it looked at last: Python then searches for the literal,
        # which is far faster than alternatives or a leading boundary.
        self._patterns = [re.compile(rf"{re.escape(w)}(?!\w)(?<!\w{re.escape(w)})") for w in self.words]

    @classmethod
    def load(cls, path: Path = DEFAULT) -> Keywords:
        """Reads ``{"groups": {name: [keyword, ...]}}``.

        Raises:
            InputError: the file is missing or something else.
        """
        try:
            groups = json.loads(path.read_text())["groups"]
            if not all(isinstance(w, str) and w for words in groups.values() for w in words):
                raise ValueError("a keyword is not text")
            return cls(groups)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f'{path} is not a keyword file {{"groups": {{name: [keyword, ...]}}}}: {error}') from None

    def count(self, text: str) -> list[int]:
        """Occurrences of each of ``words`` in ``text``."""
        text = text.lower()
        found = zip(self._patterns, self.words, strict=True)
        return [len(pattern.findall(text)) if word in text else 0 for pattern, word in found]
