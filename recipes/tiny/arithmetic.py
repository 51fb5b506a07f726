"""Sums of a few one-digit numbers, worked out line by line.

A thought has one line per addition and then as many ``check`` lines, which restate the result, as its writer likes.
They make the thinking longer or shorter; as with a real reasoning model, length says little about the answer.
Each line begins with a mile post, the number of tokens the response will have if it ends after that line, so that a
model of this size need not count.

    What is 7 + 8 + 5?      16:7+8=15
                            24:15+5=20
                            28:20
                            32:20
                            </think>
                            \\boxed{20}
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from l1_verl.budget import Budget

INSTRUCTION = "Let's think step by step and output the final answer within \\boxed{}."

# Lengths in tokens of recipes.tiny.tokenizer, in which every number is one token.
ADDITION_TOKENS = 8  # 16 : 7 + 8 = 15 \n
CHECK_TOKENS = 4  # 28 : 20 \n
SOLUTION_TOKENS = 8  # </think> \n \ boxed { 20 } <|end|>


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

    def checks_for(self, tokens: int) -> int:
        """The number of check lines, 0 or more, that brings a response nearest to ``tokens`` tokens."""
        shortest = ADDITION_TOKENS * (len(self.operands) - 1) + SOLUTION_TOKENS
        return max(0, round((tokens - shortest) / CHECK_TOKENS))

    def response(self, checks: int) -> str:
        """Thought and solution as the model writes them after the prompt's ``<think>``; the tokenizer adds EOS."""
        lines, total, mile_post = [], self.operands[0], SOLUTION_TOKENS
        for operand in self.operands[1:]:
            mile_post += ADDITION_TOKENS
            lines.append(f"{mile_post}:{total}+{operand}={total + operand}\n")
            total += operand
        for _ in range(checks):
            mile_post += CHECK_TOKENS
            lines.append(f"{mile_post}:{total}\n")
        return f"{''.join(lines)}</think>\n\\boxed{{{total}}}"


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


def question(problem: Sum) -> str:
    """What the user says, without a budget."""
    return f"{problem.problem} {INSTRUCTION}"


def prompt(problem: Sum, budget: Budget | None) -> str:
    """What the user says, budget sentence included."""
    return question(problem) if budget is None else budget.append_to(question(problem))
