"""The text rules take time in proportion to the length of what they read, whatever it is made of."""

from __future__ import annotations

import itertools
import random
import time

import pytest

from l1_verl.grading.grader import first_pass

PREFIXES = (
    "", r"\boxed{", r"\boxed{\text{", "The answer is", "Answer:", r"\boxed{x=", r"\frac{", "**", "$", "(A) ", r"\{x |",
    "0.",
)  # fmt: skip
PIECES = (
    " ", "\n", "(", "{", "}", ")", "[", "\\", "\\text{", "\\text", "\\boxed{", "a", "A", "(A)", "1", ",", "1,", " or ",
    "^", "_", "'", "\\,", "~", "=", "<", "|", "$", "*", "\\frac", "\\sqrt", "\\pm", "°", "½", "√", "option",
    "answer is ", "</think>", "<answer>", "\\{", "0.3", "...", ": ",
)  # fmt: skip
SUFFIXES = ("", "}", "?", "}}", r"\frac{1}{2}}}", "A", "$", "</answer>", r"\}")
SHORT, LONG = 2_000, 16_000
# Growth of a quadratic rule between the two lengths is 64, of a linear one 8.
WORST_GROWTH = 28
# What is quicker than this at the longer length blocks nobody, and is too quick to be compared.
UNSEEN_S = 0.02


def seconds(response: str, answer_type: str) -> float:
    """The least of several times: other work on the machine makes a run slower, never faster."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        first_pass(response, "A" if answer_type == "choice" else r"\frac{1}{2}", answer_type, require_think_end=False)
        best = min(best, time.process_time() - began)
        if best < UNSEEN_S:
            break
    return best


def made(prefix: str, piece: str, suffix: str, length: int) -> str:
    return prefix + piece * (length // len(piece)) + suffix


def samples() -> list[tuple[str, str, str]]:
    everything = list(itertools.product(PREFIXES, PIECES, SUFFIXES))
    known = [("The answer is", "\n", "?"), (r"\boxed{\text{", " ", r"\frac{1}{2}}}"), ("Answer:", "\n", "")]
    return known + random.Random(0).sample(everything, 700)


@pytest.mark.parametrize("answer_type", ["math", "choice"])
def test_no_text_takes_more_than_its_length_allows(answer_type):
    slow = []
    for parts in samples():
        longer = seconds(made(*parts, LONG), answer_type)
        if longer > UNSEEN_S and longer > WORST_GROWTH * max(seconds(made(*parts, SHORT), answer_type), 1e-4):
            slow.append((parts, longer))
    assert slow == []


@pytest.mark.parametrize("answer_type", ["math", "choice"])
def test_a_hundred_thousand_characters_of_any_piece_are_read(answer_type):
    for piece in PIECES:
        done, _, golds = first_pass(
            made("The answer is", piece, "", 100_000), "A", answer_type, require_think_end=False
        )
        assert done is not None or golds
