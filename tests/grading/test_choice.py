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
        (r"\boxed{( C )}", "C"),
        (r"\boxed{(B)\ f(A) and g(C)}", "B"),
        (r"\boxed{(B) and}", "B"),
        (r"\boxed{(A) F, G, H}", "A"),
        (r"\boxed{(D) x or y}", "D"),
        (r"\boxed{\text{(C) both (A) and (B)}}", "C"),
        (r"\boxed{C. 1, 2 and 3}", "C"),
        ("Answer: (C), I am sure", "C"),
        ("Answer: C, A being too small", "C"),
        ("Not (A) or (B), but it is (C)", "C"),
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


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{(A) or (B)}",
        r"\boxed{(A), (B), (C), (D)}",
        r"\boxed{(A)(B)}",
        r"\boxed{\text{(A) and (B)}}",
        r"\boxed{\text{(A)}\text{ or }\text{(B)}}",
        r"\boxed{(a) or (b)}",
        r"\boxed{A. or B.}",
        r"\boxed{A/B}",
        r"\boxed{(A), B}",
        r"\boxed{(A) 12 or (B) 14}",
        r"\boxed{either (A) or (B)}",
        r"\boxed{\text{Answer: (A) or (B)}}",
        "Answer: (A) or (B)",
        "Answer: A, B",
        "Answer: A/B",
        "The answer is (A), and (B).",
        "So it is (A) or (B)",
    ],
)
def test_two_options_are_no_choice(text: str) -> None:
    assert extract_choice(text) is None


def test_a_gold_of_two_options_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(A\) or \(B\)"):
        grade(r"\boxed{A}", "(A) or (B)", "choice")


def test_option_e_can_be_right() -> None:
    assert grade(r"<think>A?</think>\boxed{E}", "E", "choice") == Grade(True, "E", "ok")
    assert grade(r"\boxed{A}", "E", "choice") == Grade(False, "A", "ok")
    assert grade("no idea", "E", "choice") == Grade(False, None, "no_answer")
