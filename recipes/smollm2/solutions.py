"""Solutions of GSM8K in many lengths, written from the data's own: what the supervised stage learns from.

A solution may open with what the problem says, gives each step as a sentence or as its bare equation, and may check
its equations before it answers. How much of each it takes sets its length.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_CALCULATION = re.compile(r"<<([^<>]*)>>")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

#: Tokens of each of several texts.
Lengths = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True)
class Solution:
    """The parts of one record of GSM8K.

    Attributes:
        facts: what the question says before it asks, by sentences.
        steps: the solution's lines.
        equations: of each step, or "" where it has none.
        answer: the number at its end.
    """

    facts: tuple[str, ...]
    steps: tuple[str, ...]
    equations: tuple[str, ...]
    answer: str

    @classmethod
    def of(cls, question: str, answer: str) -> Solution:
        """Takes a record apart.

        Raises:
            ValueError: the answer does not end in ``#### number``, or holds no step.
        """
        text, mark, number = answer.rpartition("####")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not mark or not number.strip() or not lines:
            raise ValueError(f"answer is {answer!r:.80}; it must be steps, then #### and a number")
        found = ([f"{one.strip()}." for one in _CALCULATION.findall(line)] for line in lines)
        return cls(
            facts=tuple(one for one in _SENTENCE_END.split(question.strip()) if not one.endswith("?")),
            steps=tuple(_CALCULATION.sub("", line) for line in lines),
            equations=tuple(" ".join(one).replace("=", " = ") for one in found),
            answer=number.strip().replace(",", ""),
        )

    def closest(self, tokens: int, lengths: Lengths, rng: random.Random, within: int = 2) -> str:
        """A text of this solution that has about ``tokens`` tokens.

        Args:
            tokens: how long it should be.
            lengths: tokens of each of several texts. A text is taken to be as long as its lines together.
            rng: chooses among the texts that fit.
            within: by how many tokens a text that fits may differ. Where none does, the nearest is taken.
        """
        texts = list(self._texts())
        lines = sorted({line for text in texts for line in text})
        size = dict(zip(lines, lengths([f"{line}\n" for line in lines]), strict=True))
        off = [abs(sum(size[line] for line in text) - 1 - tokens) for text in texts]  # no newline ends a text
        fitting = [text for text, by in zip(texts, off, strict=True) if by <= max(within, min(off))]
        return "\n".join(rng.choice(fitting))

    def _texts(self) -> Iterator[tuple[str, ...]]:
        """Every text, by lines: the first facts, the first steps in full and the others short, the first checks."""
        short = tuple(equation or step for equation, step in zip(self.equations, self.steps, strict=True))
        checks = tuple(f"Check: {equation}" for equation in self.equations if equation)
        ending = f"The answer is \\boxed{{{self.answer}}}."
        counts = (range(len(part) + 1) for part in (self.facts, self.steps, checks))
        for opened, told, checked in itertools.product(*counts):
            yield (*self.facts[:opened], *self.steps[:told], *short[told:], *checks[:checked], ending)
