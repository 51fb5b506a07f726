"""One spelling for answers that differ only in how they are written. Pure text work; no sympy.

``normalize`` gives the form the rest of the grader reads, ``key`` the form it compares and caches by.
"""

from __future__ import annotations

import re

from l1_verl.grading.equivalence.numbers import repeating_decimal

# Longer texts are only compared character by character: no gold answer of the known sets is near this.
MAX_LENGTH = 2_000

#: Words of a normalised text.
IN_TEXT = re.compile(r"\\text\{([^{}]*)\}")

_UNICODE = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "‐": "-", "﹣": "-", "－": "-", "＋": "+", "＝": "=", "，": ",", "．": ".",
        "（": "(",
        "）": ")", "［": "[", "］": "]", "％": "%", "／": "/", "：": ":",
        "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "÷": "/", "∕": "/", "⁄": "/",
        "π": r"\pi ", "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "λ": r"\lambda ",
        "μ": r"\mu ", "ω": r"\omega ", "φ": r"\phi ", "σ": r"\sigma ", "∞": r"\infty ", "∪": r"\cup ", "∩": r"\cap ",
        "∈": r"\in ", "≤": r"\le ", "⩽": r"\le ", "≥": r"\ge ", "⩾": r"\ge ", "≠": r"\ne ", "≈": r"\approx ",
        "±": r"\pm ", "∓": r"\mp ", "°": r"^{\circ}", "º": r"^{\circ}", "∅": r"\emptyset ", "ℝ": r"\mathbb{R}",
        "²": "^{2}", "³": "^{3}", "⁴": "^{4}", "⁵": "^{5}", "⁶": "^{6}", "⁷": "^{7}", "⁸": "^{8}", "⁹": "^{9}",
        "₀": "_{0}", "₁": "_{1}", "₂": "_{2}", "₃": "_{3}", "₄": "_{4}", "₅": "_{5}", "₈": "_{8}",
        "½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}",
        "’": "'", "′": "'", "‘": "'", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": None, "\ufeff": None,
        **{chr(ord("０") + i): str(i) for i in range(10)},
    }
)  # fmt: skip


_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"([√∛]) ?\(([^()]*)\)", r"\1{\2}"),
        (r"([√∛]) ?(\w+)", r"\1{\2}"),
        (r"∛", r"\\sqrt[3]"),
        (r"√", r"\\sqrt"),
        (r"\\(?:begin|end)\{(?:align|aligned|equation|gather|gathered|split)\*?\}", " "),
        (r"\\(?:displaystyle|textstyle|limits|nolimits|mathstrut|boldsymbol|bm|mathbf|pmb|rm|bf|it)(?![A-Za-z])", " "),
        (r"\\(?:left|right|[bB]igg?[lrm]?)(?![A-Za-z])\s*\.?", ""),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (r"(?<=\d),\\!\s?(?=\d{3})", ""),
        (r"(?<!\\)\\(?:[,;:!>]|(?:quad|qquad|thinspace|enspace)(?![A-Za-z]))|(?<!\\)\\[ \t\n]|~", " "),
        (r"\\[hv]space\*?\{[^{}]*\}|\\[hvr]?phantom\{[^{}]*\}|\\label\{[^{}]*\}", " "),
        (r"\\(begin|end)\{(?:[bBp]?matrix|array)\}(?:\{[lcr|]*\})?", r"\\\1{pmatrix}"),
        (r"\{,\}", ","),
        (r"\\(?:le|leqslant|leqq)(?![A-Za-z])", r"\\leq"),
        (r"\\(?:ge|geqslant|geqq)(?![A-Za-z])", r"\\geq"),
        (r"\\lt(?![A-Za-z])", "<"),
        (r"\\gt(?![A-Za-z])", ">"),
        (r"\\neq?(?![A-Za-z])", r"\\neq"),
        (r"\\(?:lbrace)(?![A-Za-z])", r"\\{"),
        (r"\\(?:rbrace)(?![A-Za-z])", r"\\}"),
        (r"\\(?:lbrack)(?![A-Za-z])", "["),
        (r"\\(?:rbrack)(?![A-Za-z])", "]"),
        (r"\\(?:lvert|rvert|vert|mid)(?![A-Za-z])", "|"),
        (r"\^\s*\{?\s*\\(?:circ|degree)(?![A-Za-z])\s*\}?|\\(?:text)?degree(?![A-Za-z])", r"^{\\circ}"),
        (r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}"),
        (r"\\frac\s*(\d)\s*\{", r"\\frac{\1}{"),
        (r"(\\frac\s*\{[^{}]*\})\s*(\d|[A-Za-z])", r"\1{\2}"),
        (r"\\frac(?:\s+([A-Za-z])|\s*(\\pi))\s+(\d|[A-Za-z])(?!\w)", r"\\frac{\1\2}{\3}"),
        (r"\\frac\s+\{", r"\\frac{"),
        (r"\\sqrt\s*(\[[^\[\]]*\])?\s*(\d|[A-Za-z])", r"\\sqrt\1{\2}"),
        (r"\^ ?(\\frac ?\{[^{}]*\} ?\{[^{}]*\})", r"^{\1}"),
        (r"\{([^{}]*)\\over(?![A-Za-z])([^{}]*)\}", r"\\frac{\1}{\2}"),
        (r"^([^{}]*)\\over(?![A-Za-z])([^{}]*)$", r"\\frac{\1}{\2}"),
        (r"\\langle(?![A-Za-z])", "("),
        (r"\\rangle(?![A-Za-z])", ")"),
        # "11th" and "11^{\text{th}}" are 11.
        (r"(?<=\d) ?\^? ?\{? ?(?:\\(?:text|textsuperscript|mathrm)\{)? ?(?:st|nd|rd|th) ?\}? ?\}?(?![A-Za-z])", ""),
        # An amount of dollars; a single dollar sign elsewhere belongs to LaTeX.
        (r"^(-?)\\\$ ?([\d.,]*\d)$", r"\1\2\\text{dollars}"),
        (r"\\%|％", "%"),
        (r"\\(?:thick)?approx ?[^,;\s]+(?: ?\\text\{[^{}]*\})?$", ""),
        (r"\\(?:dotsc|ldots|cdots|dots)(?![A-Za-z])", "..."),
        (r"(\d\s?:\s?\d\d)\s*(?:\\(?:text\w*|mathrm)\{)?\s*([AaPp])\.?\s*[Mm]\b\.?\s*\}?$", r"\1\\text{\2m}"),
    )
)  # fmt: skip

_TEXT = re.compile(
    r"\\(?:text|textbf|textit|textrm|textsf|textsc|texttt|textnormal|mathrm|mathbf|mathit|mathsf|mathtt|mbox|hbox|operatorname\*?)"
    r" ?\{([^{}]*)\}"
)
# A letter set upright is that letter, unless a number stands before it: then it is a unit.
_UPRIGHT_LETTER = re.compile(r"(?<![\d}])(?<![\d}] )\\text\{([A-Za-z])\}")
# Numbers set as text: \text{(1) and (4)}.
_NUMBERS_AS_TEXT = re.compile(r"^\\text\{((?:[\d\s(),.;-]|\band\b|\bor\b)+)\}$")
_DOUBLE_BACKSLASH = re.compile(r"\\\\(?=[A-Za-z])")
_PLAIN = re.compile(r"^\s*-?[0-9]+(?:\.[0-9]+)?\s*$")
_WRAPS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("`", "`"))
_DROPPED_DOLLAR = re.compile(r"\\?\$")
_SPACES = re.compile(r"\s+")
_NEEDLESS_BLANK = re.compile(r"(?<!\d) | (?!\d)")
_SINGLE_BRACED = re.compile(r"([\^_])\{(\w)\}")
_OUTER_BRACES = re.compile(r"^\{([^{}]*)\}$")


def normalize(text: str) -> str:
    r"""The text with one spelling per notation: ``\dfrac`` and ``\frac12``, spacing, ``\left``, ``\text{}``, Unicode.

    Example:
        >>> normalize(r"$\left( \dfrac12,\; 3 \right).$")
        '( \\frac{1}{2}, 3 )'
    """
    if len(text) > MAX_LENGTH or _PLAIN.match(text):
        return text.strip()
    text = unwrap(_SPACES.sub(" ", text.translate(_UNICODE)))
    if r"\begin" not in text:
        text = _DOUBLE_BACKSLASH.sub(r"\\", text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = _UPRIGHT_LETTER.sub(r"\1", _TEXT.sub(_tidy_text, text))
    text = _DROPPED_DOLLAR.sub("", text)
    text = _NUMBERS_AS_TEXT.sub(r"\1", _SPACES.sub(" ", text).strip())
    continued = "..." if repeating_decimal(text) else ""  # 0.333..., but 3.14159... is just cut
    text = _OUTER_BRACES.sub(r"\1", text.rstrip(".,;:\\ ").lstrip(",;: ") + continued)
    return text.strip()


def unwrap(text: str) -> str:
    r"""The text without the ``$...$``, ``\(...\)``, ``\[...\]`` or ``**...**`` around all of it.

    Example:
        >>> unwrap("$142$ \n")
        '142'
    """
    text = text.strip()
    while True:
        text = text.rstrip(".").strip() if text.endswith("$.") or text.endswith(r"\).") else text
        for left, right in _WRAPS:
            inner = text[len(left) : -len(right)]
            wrapped = text.startswith(left) and text.endswith(right) and len(text) > len(left) + len(right)
            if wrapped and left not in inner:
                text = inner.strip()
                break
        else:
            return text


def _tidy_text(match: re.Match[str]) -> str:
    words = match.group(1).strip()
    return rf"\text{{{words}}}" if words else " "


def key(text: str) -> str:
    """The form under which two normalised texts are the same answer: no ``\\text``, no needless braces and blanks.

    A blank between two digits stays: ``1 2`` is not ``12``, and ``3 1/2`` is not ``31/2``.

    Example:
        >>> key("x^{2} + 1") == key("x^2+1"), key("1 2") == key("12")
        (True, False)
    """
    text = _NEEDLESS_BLANK.sub("", _TEXT.sub(r"\1", _SPACES.sub(" ", text)))
    return _SINGLE_BRACED.sub(r"\1\2", text).replace(r"\cdot", "*").replace(r"\times", "*")
