"""Sums of a few one-digit numbers, worked out line by line.

A thought opens with what was asked for ("64=" for exactly 64 tokens, "64>" for at most 64) and the length its writer
plans, which need not agree. Then follow one line per addition and as many lines that restate the result as the plan
leaves room for; as with a real reasoning model, length says little about the answer. A model of this size cannot count
its tokens, so each of these lines begins with how many tokens are left of the plan.

    What is 7 + 8 + 5? Think for 64 tokens.     64=36
                                                32:7+8=15
                                                24:15+5=20
                                                16:20
                                                12:20
                                                </think>
                                                \\boxed{20}
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from l1_verl.budget import Budget

INSTRUCTION = "Let's think step by step and output the final answer within \\boxed{}."

#: How the opening line restates the mode.
ASKED = {"exact": "=", "max": ">"}

# Lengths in tokens of recipes.tiny.tokenizer, in which every number is one token.
OPENING_TOKENS = 4  # 64 = 36 \n
ADDITION_TOKENS = 8  # 32 : 7 + 8 = 15 \n
REPEAT_TOKENS = 4  # 16 : 20 \n
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

    @property
    def shortest(self) -> int:
        """The fewest tokens that a response can have."""
        return OPENING_TOKENS + ADDITION_TOKENS * (len(self.operands) - 1) + SOLUTION_TOKENS

    def response(self, plan: int, budget: Budget | None) -> str:
        """Thought and solution as the model writes them after the prompt's ``<think>``; the tokenizer adds EOS.

        Args:
            plan: length to write, in tokens, at least ``shortest``; what comes out is within 2 of it.
            budget: what the prompt asks for.
        """
        lines = [f"{budget.tokens}{ASKED[budget.mode]}{plan}\n" if budget else f"?>{plan}\n"]
        total, left = self.operands[0], plan - OPENING_TOKENS
        for operand in self.operands[1:]:
            lines.append(f"{left}:{total}+{operand}={total + operand}\n")
            total += operand
            left -= ADDITION_TOKENS
        for _ in range(round((left - SOLUTION_TOKENS) / REPEAT_TOKENS)):
            lines.append(f"{left}:{total}\n")
            left -= REPEAT_TOKENS
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
