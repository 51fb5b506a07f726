"""More than 300 wrong answers made from golds of every kind: not one of them may be graded correct."""

from __future__ import annotations

from itertools import pairwise

from l1_verl.grading import GradingPool
from tests.grading.mutations import mutations

GOLDS = (
    *("7", "-13", "142", "2016", "0.25", "3.93", "71.47", "-0.05", "1,000,000", "25\\%", "36^\\circ", "10\\text{ cm}"),
    *(
        "\\frac{13}{16}",
        "-\\frac{3}{4}",
        "1/3",
        "12/19",
        "918\\frac{1}{2}",
        "\\frac{\\pi}{4}",
        "162\\pi",
        "2\\sqrt{3}",
    ),
    *("\\frac{\\sqrt{2}}{10}", "45 - \\frac{9\\pi}{2}", "\\frac{\\sqrt{6} + \\sqrt{2}}{4}", "2 \\sqrt[4]{6}", "3+5i"),
    *(
        "(3,5)",
        "(-\\sqrt{3}, 3)",
        "(2, -2 \\sqrt{3}, 0)",
        "\\left( 3, \\frac{\\pi}{2} \\right)",
        "(1, 4)",
        "(6,31,-1)",
    ),
    *("[5,10]", "[3,15)", "(3,4]", "(-\\infty, 0)", "(-\\infty,-5]", "[1, 2) \\cup (2, 7]", "[0, \\infty)"),
    *("0,-3", "3,-3", "-1,2,-2", "1346, 2016, 2019", "\\{-1, 4\\}", "1 + \\sqrt{19}, 1 - \\sqrt{19}", "4 or -1"),
    *("x^2 - 12x + 100 = 0", "y=100-5x-5x^{2}", "k=3", "x > 2", "1 \\leq x < 4", "x \\geq 7", "y = 2x + 3"),
    *("(3x+7)(x+1)", "4x^3(2x^2+7)", "x^5 - x^4 + x^3 - 1", "\\frac{2^{n}-1}{8^{n}}", "2k+2", "p - q", "\\cot x"),
    *("8.7 \\times 10^{8}", "4.5e33", "52_8", "1100111_2", "8^9", "2^{1009}", "\\binom{2n}{n}", "\\ln 2 + 5", "16:3"),
    *(
        "\\begin{pmatrix} -1 & 0 \\\\ 0 & -1 \\end{pmatrix}",
        "\\frac{9! 8! 4!}{25!}",
        "10^{-100}",
        "e^{2}+\\frac{1}{e}",
    ),
)


def test_no_mutated_gold_is_graded_correct() -> None:
    pairs = [(name, gold, wrong) for gold in GOLDS for name, wrong in mutations(gold)]
    pairs += [("another gold", gold, other) for gold, other in pairwise(GOLDS)]
    pairs += [("another gold", other, gold) for gold, other in pairwise(GOLDS)]
    assert len(pairs) >= 300
    with GradingPool(workers=2) as pool:
        grades = pool.grade_many([f"\\boxed{{{p[2]}}}" for p in pairs], [p[1] for p in pairs], ["math"] * len(pairs))
    assert [pair for pair, grade in zip(pairs, grades, strict=True) if grade.correct] == []


def test_every_gold_is_graded_correct_and_gradable() -> None:
    with GradingPool(workers=2) as pool:
        grades = pool.grade_many([f"\\boxed{{{gold}}}" for gold in GOLDS], GOLDS, ["math"] * len(GOLDS))
        assert all(grade.correct for grade in grades)
        assert all(pool.gradable_many(GOLDS, ["math"] * len(GOLDS)))
