"""The row that every data set becomes, and the parquet file that holds such rows.

A row is what verl's RLHFDataset reads. Its prompt is the problem and an instruction to box the answer, and never
holds the budget's sentence: ``LCPODataset`` appends that, from ``extra_info.budget``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from l1_verl.budget import Budget
from l1_verl.files import replacing_file

INSTRUCTION = r"Let's think step by step and output the final answer within \boxed{}."
CHOICE_INSTRUCTION = r"Let's think step by step and output the final answer (eg, {letters}) within \boxed{{}}."

# The letters that the grader knows. Named here, since to ask it is to import its packages.
LETTERS = "ABCDEFGHIJ"

# One schema for every file, so that verl can read several of them as one data set.
SCHEMA = pa.schema(
    {
        "data_source": pa.string(),
        "prompt": pa.list_(pa.struct({"role": pa.string(), "content": pa.string()})),
        "ability": pa.string(),
        "reward_model": pa.struct({"style": pa.string(), "ground_truth": pa.string()}),
        "extra_info": pa.struct(
            {
                "split": pa.string(),
                "index": pa.int64(),
                "id": pa.string(),
                "answer_type": pa.string(),
                "budget": pa.struct({"mode": pa.string(), "tokens": pa.int64()}),
            }
        ),
    }
)
# What ranges and levels have beside mode and tokens. Only a file with one of them has these columns.
_DIAL = [pa.field("least", pa.int64()), pa.field("level", pa.string())]


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as the model sees it, before any budget.

    Args:
        index: position in the source, from 0.
        prompt: the problem with its instruction.
        ground_truth: the answer; a JSON list of strings where any of several counts.
        answer_type: "math" (a formula or number) or "choice" (a letter).

    Raises:
        ValueError: a text holds half a surrogate pair, which no file can store.
    """

    index: int
    prompt: str
    ground_truth: str
    answer_type: Literal["math", "choice"] = "math"
    id: str = ""
    """By default a hash of what is asked and what counts: the same in any file, order and budget."""

    def __post_init__(self) -> None:
        content = content_id(self.prompt, self.ground_truth)
        if not self.id:
            object.__setattr__(self, "id", content)

    def row(self, data_source: str, split: str, budget: Budget | None = None) -> dict[str, Any]:
        """The row of ``SCHEMA`` that asks this problem under ``budget``."""
        return {
            "data_source": data_source,
            "prompt": [{"role": "user", "content": self.prompt}],
            "ability": "math" if self.answer_type == "math" else "multiple_choice",
            "reward_model": {"style": "rule", "ground_truth": self.ground_truth},
            "extra_info": {
                "split": split,
                "index": self.index,
                "id": self.id,
                "answer_type": self.answer_type,
                "budget": budget.to_dict() if budget else None,
            },
        }


def content_id(*parts: str) -> str:
    """16 hexadecimal digits of SHA-256 over ``parts``; which text is in which part matters.

    Example:
        >>> content_id("1 + 1", "2") == content_id("1 + 1", "2") != content_id("1 + 12", "")
        True
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()[:16]


def math_problem(index: int, question: str, ground_truth: str) -> Problem:
    """A problem whose answer is a formula or a number."""
    return Problem(index, f"{question.strip()} {INSTRUCTION}", ground_truth)


def choice_problem(index: int, question: str, options: Sequence[str], correct: int) -> Problem:
    """A problem with lettered options, in the words that the published L1 checkpoints were evaluated with.

    Args:
        index: position in the source, from 0.
        question: the question, without options.
        options: 2 to 10 texts, without letters.
        correct: position of the right one, from 0.

    Raises:
        ValueError: there are more options than letters that the grader knows.
    """
    if len(options) > len(LETTERS):
        raise ValueError(f"it has {len(options)} options; the grader knows {len(LETTERS)}, A to {LETTERS[-1]}")
    letters = LETTERS[: len(options)]
    listed = "\n".join(f"{letter}. {text.strip()}" for letter, text in zip(letters, options, strict=True))
    instruction = CHOICE_INSTRUCTION.format(letters=", ".join(letters))
    return Problem(index, f"{question.strip()}\n\nOptions:\n{listed}\n\n{instruction}", letters[correct], "choice")


def write_rows(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Writes ``rows`` to ``path``, whole or not at all.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    budgets = (row["extra_info"]["budget"] or {} for row in rows)
    schema = _with_dial(SCHEMA) if any({"least", "level"} & budget.keys() for budget in budgets) else SCHEMA
    with replacing_file(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), temporary)


def _with_dial(schema: pa.Schema) -> pa.Schema:
    extra = schema.field("extra_info")
    fields = [pa.field("budget", pa.struct([*f.type, *_DIAL])) if f.name == "budget" else f for f in extra.type]
    return schema.set(schema.get_field_index("extra_info"), pa.field("extra_info", pa.struct(fields)))
