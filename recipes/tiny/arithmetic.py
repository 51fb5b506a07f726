"""Sums of a few one-digit numbers, worked out step by step in numbered lines.

A thought has one line per addition and then as many ``check`` lines as its writer likes. The checks are what makes
the thinking longer or shorter: as with a real reasoning model, the length says little about the answer.

    What is 7 + 8 + 5?      1:7+8=15
                            2:15+5=20
                            3:20 ok
                            </think>
                            \\boxed{20}
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from l1_verl.budget import Budget

INSTRUCTION = "Let's think step by step and output the final answer within \\boxed{}."


@dataclass(frozen=True)
class Sum:
    """One problem: the operands, 3 or 4 numbers from 1 to 9."""

    operands: tuple[int, ...]

    @property
    def problem(self) -> str:
        return f"What is {' + '.join(map(str, self.operands))}?"

    @property
    def answer(self) -> str:
        return str(sum(self.operands))

    @property
    def additions(self) -> int:
        return len(self.operands) - 1

    def thought(self, checks: int) -> str:
        """The additions, one numbered line each, and ``checks`` further lines that restate the result."""
        lines, total = [], self.operands[0]
        for operand in self.operands[1:]:
            lines.append(f"{total}+{operand}={total + operand}")
            total += operand
        lines += [f"{total}"] * checks
        return "".join(f"{number}:{line}\n" for number, line in enumerate(lines, start=1))

    def response(self, checks: int) -> str:
        """Thought and solution as the model writes them after the prompt's ``<think>``; the tokenizer adds EOS."""
        return f"{self.thought(checks)}</think>\n\\boxed{{{self.answer}}}"


def all_sums() -> list[Sum]:
    """Every sum of 3 or 4 operands from 1 to 9: 9^3 + 9^4 = 7,290."""
    digits = range(1, 10)
    threes = [Sum((a, b, c)) for a in digits for b in digits for c in digits]
    fours = [Sum((*three.operands, d)) for three in threes for d in digits]
    return threes + fours


def split(seed: int, held_out: int) -> tuple[list[Sum], list[Sum]]:
    """(training, held out): the same two disjoint lists for the same seed."""
    sums = all_sums()
    random.Random(f"split/{seed}").shuffle(sums)
    return sums[held_out:], sums[:held_out]


def prompt(problem: Sum, budget: Budget | None) -> str:
    """What the user says, budget sentence included."""
    text = f"{problem.problem} {INSTRUCTION}"
    return text if budget is None else budget.append_to(text)
