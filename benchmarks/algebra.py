"""How long grading takes on pairs that only algebra decides: python -m benchmarks.algebra

Prints seconds of wall time with one warm worker, and how many pairs were equal and how many timed out. To compare
two commits, run it with each in turn.
"""

from __future__ import annotations

import argparse
import time

from l1_verl.grading import GradingPool

# Identities and near misses of computer algebra, answer first; the right number of equal pairs is 25.
PAIRS = (
    (r"\sin(60m)+\cos(64t)", r"\frac{36x+7}{7z}"),
    (r"\sin(7x)", r"\sin(x)(64\cos^6 x-80\cos^4 x+24\cos^2 x-1)"),
    (r"\frac{\sin(3x)}{\sin x}", r"2\cos(2x)+1"),
    (r"(x+y)^8", r"x^8+8x^7y+28x^6y^2+56x^5y^3+70x^4y^4+56x^3y^5+28x^2y^6+8xy^7+y^8"),
    (r"\sqrt{5+2\sqrt{6}}", r"\sqrt{2}+\sqrt{3}"),
    (r"\sqrt[3]{2+\sqrt{5}}+\sqrt[3]{2-\sqrt{5}}", r"1"),
    (r"\arctan(1)+\arctan(2)+\arctan(3)", r"\pi"),
    (r"\ln\frac{x^2-1}{x+1}", r"\ln(x-1)"),
    (r"\frac{1}{(x-1)(x-2)(x-3)}", r"\frac{1}{2(x-1)}-\frac{1}{x-2}+\frac{1}{2(x-3)}"),
    (r"\cos(5x)", r"16\cos^5 x-20\cos^3 x+5\cos x"),
    (r"e^{x}\cos y+e^{-x}\sin z", r"e^{x}\sin y+e^{-x}\cos z"),
    (r"\sin^4 x+\cos^4 x", r"1-\frac{1}{2}\sin^2(2x)"),
    (r"\tan(x+\frac{\pi}{4})", r"\frac{1+\tan x}{1-\tan x}"),
    (r"\log_2(x)+\log_4(y)", r"\frac{2\ln x+\ln y}{2\ln 2}"),
    (r"\frac{a^3-b^3}{a-b}", r"a^2+ab+b^2"),
    (r"\sqrt{x^2+y^2}\sin(\theta+\phi)", r"\sqrt{x^2+y^2}(\sin\theta\cos\phi+\cos\theta\sin\phi)"),
    (r"\sinh(2x)", r"2\sinh x\cosh x"),
    (r"\frac{\sqrt{x+h}-\sqrt{x}}{h}", r"\frac{1}{\sqrt{x+h}+\sqrt{x}}"),
    (r"x^{\frac{2}{3}}y^{\frac{1}{3}}", r"\sqrt[3]{x^2y}"),
    (r"\sin(a+b)+\sin(a-b)", r"2\sin a\cos b"),
    (r"\sin(a+b)+\sin(a-b)", r"2\sin a\sin b"),
    (r"(1+x)^{10}", r"1+10x+45x^2"),
    (r"\frac{n(n+1)(2n+1)}{6}", r"\frac{2n^3+3n^2+n}{6}"),
    (r"\cos^6 x+\sin^6 x", r"\frac{5+3\cos 4x}{8}"),
    (r"\sec^2 x", r"1+\tan^2 x"),
    (r"\frac{1-\cos 2x}{\sin 2x}", r"\tan x"),
    (r"e^{2\ln x+3\ln y}", r"x^2y^3"),
    (r"\sqrt{7+4\sqrt 3}", r"2+\sqrt 3"),
    (r"\frac{x^5-1}{x-1}", r"x^4+x^3+x^2+x+1"),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--timeout", type=float, default=12.0, help="seconds of computing per pair")
    args = parser.parse_args()
    with GradingPool(workers=1, timeout=args.timeout) as pool:
        pool.grade_many([r"\boxed{1/\sqrt2}"], [r"\frac{\sqrt2}{2}"], ["math"])
        began = time.perf_counter()
        grades = [pool.grade_many([rf"\boxed{{{answer}}}"], [gold], ["math"])[0] for answer, gold in PAIRS]
        seconds = time.perf_counter() - began
    equal, timeouts = sum(grade.correct for grade in grades), sum(grade.status == "timeout" for grade in grades)
    print(f"{len(PAIRS)} pairs in {seconds:.2f} s: {equal} equal, {timeouts} timeouts")


if __name__ == "__main__":
    main()
