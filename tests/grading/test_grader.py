from __future__ import annotations

import math

import pytest

from l1_verl.grading import Grade, check_gold, grade, is_gradable


def boxed(answer: str) -> str:
    return f"<think>some thinking</think> The answer is $\\boxed{{{answer}}}$."


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("42", "42"),
        ("-5", "-5"),
        ("5", "5.0"),
        ("1,234", "1234"),
        ("1{,}234", "1234"),
        (r"21,\!000", "21000"),
        ("12.500", "12.5"),
        (r"\dfrac{1}{2}", r"\frac12"),
        ("0.5", r"\frac{1}{2}"),
        ("1/2", "0.5"),
        (r"918\frac{1}{2}", "918.5"),
        (r"75\%", "75"),
        (r"75\%", "0.75"),
        (r"10\text{ cm}", "10"),
        ("10", r"10\text{ cm}"),
        (r"9.8\text{ m/s^2}", "9.8"),
        (r"10\text{ cm2}", "10"),
        (r"3\text{ s^-1}", "3"),
        (r"90^\circ", "90"),
        (r"90^{\circ}", "90 degrees"),
        (r"\$10", "10"),
        (r"3 \times 10^{8}", "3e8"),
        (r"\text{Evelyn}", "Evelyn"),
        (r"\text{even}", "even"),
        ("(C)", "C"),
        (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\frac{\pi}{2})"),
        ("-2, 1", "1,-2"),
        (r"\{2, 1\}", "1, 2"),
        ("1 \\text{ or } 2", "1, 2"),
        (r"1 - \sqrt{19}, 1 + \sqrt{19}", r"1 \pm \sqrt{19}"),
        ("x = 5", "5"),
        ("5", "x=5"),
        ("52_{8}", "52_8"),
        ("52", "52_8"),
        ("The answer is 4", "4"),
        (r"\sqrt{4} = 2", "2"),
        ("3.14159", "3.1416"),
        ("１２", "12"),
        ("−3", "-3"),
        ("6:00", "6:00"),
        ("6:00", r"6:00\text{ p.m.}"),
        ("4:30 PM", r"4\!:\!30\text{ p.m.}"),
        (r"0.\overline{3}", r"0.\overline{3}"),
        (r"\frac13", r"0.\overline{3}"),
        (r".1\overline{6}", r"\frac{1}{6}"),
        (r"-2.\overline{09}", r"-2\frac{1}{11}"),
    ],
)
def test_two_spellings_of_one_answer_are_correct_both_ways_of_writing_the_rest(answer: str, gold: str) -> None:
    assert grade(boxed(answer), gold) == Grade(True, answer, "ok")


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        (r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt{2}}"),
        ("(x+1)^2", "x^2+2x+1"),
        (r"[1, 2) \cup (2, \infty)", r"[1,2)\cup(2,\infty)"),
        ("x = y + 2", "x - (y+2) = 0"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
        (r"9\sqrt{7}", r"3\sqrt{63}"),
        (r"\ln 4", r"2\ln 2"),
    ],
)
def test_algebra_finds_equal_what_text_cannot(answer: str, gold: str) -> None:
    assert grade(boxed(answer), gold).correct


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("41", "42"),
        ("-42", "42"),
        ("75", "0.75"),
        ("5.001", "5"),
        ("3.142", "3.14"),
        ("(2,1)", "(1,2)"),
        ("[1,2)", "(1,2)"),
        ("[1,2]", "(1,2)"),
        ("1", "1,-2"),
        ("1, 2, 3", "1, 2"),
        (r"\{1,1,2\}", r"\{1,2,2\}"),
        (r"10\text{ cm}", r"10\text{ m}"),
        (r"\text{odd}", "even"),
        (r"5 \text{ (if even), 6 otherwise}", "5"),
        ("5", r"5 \text{ (if even), 6 otherwise}"),
        (r"5\text{ x 10^3}", "5"),
        (r"12\text{ of 20}", "12"),
        ("52_7", "52_8"),
        ("6", "6m"),
        ("y = 5", "x = 5"),
        (r"\sqrt{3}", r"\sqrt{2}"),
        ("2, 3, 1", "3, 1, 2"),
        ("6", "6:00"),
        ("18:00", "6:00"),
        (r"6:00\text{ a.m.}", r"6:00\text{ p.m.}"),
        ("2:15", r"4:30\text{ p.m.}"),
        ("0.3", r"0.\overline{3}"),
        (r"0.\overline{36}", r"0.3\overline{6}"),
    ],
)
def test_a_different_answer_is_wrong(answer: str, gold: str) -> None:
    assert grade(boxed(answer), gold) == Grade(False, answer, "ok")


@pytest.mark.parametrize("gold", ["6:00", r"4:30\text{ p.m.}", r"0.\overline{3}"])
def test_times_of_day_and_repeating_decimals_are_gradable(gold: str) -> None:
    assert is_gradable(gold)


@pytest.mark.parametrize("answer", ["10^{400}!", "10^{400}! + 1"])
def test_an_answer_that_exhausts_pythons_limits_is_a_timeout_in_the_callers_process_too(answer: str) -> None:
    assert grade(boxed(answer), r"\sqrt{2}") == Grade(False, answer, "timeout")


def test_only_what_follows_the_last_think_end_counts() -> None:
    assert grade(r"\boxed{1}</think>\boxed{2}</think>\boxed{3}", "3").correct
    assert grade(r"\boxed{3}</think> it is three", "3") == Grade(False, None, "no_answer")


def test_a_missing_think_end_is_tolerated_unless_it_is_required() -> None:
    assert grade(r"\boxed{3}", "3").correct
    assert grade(r"\boxed{3}", "3", require_think_end=True) == Grade(False, None, "no_answer")


def test_any_of_several_golds_counts() -> None:
    assert grade(boxed("0.02"), '["0.01", "0.02\\n"]').correct
    assert grade(boxed("0.02"), ["0.01", "0.02\n"]).correct
    assert not grade(boxed("0.03"), ["0.01", "0.02"]).correct


def test_an_interval_that_looks_like_json_is_one_gold() -> None:
    assert grade(boxed("[5, 10]"), "[5,10]").correct
    assert not grade(boxed("5"), "[5,10]").correct


@pytest.mark.parametrize("gold", [142.0, "142.0", "$142$", "142\n", ["142"], 142])
def test_gold_comes_as_float_list_wrapped_or_with_a_newline(gold: object) -> None:
    assert grade(boxed("142"), gold).correct


@pytest.mark.parametrize("gold", [None, "", "  ", [], True, math.nan, math.inf, {"a": 1}, [None]])
def test_no_gold_or_one_of_a_wrong_type_is_refused(gold: object) -> None:
    with pytest.raises(ValueError, match="gold answer is"):
        check_gold(gold)


def test_an_unknown_answer_type_is_refused() -> None:
    with pytest.raises(ValueError, match="answer type is 'mcq'; it must be one of math, choice"):
        check_gold("4", "mcq")
    with pytest.raises(ValueError, match="letter from A to J"):
        check_gold("K", "choice")


def test_a_gold_that_nothing_can_read_is_not_the_models_mistake() -> None:
    gold = r"f(x)=a x+b \mho \text{ where } b \text{ is } @ arbitrary %% \frac{"
    assert grade(boxed("7"), gold).status == "gold_unparsable"
    assert not is_gradable(gold)
    assert is_gradable(r"\frac{1}{2}")
