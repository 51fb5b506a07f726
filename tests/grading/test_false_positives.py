"""Wrong answers of each kind that graders have been seen to accept."""

from __future__ import annotations

import pytest

from l1_verl.grading import GradingPool

# kind: (answer, gold), every one of them wrong
WRONG = {
    "capital and small letters are different": [
        (r"\frac{r}{R}", r"\frac{R}{r}"), ("r+1", "R+1"), ("2R", "2r"), ("ab", "AB"), ("M^2", "Mm"), ("0", "X-x"),
        (r"\pi(R^2+R^2)", r"\pi(R^2+r^2)"), ("N-1", "n-1"), (r"\sqrt{A}", r"\sqrt{a}"), ("p(1-p)", "P(1-p)"),
        ("1", "V/v"), ("s_1", "S_1"),
    ],
    "primes belong to the name": [
        ("f(x)", "f'(x)"), ("f'(x)", "f'''(x)"), ("A", "A'"), ("AB", "A'B'"), ("2", "A/A'+1"), ("y''=y", "y'=y"),
        ("7'", "7"), ("x", "x'"), ("g'(2)", "g(2)"), ("P'Q", "PQ'"), ("0", "R-R'"),
    ],
    "an odd root of a negative number is negative, an even one is imaginary": [
        (r"\sqrt[3]{-2}", r"\sqrt[3]{2}"), (r"\sqrt{-4}", "-2"), (r"\sqrt[4]{-16}", "-2"), (r"\sqrt{-4}", "2"), ("(-8)^{1/3}", "2"),
        (r"e^{2\pi i/3}", "1"), (r"\sqrt[3]{-x}", r"\sqrt[3]{x}"), ("(-27)^{2/3}", "-9"), (r"(-1)^{1/3}", r"\frac{1}{2}+\frac{\sqrt{3}}{2}i"),
        (r"\sqrt[6]{-1}", "-1"), (r"y=\sqrt[3]{x-1}", r"y=\sqrt[3]{1-x}"), (r"\sqrt[3]{x-1}", r"\sqrt[3]{1-x}"),
    ],
    "a letter in an exponent is no root": [
        ("k", "k(-1)^{mn}"), ("c 2^{mn}", "c(-2)^{mn}"), ("k(-1)^n", "k(-1)^{jn}"), ("1", "(-1)^n"), ("a^n", "(-a)^n"),
        ("(-1)^{n+1}", "(-1)^n"), ("2^k", "(-2)^k"), ("(-3)^m", "3^m"), ("b", "b(-1)^{pq}"), ("x(-1)^m", "x(-1)^{mn}"),
    ],
    "a blank between digits is not a glue": [
        ("1 4", "14"), ("3 4", "34"), ("2 5 6", "256"), ("7 0", "70"), ("12 3", "123"), ("4 1/3", "41/3"),
        ("51/2", "5 1/2"), ("1~9", "19"), (r"1\ 1", "11"), (r"9\;9", "99"), ("6\n3", "63"), (r"2\text{ }8", "28"),
    ],
    "1 000 is one number": [
        ("0", "1 000"), ("x-x", "2 000"), ("1 \\cdot 0", "3 000"), ("5^0-1", "1 000"), ("0", "12 000"), ("1", "1 001"),
        ("0.0", "4 000"), (r"\frac{0}{7}", "1 000"), ("a-a", "10 000"), ("2-2", "9 000"),
    ],
    "a pair is not a number with a separator": [
        ("1234", "(1,234)"), ("(1,234)", "1234"), ("7,500", "(7,500)"), ("(12,345)", "12,345"), ("3111", "(3,111)"),
        ("(9,999)", "9{,}999"), ("1000", "(1,000)"), ("(1,000,000)", "1,000,000"), ("22333", "(22,333)"), ("(5,100)", "5100"),
    ],
    "an interval is not its end points": [
        ("1,4", "(1,4]"), (r"\{1,4\}", "1<x<4"), ("0,5", r"0 \leq x \leq 5"), (r"\{0,5\}", "[0,5]"), (r"x \in (0,1)", "0,1"),
        ("-2,2", "-2<x<2"), ("x=1,4", "1<x<4"), (r"1 \text{ or } 4", "1<x<4"), ("3", r"x>3"), (r"[2,3]", "2,3"), ("x>2", "x=2"),
    ],
    "open and closed ends differ": [
        ("[2,3]", "(2,3)"), ("(2,3]", "[2,3)"), (r"2 \leq x<3", "2<x<3"), ("x>5", r"x \geq 5"), (r"[5,\infty)", "x>5"),
        (r"x \leq -1", r"(-\infty,-1)"), (r"(-\infty,0]\cup(1,\infty)", r"x<0 \text{ or } x>1"), (r"\{x | x>1\}", r"[1,\infty)"),
        (r"x \in [0,1)", "[0,1]"), (r"0<x \leq 1", r"x \in (0,1)"),
    ],
    "the real line, nothing, and equations without solutions differ": [
        (r"\pm\infty", r"(-\infty,\infty)"), (r"\infty", r"\mathbb{R}"), (r"\emptyset", "x^2+4=0"), (r"\{\}", "x^2=-1"),
        (r"\emptyset", "0"), ("0", r"\emptyset"), (r"\mathbb{R}", r"\emptyset"), ("x^2+2=0", "x^2+1=0"), (r"\mathbb{R}", "x=x"),
        (r"\text{no solution}", "0"), (r"\text{all real numbers}", r"[0,\infty)"), ("x", r"\mathbb{R}"),
    ],
    "a true statement about numbers is not an answer": [
        (r"1 \neq 2", r"3 \neq 4"), ("1<2", "3<4"), ("2=2", "3=3"), ("1=1", "x=2"), ("0<1", "x>0"), ("5=5", "y=5"),
        ("1<2<3", "4<5<6"), (r"2 \leq 2", r"3 \leq 3"), ("7=7", "x=7"), (r"\pi=\pi", r"x=\pi"),
    ],
    "two units must be the same": [
        (r"5\text{ cents}", r"\$5"), (r"\$20", r"20\text{ cents}"), (r"40^\circ\text{C}", r"40^\circ\text{F}"),
        (r"12^\circ F", r"12^\circ C"), (r"9\text{ feet/s}", r"9\text{ m/s}"), (r"60\text{ mph}", r"60\text{ km/h}"),
        (r"3\text{ cm}^2", r"3\text{ cm}^3"), (r"4\text{ square inches}", r"4\text{ inches}"), (r"20\%", r"20\text{ km}"),
        (r"8\text{ kg}", r"8\text{ lb}"), (r"7\text{ hours}", r"7\text{ minutes}"), (r"2 \text{ miles per hour}", r"2\text{ miles}"),
    ],
    "words after a number may say more than a unit": [
        (r"4\text{ or }5", "4"), (r"3\text{ not five}", "3"), (r"2\text{ thousand}", "2"), (r"6\text{ and a half}", "6"),
        (r"1\text{ million}", "1"), (r"5\text{ or anything}", "5"), (r"7\text{ except }x=1", "7"), (r"9\text{ dozen}", "9"),
        (r"8\text{ if }x>0", "8"), (r"0\text{ or maybe more}", "0"), (r"2\text{ times}", "2"), (r"10\text{ squared}", "10"),
    ],
    "degrees inside a function count": [
        (r"\sin 2", r"\sin 2^\circ"), (r"\cos 60", r"\cos 60^\circ"), (r"\tan 45^\circ", r"\tan 45"), ("0.909297", r"\sin 2^\circ"),
        (r"\sin(30)", r"\sin(30^\circ)"), (r"2\cos 10", r"2\cos 10^\circ"), (r"\sin 1^\circ", r"\sin 1"), (r"\cot 15", r"\cot 15^\circ"),
        (r"1-\cos 5", r"1-\cos 5^\circ"), (r"\sin^2 20", r"\sin^2 20^\circ"),
    ],
    "a letter is not an imaginary unit": [
        (r"\sqrt{-1}", "I"), ("I", "i"), ("2I", "2i"), ("1+I", "1+i"), ("-1", "I^2"), (r"e^{\pi I}", "-1"), ("1", "I^4"),
        ("i", r"\sqrt{1-\frac{2r}{R}}"), ("I/2", "i/2"), (r"\sqrt{-4}", "2I"),
    ],
    "bases differ": [
        ("101_2", "101_3"), ("12_{5}", "12_{-5}"), (r"77_{\text{eight}}", "77_9"), ("5", "101_2"), ("11_{-2}", "11_2"),
        ("10_{10}", "10_2"), ("3_4", "3_5"), (r"1_{\text{two}}", r"1_{\text{ten}}"), ("222_3", "222_{4}"), ("21_{7}", "12_{7}"),
    ],
    "one of several stated values is not the answer": [
        (r"\text{either 5 or is 6}", "6"), ("The answer is 2 or is 3", "3"), ("3 or 4", "4"), ("3, 4", "4"), ("4 and 3", "4"),
        (r"\pm 3", "3"), ("It is not 7 but the answer is 8 or 9", "9"), ("The values are 1 or 2", "2"), (r"1 \text{ or } 2", "1"),
        (r"\{2\}\cup\{3\}", "3"),
    ],
    "an equation that is not solved is not a value": [
        ("3x+6=12", "x=2"), ("x-5=0", "x=5"), ("2x=4", "x=2"), ("x+1=4", "x=3"), ("5x=5", "x=1"), ("y/2=3", "y=6"),
        ("x-2=0", "2"), ("x^2=9", "x=3"), ("3-x=0", "x=3"), ("2n=10", "n=5"),
    ],
    "values that agree only for some letters": [
        ("x", "|x|"), ("x", r"\sqrt{x^2}"), ("n", r"\lceil n \rceil"), ("x^2", "x^3"), (r"\sin x", "x"), ("1", r"\frac{|x|}{x}"),
        (r"\ln(x^2)", r"\ln x"), ("a+b", "ab"), (r"\sqrt{x+y}", r"\sqrt{x}+\sqrt{y}"), ("(-1)^{2n}", "(-1)^n"), ("2^{xy}", "2^x y"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def pool():
    with GradingPool(workers=2, timeout=20.0) as pool:
        yield pool


@pytest.mark.parametrize("kind", WRONG)
def test_none_of_a_kind_is_accepted(kind, pool):
    pairs = WRONG[kind]
    assert len(pairs) >= 10
    answers = [rf"\boxed{{{answer}}}" for answer, _ in pairs]
    grades = pool.grade_many(answers, [gold for _, gold in pairs], ["math"] * len(pairs))
    assert [pair for pair, found in zip(pairs, grades, strict=True) if found.correct] == []


@pytest.mark.parametrize("kind", WRONG)
def test_each_gold_of_a_kind_accepts_itself(kind, pool):
    golds = sorted({gold for _, gold in WRONG[kind]})
    grades = pool.grade_many([rf"\boxed{{{gold}}}" for gold in golds], golds, ["math"] * len(golds))
    assert [gold for gold, found in zip(golds, grades, strict=True) if not found.correct] == []


# Every option letter here is a trap.
NO_CHOICE = (
    r"\boxed{B: C}", r"\boxed{C. 3 or D. 4}", r"\boxed{A. B. C.}", r"\boxed{B. 12, D. 14}", "The answer is not (C).",
    "It isn't (D).", r"\boxed{A. maybe B}", r"\boxed{C, perhaps D}", "The answer can't be (A).", r"\boxed{(A) 1 or (C) 3}",
    r"\boxed{A; B}", "Answer: A or B",
)  # fmt: skip


@pytest.mark.parametrize("response", NO_CHOICE)
def test_several_options_or_a_denied_one_are_no_choice(response, pool):
    golds = list("ABCD")
    assert not any(found.correct for found in pool.grade_many([response] * 4, golds, ["choice"] * 4))
