from __future__ import annotations

import pytest

from l1_verl.grading.extract import last_boxed
from l1_verl.thought import final_text


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"\boxed{4}", "4"),
        (r"\fbox{4}", "4"),
        (r"\boxed {4}", "4"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"\boxed{1} then \boxed{2", "1"),
        (r"\boxed{\text{so } \boxed{3}}", "3"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{185\}", "185\\"),
        (r"{ \boxed{5} ", "5"),
        (r"\\boxed{6}", "6"),
        (r"\boxed{}", ""),
        ("boxed{7}", None),
        (r"\boxed{8", None),
        ("", None),
    ],
)
def test_the_last_balanced_box_is_the_answer(text: str, content: str | None) -> None:
    assert last_boxed(text) == content


def test_the_final_text_follows_the_last_think_end() -> None:
    assert final_text("a</think>b</think>c") == "c"
    assert final_text("no end") == "no end"
    assert final_text("no end", require_think_end=True) is None
    assert final_text("a</think>", require_think_end=True) == ""
