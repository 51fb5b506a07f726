"""Makes wrong answers out of right ones: each mutation changes the value, and says how."""

from __future__ import annotations

import re
from collections.abc import Iterator

_INTEGER = re.compile(r"(?<![\d.,_^{\\])\d+(?![\d.,])")


def mutations(gold: str) -> Iterator[tuple[str, str]]:
    """(name, wrong answer) for every mutation that applies to ``gold``."""
    for name, mutate in _MUTATIONS.items():
        for wrong in mutate(gold):
            if wrong != gold:
                yield name, wrong


def _sign(gold: str) -> Iterator[str]:
    if re.fullmatch(r"[^,()\[\]=<>{}]*|\\frac.*|\d*\\sqrt\{\d+\}", gold) and gold.strip("+-0. "):
        yield gold[1:] if gold.startswith("-") else f"-{gold}" if not re.search(r"(?<!^)[+-]", gold) else f"-({gold})"


def _off_by_one(gold: str) -> Iterator[str]:
    for match in _INTEGER.finditer(gold):
        yield gold[: match.start()] + str(int(match.group()) + 1) + gold[match.end() :]


def _digit(gold: str) -> Iterator[str]:
    match = re.search(r"\d(?=\.\d)|(?<=\.)\d", gold)
    if match:
        yield gold[: match.start()] + str((int(match.group()) + 1) % 10) + gold[match.end() :]


def _swapped(gold: str) -> Iterator[str]:
    match = re.fullmatch(r"([(\[])\s*([^,()]+),\s*([^,()]+)([)\]])", gold)
    if match and match.group(2).strip() != match.group(3).strip():
        left, first, second, right = match.groups()
        yield f"{left}{second},{first}{right}"


def _open_closed(gold: str) -> Iterator[str]:
    if re.match(r"^[(\[].*\\infty.*[)\]]$|^\[.*[)\]]$|^\(.*\]$", gold):
        flip = {"(": "[", "[": "("}[gold[0]]
        if not gold.startswith(r"(-\infty"):
            yield flip + gold[1:]
        if not gold.endswith(r"\infty)"):
            yield gold[:-1] + {")": "]", "]": ")"}[gold[-1]]


def _missing(gold: str) -> Iterator[str]:
    parts = gold.split(",")
    if len(parts) > 1 and not re.search(r"[()\[\]]", gold):
        braces = gold.startswith(r"\{")
        yield ",".join(parts[1:]) if not braces else r"\{" + ",".join(parts[1:])
        yield gold + ", 977" if not braces else gold[:-2] + r", 977\}"


def _inequality(gold: str) -> Iterator[str]:
    for old, new in (("<", ">"), (">", "<"), ("<", r"\le "), (r"\leq", "<"), (r"\geq", ">")):
        if old in gold:
            yield gold.replace(old, new)


def _function(gold: str) -> Iterator[str]:
    for old, new in ((r"\sin", r"\cos"), (r"\sqrt", ""), (r"\pi", "3"), ("x", "y"), (r"\ln", r"\log_2"), ("i", "")):
        if re.search(re.escape(old) + r"(?![A-Za-z])", gold) and "frac" not in gold[:1]:
            yield re.sub(re.escape(old) + r"(?![A-Za-z])", lambda _, new=new: new, gold)


def _scaled(gold: str) -> Iterator[str]:
    if re.fullmatch(r"-?\d+(\.\d+)?", gold) and float(gold):
        yield f"{gold}0" if "." not in gold else f"1{gold.lstrip('-')}"
        yield gold + r" \times 10^{2}"
    yield f"2({gold})" if re.fullmatch(r"[^,=<>\[\]()]+", gold) and re.search(r"[a-z]", gold) else gold


_MUTATIONS = {
    "sign": _sign,
    "off by one": _off_by_one,
    "digit": _digit,
    "swapped": _swapped,
    "open or closed": _open_closed,
    "missing or extra root": _missing,
    "inequality": _inequality,
    "function": _function,
    "scaled": _scaled,
}
