from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_verl.data.repeats import (
    Pair,
    census,
    fingerprint,
    settle,
    without_benchmark,
    without_contradictions,
    without_repeats,
)


def pairs(*texts: tuple[str, str]) -> list[Pair]:
    return [Pair(index, question, answer) for index, (question, answer) in enumerate(texts)]


def test_the_census_counts_rows_that_repeat_and_problems_whose_answers_differ():
    found = pairs(("p", "1"), ("p", "1"), ("p", "2"), ("q", "3"), ("p ", "1"))
    assert census(found) == (3, 1)
    assert census(found, str) == (2, 1)


@pytest.mark.parametrize(
    ("answers", "rule", "left"),
    [
        (["1", "2", "2"], "drop", []),
        (["1", "2", "2"], "majority", [1, 2]),
        (["1", "2", "2", "1"], "majority", []),
        (["1", "2", "$1$"], "first", [0, 2]),
        (["1", "2", "2"], "keep", [0, 1, 2]),
    ],
)
def test_each_rule_settles_a_contradiction_as_it_says(answers, rule, left):
    group = pairs(*(("p", answer) for answer in answers))
    assert [pair.position for pair in settle(group, rule)] == left


def test_a_difference_in_notation_is_no_contradiction():
    same = pairs(("p", r"$2\sqrt{5}$"), ("p", r"2\sqrt{5}"))
    assert without_contradictions(same, "drop") == same
    assert without_repeats(same) == same[:1]


def test_a_repeat_with_another_answer_is_left_to_the_contradiction_rule():
    differing = pairs(("p", "1"), ("p", "2"), ("p", "2"))
    assert without_repeats(differing) == differing[:2]


@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("123"))))
def test_after_dropping_contradictions_and_repeats_every_problem_stands_once(texts):
    left = without_repeats(without_contradictions(pairs(*texts), "drop"))
    assert census(left) == (0, 0)
    agreed = {question for question, _ in texts if len({a for q, a in texts if q == question}) == 1}
    assert {pair.question for pair in left} == agreed
    assert left == sorted(left)


def test_a_problem_is_recognised_through_other_typesetting():
    left = without_benchmark(
        pairs(("Find $x$:\n x+1 = 2.", "1"), ("Find y", "2")), {fingerprint("find x: x + 1 = $2$")}
    )
    assert [pair.question for pair in left] == ["Find y"]


def test_texts_without_a_letter_or_digit_are_not_all_the_same():
    assert fingerprint("+") != fingerprint("-")
