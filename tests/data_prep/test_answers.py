from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_verl.data.answers import answer_text, clean_answer, ground_truth, notation_key, whole_number


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (142.0, "142"),
        (-4.0, "-4"),
        (0.5, "0.5"),
        (7, "7"),
        ("9.6\n", "9.6"),
        ("$2n-2$", "2n-2"),
        ("$$x$$", "x"),
        (r"\[ x \]", "x"),
        (r"\(x\)", "x"),
        (r"\boxed{\frac{a}{b}}", r"\frac{a}{b}"),
        ("\\[\n\\boxed{\\frac{n+1}{4n-2}}\n\\]", r"\frac{n+1}{4n-2}"),
    ],
)
def test_what_says_nothing_about_the_answer_is_taken_off(raw, text):
    assert answer_text(raw) == text


@pytest.mark.parametrize(
    "text",
    ["$69$,$84$", r"\$ 160", "$19", r"$5\$", r"\boxed{1}, \boxed{2}", r"\boxed{1} and {2}", "$", "[1,2)", "025"],
)
def test_an_answer_that_is_not_wholly_wrapped_stays_as_it_is(text):
    assert clean_answer(text) == text


@given(st.text(alphabet="$\\[](){} boxed19"))
def test_cleaning_twice_is_cleaning_once(text):
    assert clean_answer(clean_answer(text)) == clean_answer(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, ["1"], {}])
def test_an_answer_that_is_no_text_or_number_is_refused_with_its_value(value):
    with pytest.raises(ValueError, match="must be text or a finite number"):
        answer_text(value)


def test_several_answers_that_each_count_are_a_json_list_of_strings():
    assert json.loads(ground_truth(["0.01\n", "0.02"])) == ["0.01", "0.02"]


def test_answers_that_are_the_same_once_cleaned_are_one():
    assert ground_truth(["300\n", "$300$"]) == "300"


@pytest.mark.parametrize("answers", [[], [""], ["1", " "], ["$ $"]])
def test_a_blank_answer_is_refused(answers):
    with pytest.raises(ValueError, match="blank"):
        ground_truth(answers)


@pytest.mark.parametrize(("value", "text"), [("025", "25"), (70.0, "70"), ("0", "0"), (-4, "-4"), ("$16$", "16")])
def test_a_whole_number_is_its_digits(value, text):
    assert whole_number(value) == text


@pytest.mark.parametrize("value", ["2.5", 2.5, "x", "", "1,000"])
def test_what_is_not_a_whole_number_is_refused(value):
    with pytest.raises(ValueError, match="whole number"):
        whole_number(value)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (r"$2\sqrt{5}$", r"2\sqrt{5}"),
        (r"\dfrac{1}{2}", r"\frac{1}{2}"),
        (r"90^{\circ}", r"90^\circ"),
        (r"10 - 2 \sqrt{5}", r"10-2\sqrt{5}"),
        (r"\left(1, 2\right)", "(1,2)"),
        ("097", "97"),
    ],
)
def test_answers_that_differ_in_notation_share_a_key(a, b):
    assert notation_key(a) == notation_key(b)


@pytest.mark.parametrize(("a", "b"), [("16", "16:1"), ("10", "1"), (r"\frac{1}{2}", r"\frac{1}{3}"), ("x", "-x")])
def test_answers_that_differ_in_more_have_different_keys(a, b):
    assert notation_key(a) != notation_key(b)
