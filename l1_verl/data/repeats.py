"""Finding what training data should not hold: repeats, contradictions, and problems of a benchmark."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple

from l1_verl.data.answers import notation_key

ContradictionRule = Literal["drop", "majority", "first", "keep"]


class Pair(NamedTuple):
    """A problem and its answer, as they stand in the source at position ``position``."""

    position: int
    question: str
    answer: str


def same_text(pairs: Sequence[Pair], same: Callable[[str], str] = str.strip) -> list[list[Pair]]:
    """The pairs of each problem. Two texts are one problem if ``same`` maps them to one: space around is nothing."""
    groups: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[same(pair.question)].append(pair)
    return list(groups.values())


def census(pairs: Sequence[Pair], same: Callable[[str], str] = str.strip) -> tuple[int, int]:
    """How many rows repeat an earlier problem, and how many problems come with different answers."""
    groups = same_text(pairs, same)
    return len(pairs) - len(groups), sum(len({pair.answer for pair in group}) > 1 for group in groups)


def contradictory(group: Sequence[Pair]) -> bool:
    """Whether the answers to one problem differ in more than notation."""
    return len({notation_key(pair.answer) for pair in group}) > 1


def settle(group: Sequence[Pair], rule: ContradictionRule) -> list[Pair]:
    """What ``rule`` leaves of the pairs of one contradictory problem.

    "drop" leaves none; "majority" those with the answer that more of them give than any other, or none in a tie;
    "first" those that agree with the first; "keep" all.
    """
    if rule == "keep":
        return list(group)
    if rule == "drop":
        return []
    votes = Counter(notation_key(pair.answer) for pair in group).most_common()
    if rule == "majority" and votes[0][1] == votes[1][1]:
        return []
    chosen = votes[0][0] if rule == "majority" else notation_key(group[0].answer)
    return [pair for pair in group if notation_key(pair.answer) == chosen]


def without_contradictions(pairs: Sequence[Pair], rule: ContradictionRule) -> list[Pair]:
    """``pairs`` with every contradictory problem settled by ``rule``."""
    removed = set()
    for group in same_text(pairs):
        if contradictory(group):
            removed |= set(group) - set(settle(group, rule))
    return [pair for pair in pairs if pair not in removed]


def without_repeats(pairs: Sequence[Pair]) -> list[Pair]:
    """``pairs`` without those whose problem stands earlier with the same answer, notation aside."""
    first: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        first.setdefault((pair.question.strip(), notation_key(pair.answer)), pair)
    return list(first.values())


def fingerprint(question: str) -> str:
    """The letters and digits of ``question`` in lower case: what survives another typesetting of the same problem.

    Example:
        >>> fingerprint("Find $x$:\\n x+1 = 2.") == fingerprint("find x: $x + 1 = 2$")
        True
    """
    letters = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", question).lower())
    return letters or question.strip()


def without_benchmark(pairs: Sequence[Pair], fingerprints: Collection[str]) -> list[Pair]:
    """``pairs`` without the problems that have one of ``fingerprints``."""
    return [pair for pair in pairs if fingerprint(pair.question) not in fingerprints]
