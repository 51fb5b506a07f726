from __future__ import annotations

import pytest

from l1_verl.grading import Grade, grade
from l1_verl.grading.choice import extract_choice


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        (r"\boxed{E}", "E"),
        (r"\boxed{(E)}", "E"),
        (r"\boxed{\text{E}}", "E"),
        (r"\boxed{\textbf{(J)}}", "J"),
        (r"\boxed{c}", "C"),
        (r"\boxed{C. 12 apples}", "C"),
        (r"\boxed{\text{(B) } 4}", "B"),
        (r"\boxed{\text{Answer: D}}", "D"),
        ("Answer: C", "C"),
        ("**Answer:** (C)", "C"),
        ("The answer is (B).", "B"),
        ("the correct option is **D**", "D"),
        ("So it must be (C)", "C"),
        ("(A) looks good, but it is (B)", "B"),
        ("Answer: A. No, wait. Answer: B", "B"),
        (r"Answer: A, so \boxed{B}", "B"),
    ],
)
def test_an_option_is_read_from_a_box_a_statement_or_brackets(text: str, letter: str) -> None:
    assert extract_choice(text) == letter


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A good answer",
        "I think A is nice",
        "The answer is a number",
        "Answer: All of these",
        "Plan B failed",
        r"\boxed{12}",
        r"\boxed{K}",
        r"\boxed{AB}",
        "f(A) is small",
        "The answer is A good one",
    ],
)
def test_a_letter_inside_prose_is_not_an_answer(text: str) -> None:
    assert extract_choice(text) is None


def test_option_e_can_be_right() -> None:
    assert grade(r"<think>A?</think>\boxed{E}", "E", "choice") == Grade(True, "E", "ok")
    assert grade(r"\boxed{A}", "E", "choice") == Grade(False, "A", "ok")
    assert grade("no idea", "E", "choice") == Grade(False, None, "no_answer")
