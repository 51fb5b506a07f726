"""Pairs of response and gold answer with the right verdict, by kind (``pairs.jsonl``), and others of the same kinds."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from l1_verl.grading import GradingPool

PAIRS = [json.loads(line) for line in Path(__file__).with_name("pairs.jsonl").read_text("utf-8").split("\n") if line]
BY_KIND = defaultdict(list)
for pair in PAIRS:
    BY_KIND[pair["kind"]].append(pair)

# (answer, gold), every one of them right
RIGHT = {
    "one value in several forms": [
        ("0.5", r"\frac12 \text{ or } 0.5"), (r"\sqrt{2}/2", r"\frac{1}{\sqrt2} \text{ OR } \frac{\sqrt2}{2}"),
        ("2^{10}", r"1024 \text{ or } 2^{10}"), ("(3,4)", r"(3,4) \text{ or } (3,4)"),
    ],
    "identities on the reals": [
        (r"\ln(x)+\ln(y)", r"\ln(xy)"), (r"\frac{1}{\sqrt{x}}", r"x^{-1/2}"), (r"\log_2(8x)", r"3+\log_2 x"),
        (r"\sqrt{x^2+2x+1}", "|x+1|"), (r"\cos(2x)", r"1-2\sin^2 x"), (r"\frac{e^x-e^{-x}}{2}", r"\sinh x"),
        (r"\sqrt{50}-\sqrt{8}", r"3\sqrt{2}"), (r"2\arctan 1", r"\frac{\pi}{2}"), ("(a+b)^2", "a^2+2ab+b^2"),
        (r"e^{i\pi/3}", r"\frac{1+i\sqrt3}{2}"),
    ],
    "one set of solutions": [
        ("1<x<4", "(1,4)"), ("(1,4)", "1<x<4"), (r"x \in (1,4)", "1<x<4"), (r"\{x : 1<x<4\}", "(1,4)"), ("4>x>1", "(1,4)"),
        (r"x \geq 2", r"[2,\infty)"), (r"(-\infty,2)\cup(2,\infty)", r"x \neq 2"), (r"x<-1 \text{ or } x>1", r"(-\infty,-1)\cup(1,\infty)"),
        (r"x \in [0,1] \cup [2,3]", r"[0,1]\cup[2,3]"), (r"\mathbb{R}", r"(-\infty,\infty)"), (r"\text{all real numbers}", r"\mathbb{R}"),
        (r"x \in \{1,2\}", "x=1,2"), (r"x>1 \text{ and } x<4", "(1,4)"), (r"\{1,2,3\}\cap\{2,3,4\}", r"\{2,3\}"), ("[1,2)", r"1 \leq t<2"),
    ],
    "equations from either side": [
        ("3=x", "x=3"), ("y=2x+1", "2x+1=y"), ("2x+2y=4", "x+y=2"), ("x+y-2=0", "x+y=2"), ("b<a", "a>b"), (r"3 \neq x", r"x \neq 3"),
        ("5", "5=n"), ("x=y=7", "x=7"),
    ],
    "ways to write a number": [
        ("0.(6)", "2/3"), (r"0.\overline{27}", "3/11"), (r"0.1\dot{6}", "1/6"), ("0.666...", "2/3"), ("1 \\over 3", r"\frac13"),
        ("∛27", "3"), (r"x^\frac13", r"\sqrt[3]{x}"), ("7th", "7"), (r"21^{\text{st}}", "21"), ("1 000 000", "1000000"), ("2 1/2", "5/2"),
        ("12,5 percent".replace(",", "."), "0.125"), (r"\$12.50", "12.50"), ("3.1416", r"\pi"),
        (r"\frac{3}{14}", "0.21428571428571427"), ("2/7", "0.2857142857142857"), ("1/3", "0.3333333333333333"),
    ],
    "odd roots of negative numbers": [
        (r"\sqrt[3]{-2}", r"-\sqrt[3]{2}"), ("(-8)^{1/3}", "-2"), (r"\sqrt[3]{-x}", r"-\sqrt[3]{x}"), (r"(-27)^{2/3}", "9"),
        (r"\frac{1}{\sqrt[3]{-4}}", r"-\frac{\sqrt[3]{2}}{2}"), (r"x=\sqrt[5]{-5}", r"x=-\sqrt[5]{5}"),
        (r"y=-\sqrt[3]{x-1}", r"y=\sqrt[3]{1-x}"), (r"-\sqrt[3]{x-1}", r"\sqrt[3]{1-x}"), (r"e^{i\pi n}", "(-1)^n"),
        (r"\ln\sqrt[3]{x-2}+C", r"\frac{1}{3}\ln(x-2)+C"), (r"\sqrt[3]{a}\sqrt{b}", r"\sqrt[6]{a^2b^3}"),
    ],
    "units written out": [
        ("8 cubic feet", r"8\text{ ft}^3"), ("9 square meters", r"9\text{ m}^2"), ("60 mph", r"60\text{ miles per hour}"),
        ("4 ft/s", r"4\text{ feet per second}"), ("12 cm", "12"), (r"90^\circ", "90"), ("5 hours", r"5\text{ hr}"),
    ],
    "functions in other notation": [
        (r"\operatorname{sech} x", r"\frac{1}{\cosh x}"), (r"\coth(x)", r"\frac{\cosh x}{\sinh x}"), (r"\sin 30^\circ", "0.5"),
        (r"\tan 45^\circ", "1"), (r"\cos 60^\circ + 1", "3/2"), (r"\langle 2,3 \rangle", "(2,3)"),
    ],
}  # fmt: skip
CHOICES = (
    ("Answer: **C**", "C"), ("<answer>(b)</answer>", "B"), ("The answer should be D.", "D"), (r"\boxed{B = 4}", "B"),
    ("Choice B is the best.", "B"), ("answer: [D]", "D"), (r"$\boxed{\mathrm{A.}}$", "A"), ("**D**", "D"), ("Final answer: `C`", "C"),
    ("So x = \\boxed{7}. Answer: A", "A"),
)  # fmt: skip


@pytest.fixture(scope="module")
def pool():
    with GradingPool(workers=2, timeout=20.0) as pool:
        yield pool


@pytest.mark.parametrize("kind", BY_KIND)
def test_every_pair_of_a_kind_gets_the_right_verdict(kind, pool):
    pairs = BY_KIND[kind]
    types = [pair.get("type", "math") for pair in pairs]
    grades = pool.grade_many([pair["response"] for pair in pairs], [pair["gold"] for pair in pairs], types)
    assert [pair for pair, found in zip(pairs, grades, strict=True) if found.correct != pair["right"]] == []


@pytest.mark.parametrize("kind", RIGHT)
def test_other_right_answers_of_a_kind_are_accepted(kind, pool):
    answers, golds = zip(*RIGHT[kind], strict=True)
    grades = pool.grade_many([rf"\boxed{{{answer}}}" for answer in answers], golds, ["math"] * len(golds))
    assert [pair for pair, found in zip(RIGHT[kind], grades, strict=True) if not found.correct] == []


def test_choices_are_read_as_people_write_them(pool):
    responses, golds = zip(*CHOICES, strict=True)
    grades = pool.grade_many(responses, golds, ["choice"] * len(golds))
    assert [pair for pair, found in zip(CHOICES, grades, strict=True) if not found.correct] == []
