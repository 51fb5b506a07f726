"""Solutions of GSM8K in many lengths, written from the data's own: what the supervised stage learns from.

A solution opens with its plan (``In 120 tokens: 2 facts, 3 full steps, 1 check.``). It may repeat the problem's facts,
gives each step as a sentence or as its bare equation, and may check its equations before it answers. The shortest
leave out their first steps (``In 48 tokens: 2 last steps.``). How much of each it takes sets its length. The plan
restates the budget, so that a model of this size sees it where it begins to write.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from l1_verl.budget import Budget

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

    def closest(self, budget: Budget, tokens: int, lengths: Lengths, within: int = 2) -> str:
        """A text of this solution that has about ``tokens`` tokens and opens with its plan for ``budget``.

        Of the texts that fit, the one with the fewest steps left out, then the most steps in full, then the most
        facts, then the fewest checks: one budget means one way to spend it.

        Args:
            budget: what the plan restates.
            tokens: how long the text should be.
            lengths: tokens of each of several texts. A text is taken to be as long as its lines together.
            within: by how many tokens a text that fits may differ. Where none does, the nearest is taken.
        """
        texts = {share: self._text(budget, share) for share in self._shares()}
        lines = sorted({line for text in texts.values() for line in text})
        size = dict(zip(lines, lengths([f"{line}\n" for line in lines]), strict=True))
        # No newline ends a text, hence the 1.
        off = {share: abs(sum(size[line] for line in text) - 1 - tokens) for share, text in texts.items()}
        reach = max(within, min(off.values()))
        fitting = (share for share, by in off.items() if by <= reach)
        return "\n".join(texts[max(fitting, key=_Share.preference)])

    def _shares(self) -> Iterator[_Share]:
        checks = sum(bool(equation) for equation in self.equations)
        most = (len(self.facts), len(self.steps), checks)
        whole = itertools.starmap(_Share, itertools.product(*(range(one + 1) for one in most)))
        cut = (_Share(0, 0, 0, last) for last in range(1, len(self.steps)))
        return itertools.chain(whole, cut)

    def _text(self, budget: Budget, share: _Share) -> tuple[str, ...]:
        """Its lines: the plan, the first facts, the steps, the first checks, the answer.

        The first steps are in full and the others short; a share of last steps leaves the others out.
        """
        short = [equation or step for equation, step in zip(self.equations, self.steps, strict=True)]
        checks = [f"Check: {equation}" for equation in self.equations if equation]
        return (
            share.plan(budget),
            *self.facts[: share.facts],
            *self.steps[: share.told],
            *(short[-share.last :] if share.last else short[share.told :]),
            *checks[: share.checks],
            f"The answer is \\boxed{{{self.answer}}}.",
        )


class _Share(NamedTuple):
    """How much of a solution a text has: facts, steps in full, checks; or its last steps alone, each short."""

    facts: int
    told: int
    checks: int
    last: int | None = None

    def preference(self) -> tuple[bool, int, int, int, int]:
        """Greater for a text that is taken before others of its length."""
        return self.last is None, self.last or 0, self.told, self.facts, -self.checks

    def plan(self, budget: Budget) -> str:
        """``In 120 tokens: 2 facts, 3 full steps, 1 check.``"""
        counts = {"fact": self.facts, "full step": self.told, "check": self.checks, "last step": self.last}
        counted = [f"{number} {name}{'' if number == 1 else 's'}" for name, number in counts.items() if number]
        how = "In" if budget.mode == "exact" else "At most"
        return f"{how} {budget.tokens} tokens: {', '.join(counted) or 'short steps'}."
