"""A thinking budget: what a prompt asks for, in words and in a row.

A budget is the number n_gold of L1 (arXiv 2503.04697) together with how it is meant: "exact" (use about that many
tokens, LCPO-Exact) or "max" (use at most that many, LCPO-Max). Beyond the paper, "range" asks for any number between
two, and "level" for a number by a name. A budget of 0 asks for an answer without a thought. No budget at all is
``None``.
"""

from __future__ import annotations

import numbers
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

Mode = Literal["exact", "max", "range", "level"]

MODES: tuple[str, ...] = get_args(Mode)

# Those of "exact" and "max" are what the published L1 checkpoints were trained on.
_SENTENCES: dict[Mode, str] = {
    "exact": "Think for {tokens} tokens.",
    "max": "Think for maximum {tokens} tokens.",
    "range": "Think for between {least} and {tokens} tokens.",
    "level": "Thinking effort: {level}.",
}
_FIELDS = {"tokens": r"(?P<tokens>\d[\d,]*)", "least": r"(?P<least>\d[\d,]*)", "level": r"(?P<level>[\w-]+)"}
_LEVEL = re.compile(r"[^\W\d_][\w-]*")


def _asked(sentence: str) -> re.Pattern[str]:
    form = re.sub(r"\\\{(\w+)\\\}", lambda name: _FIELDS[name[1]], re.escape(sentence))
    return re.compile(r"\s*" + form)


_ASKED = {mode: _asked(sentence) for mode, sentence in _SENTENCES.items()}


@dataclass(frozen=True)
class Budget:
    """A thinking budget n_gold and how it is meant.

    Args:
        mode: "exact", "max", "range" or "level".
        tokens: n_gold >= 0, in tokens of the model's own tokenizer, thinking and solution together, unless
            ``reward_kwargs.count`` says otherwise; of a range its upper end, of a level what the name stands for. At 0
            no thought is wanted, and the thought alone counts.
        least: the lower end of a range, >= 1 and <= tokens; of other modes None.
        level: the name of a level, a word that begins with a letter; of other modes None.

    Raises:
        ValueError: an unknown mode, or a value that the mode cannot have.

    Example:
        >>> Budget("max", 512).sentence
        'Think for maximum 512 tokens.'
        >>> Budget("range", 400, least=200).sentence
        'Think for between 200 and 400 tokens.'
        >>> Budget("level", 512, level="low").sentence
        'Thinking effort: low.'
    """

    mode: Mode
    tokens: int
    least: int | None = None
    level: str | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"budget mode is {self.mode!r}; it must be one of {', '.join(MODES)}")
        require_whole("tokens", self.tokens, 0)
        if self.mode == "range":
            require_whole("least", self.least, 1)
            if cast(int, self.least) > self.tokens:
                raise ValueError(f"budget least is {self.least} and tokens {self.tokens}; least must be <= tokens")
        elif self.least is not None:
            raise ValueError(f"budget least is {self.least!r} and mode {self.mode!r}; only a range has it")
        if self.mode == "level":
            if not isinstance(self.level, str) or not _LEVEL.fullmatch(self.level):
                raise ValueError(f"budget level is {self.level!r}; it must be a word that begins with a letter")
        elif self.level is not None:
            raise ValueError(f"budget level is {self.level!r} and mode {self.mode!r}; only mode level has it")

    @property
    def sentence(self) -> str:
        """The sentence that asks for this budget."""
        return _SENTENCES[self.mode].format(tokens=self.tokens, least=self.least, level=self.level)

    @property
    def words(self) -> str:
        """This budget for a table: "exact 512", "range 200-400", "level low"."""
        numbers_asked = f"{self.tokens}" if self.least is None else f"{self.least}-{self.tokens}"
        return f"{self.mode} {numbers_asked if self.level is None else self.level}"

    @property
    def label(self) -> str:
        """This budget in a name, such as ``data_source``: "exact-512", "range-200-400", "level-low"."""
        return self.words.replace(" ", "-")

    def nearest(self, used: int) -> int:
        """The number of tokens that ``used`` is held against: n_gold, or the nearest of a range.

        Example:
            >>> budget = Budget("range", 400, least=200)
            >>> [budget.nearest(used) for used in (150, 300, 450)]
            [200, 300, 400]
        """
        return self.tokens if self.least is None else min(max(used, self.least), self.tokens)

    def append_to(self, text: str) -> str:
        """``text`` and the sentence, joined by a single space (L1, section 3)."""
        return f"{text} {self.sentence}"

    def to_dict(self) -> dict[str, Any]:
        """The form a parquet row carries in ``extra_info.budget``."""
        own = {"least": self.least, "level": self.level}
        return {"mode": self.mode, "tokens": self.tokens} | {k: v for k, v in own.items() if v is not None}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any] | None) -> Budget | None:
        """Reads ``extra_info.budget``: ``{"mode", "tokens"}``, with ``least`` or ``level`` where the mode has it; or
        ``None`` for no budget.

        Raises:
            ValueError: a key is missing or holds a value that no budget can have.
        """
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise ValueError(f"budget is {value!r:.60}; it must hold mode and tokens, or be null for none")
        missing = {"mode", "tokens"} - set(value)
        if missing:
            raise ValueError(f"budget {dict(value)!r} lacks {', '.join(sorted(missing))}")
        return cls(value["mode"], _whole(value["tokens"]), _whole(value.get("least")), value.get("level"))


def read_budget(text: str, mode: Mode = "exact") -> Budget | None:
    """A budget as it is written on a command line.

    Args:
        text: "512", "200-400" for a range, "low=512" for a level, or "none".
        mode: how a single number is meant.

    Raises:
        ValueError: it is none of these.

    Example:
        >>> read_budget("512", "max"), read_budget("none")
        (Budget(mode='max', tokens=512, least=None, level=None), None)
    """
    if text == "none":
        return None
    if text.isdecimal():
        return Budget(mode, int(text))
    if found := re.fullmatch(r"(\d+)-(\d+)", text, re.ASCII):
        return Budget("range", int(found[2]), least=int(found[1]))
    if found := re.fullmatch(r"([^=]+)=(\d+)", text, re.ASCII):
        return Budget("level", int(found[2]), level=found[1])
    raise ValueError(f"budget is {text!r}; it must be a number of tokens, LEAST-MOST, NAME=TOKENS or none")


def read_budgets(texts: Sequence[str], mode: Mode = "exact") -> list[Budget | None]:
    """Several of :func:`read_budget`.

    Raises:
        ValueError: one is none of these, or two would have the same label, such as one level with two numbers.

    Example:
        >>> [budget.label for budget in read_budgets(["0", "low=512"])]
        ['exact-0', 'level-low']
    """
    budgets = [read_budget(text, mode) for text in texts]
    if len({budget and budget.label for budget in budgets}) < len(budgets):
        raise ValueError(f"{' '.join(texts)} names one twice; give each number, range and level once")
    return budgets


def with_budget(messages: Sequence[Mapping[str, Any]], budget: Budget | None) -> list[dict[str, Any]]:
    """A conversation that asks for ``budget`` after its last message; as it is where there is none.

    Example:
        >>> with_budget([{"role": "user", "content": "What is 1+1?"}], Budget("max", 512))
        [{'role': 'user', 'content': 'What is 1+1? Think for maximum 512 tokens.'}]
    """
    asked = [dict(message) for message in messages]
    if budget is not None:
        asked[-1]["content"] = budget.append_to(asked[-1]["content"])
    return asked


def budget_in(text: str, level_tokens: int | None = None) -> Budget | None:
    """The budget that a prompt asks for in the words of :attr:`Budget.sentence`; the last one where there are several.

    Args:
        text: the prompt.
        level_tokens: what a level stands for, which its words do not say; None leaves levels out.

    Example:
        >>> budget_in("What is 1+1? Think for maximum 512 tokens.") == Budget("max", 512)
        True
    """
    found = [(match.start(), mode, match) for mode, form in _ASKED.items() for match in form.finditer(text)]
    found = [one for one in found if one[1] != "level" or level_tokens is not None]
    if not found:
        return None
    _, mode, match = max(found, key=lambda one: one[0])
    said = match.groupdict()
    tokens, least = (int(said[name].replace(",", "")) if name in said else None for name in ("tokens", "least"))
    try:
        return Budget(mode, cast(int, level_tokens if mode == "level" else tokens), least, said.get("level"))
    except ValueError:  # a range that ends before it begins
        return None


def without_budget(text: str) -> str:
    """A prompt without the sentence of a budget, so that a problem is the same under every budget.

    Example:
        >>> without_budget("What is 1+1? Think for 512 tokens.")
        'What is 1+1?'
    """
    for form in _ASKED.values():
        text = form.sub("", text)
    return text


def _whole(value: Any) -> Any:
    """512 for numpy's 512 and for pandas' 512.0, as a nullable integer column has it; anything else as it is."""
    whole = isinstance(value, numbers.Real) and not isinstance(value, bool) and float(value).is_integer()
    return int(value) if whole else value


def require_whole(name: str, value: Any, least: int) -> None:
    """Refuses what is not a whole number >= ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"budget {name} is {value!r}; it must be a whole number >= {least}")
