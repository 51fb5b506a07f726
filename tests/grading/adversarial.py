"""Ten thousand hostile answers, made from a seed: what a collapsed policy, or a clever one, may put into a box."""

from __future__ import annotations

import random

_CODE = (
    "__import__('os').system('touch {mark}')",
    "open('{mark}','w').write('x')",
    "exec(\"open('{mark}','w')\")",
    "().__class__.__bases__[0].__subclasses__()",
    "lambda: open('{mark}','w')",
    r"\write18{{touch {mark}}}",
    r"\input{{/etc/passwd}}",
    "{{0.__class__}} %s %n {{}} {{0}} %(x)s",
    'sympify(\'__import__("os").system("touch {mark}")\')',
    "eval(open('{mark}','w').close())",
)
_PIECES = (
    *("\\frac", "\\sqrt", "\\left(", "\\right)", "\\left.", "{", "}", "(", ")", "[", "]", "^", "_", "\\pm", "\\cup"),
    *(
        "\\begin{pmatrix}",
        "\\end{pmatrix}",
        "\\\\",
        "&",
        "\\text{",
        "\\boxed{",
        "\\{",
        "\\}",
        "$",
        "%",
        "\\%",
        "=",
        "<",
    ),
    *(
        "1",
        "2",
        "-3",
        "0",
        "1e309",
        "10^{400}",
        "x",
        "i",
        "\\pi",
        "\\infty",
        ",",
        ";",
        "!",
        " ",
        "\n",
        "\x00",
        "\x1b[2J",
    ),
    *(
        "\u202e",
        "\ud800",
        "𝟘",
        "٣",
        "½",
        "∑",
        "\\sum_{k=1}^{9}",
        "\\int",
        "\\lim_{x\\to0}",
        "\\log",
        "or",
        "and",
        "\\dots",
    ),
)


def small(rng: random.Random) -> str:
    """Short nonsense of LaTeX pieces: the bulk, and what finds crashes in parsers."""
    return "".join(rng.choice(_PIECES) for _ in range(rng.randint(0, 12)))


def code(rng: random.Random, mark: str) -> str:
    return rng.choice(("{}", "${}$", "x + {}", "\\text{{{}}}")).format(rng.choice(_CODE).format(mark=mark))


def huge(rng: random.Random) -> str:
    """Answers of up to a megabyte, deep or long."""
    n = rng.choice((1_000, 10_000, 100_000))
    return rng.choice(
        (
            "{" * n + "1" + "}" * n,
            "(" * n + "1" + ")" * n,
            "\\sqrt{" * (n // 10) + "2" + "}" * (n // 10),
            "\\frac{1}{" * (n // 10) + "2" + "}" * (n // 10),
            "\\left(" * (n // 10),
            "\\boxed{" * (n // 10),
            "9" * n,
            "1,\\!" * n,
            "- " * n,
            "x+" * n + "1",
            " " * n + "\\pm" * 9,
            "\x00" * n,
            "∞" * n,
            "a" * 1_000_000,
            "\\text{" * (n // 10) + "}",
            "[" * n,
            "answer is " * (n // 10),
            "." * n,
            "\\\\" * n,
            "^\\circ" * (n // 10),
        )
    )


def medium(rng: random.Random) -> str:
    """The same shapes, short enough to be parsed."""
    n = rng.randint(5, 150)
    return rng.choice(
        (
            "\\sqrt{" * n + "2" + "}" * n,
            "\\frac{1}{1+" * n + "2" + "}" * n,
            "(" * n + "x" + ")" * n,
            "{" * n + "x" + "}" * n,
            "x^{" * n + "2" + "}" * n,
            "x^" * n + "2",
            "-" * n + "1",
            "\\pm" * n + "1",
            ",".join(["x"] * n),
            "|" * n + "x" + "|" * n,
            "\\sin" * n + "x",
            "x_{" * n + "1" + "}" * n,
            "+".join(f"x^{{{k}}}" for k in range(n)),
        )
    )


BOMBS = (
    "9^{9^{9^9}}",
    "9^{9^{9^{9^9}}}",
    "(10^{10})!",
    "((99!)!)!",
    "2^{2^{100}}",
    "\\frac{1}{9^{9^{9}}}",
    "\\sqrt{9^{9^{9}}+1}",
    "\\binom{10^{9}}{10^{8}}",
    "\\sum_{k=1}^{10^{9}} \\frac{1}{k^2}",
    "\\prod_{k=1}^{10^{8}} k",
    "(x+1)^{100000}",
    "(a+b+c+d+e+f+g)^{60}",
    "\\int \\sin(\\cos(\\tan(e^{x^2}))) dx",
    "\\log_{9^{9^9}} 3",
    "\\sin(9^{9^{9}})",
    "10^{10^{10}} \\bmod 7",
)
