r"""Fills sympy's caches and the parser's tables once, before a worker forks its children.

Importing this module makes a comparison of each kind, so that the first answer of a run, and the first one after a
child was killed, are as fast as the others.
"""

from __future__ import annotations

from l1_verl.grading.grader import verdict

_ONE_OF_EACH_KIND = (
    (r"1/\sqrt{2}", r"\frac{\sqrt{2}}{2}"),
    (r"2\sqrt{3}", r"3\sqrt{2}"),
    ("(x+1)^2", "x^2+2x+1"),
    (r"\frac{x^2-1}{x-1}", "x+2"),
    ("x = y + 2", "x - (y+2) = 0"),
    (r"[1, 2) \cup (2, \infty)", r"x \geq 1"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\begin{pmatrix} 1 & 2 \\ 3 & 5 \end{pmatrix}"),
    (r"\sin^2 x + \cos^2 x", r"\ln e + i"),
    (r"e^{i\pi}", r"\frac{\pi}{4}"),
    ("2^{10}+5!", r"\binom{10}{3}"),
)

for _answer, _gold in _ONE_OF_EACH_KIND:
    verdict(_answer, (_gold,))
