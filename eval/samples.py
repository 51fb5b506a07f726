"""Benchmark rows (parquet, see data_prep) as samples yet to be generated: one problem under one budget, asked once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from l1_verl.budget import Budget
from l1_verl.budget import with_budget as asking
from l1_verl.cli import InputError
from l1_verl.files import content_hash
from l1_verl.row import read_row, row_id

_COLUMNS = ("data_source", "prompt", "reward_model", "extra_info")


@dataclass(frozen=True)
class Sample:
    """One sample to be generated.

    Attributes:
        id: hash of the run's configuration, the row, its budget and the sample's number.
        row_id: hash of the problem, the same under every budget: what intervals are clustered by.
        data_source: benchmark and, where the row has one, budget: ``aime2025/exact-512``.
        messages: the conversation without the budget's sentence.
        budget: what the row asks for, or None.
        ground_truth: the answer as the row carries it.
        answer_type: "math" or "choice".
        number: of the sample among those of its row, from 0.
        seed: the sample's own seed.
    """

    id: str
    row_id: str
    data_source: str
    messages: tuple[dict[str, str], ...]
    budget: Budget | None
    ground_truth: str
    answer_type: str
    number: int
    seed: int

    @property
    def zero(self) -> bool:
        """Whether the budget is 0, which asks for no thought."""
        return self.budget is not None and self.budget.tokens == 0

    def conversation(self, *, with_budget: bool) -> list[dict[str, str]]:
        """The messages, with the budget's sentence after the last one's text if there is a budget."""
        return asking(self.messages, self.budget if with_budget else None)


def load_rows(path: Path, limit: int | None = None) -> list[dict[str, Any]]:
    """The rows of a parquet file; of each benchmark and budget at most the first ``limit``.

    Raises:
        InputError: the file cannot be read, lacks a column, or holds no row.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path} cannot be read as parquet: {str(error).splitlines()[0]}") from None
    missing = [name for name in _COLUMNS if name not in table.column_names]
    if missing:
        raise InputError(
            f"{path} lacks the columns {', '.join(missing)}; rows are written by data_prep/*_to_parquet.py"
        )
    rows = table.to_pylist()
    if not rows:
        raise InputError(f"{path} holds no row; there is nothing to ask")
    if limit is None:
        return rows
    taken: Counter[str] = Counter()
    kept = []
    for row in rows:
        taken[row["data_source"]] += 1
        if taken[row["data_source"]] <= limit:
            kept.append(row)
    return kept


def samples_of(rows: Sequence[dict[str, Any]], per_row: int, config_hash: str, seed: int) -> list[Sample]:
    """``per_row`` samples of each row, those of a row side by side so that an engine can share their prompt.

    Raises:
        InputError: a row is malformed, has an answer that nothing can be graded by, or appears twice.
    """
    samples = []
    seen: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows):
        facts = _facts(row, number)
        key = (facts["data_source"], facts["row_id"])
        if key in seen:
            raise InputError(f"rows {seen[key]} and {number} are the same problem of {key[0]!r}; drop one of them")
        seen[key] = number
        for draw in range(per_row):
            digest = content_hash([config_hash, *key, draw])
            own_seed = int(content_hash([seed, *key, draw]), 16) % 2**31
            samples.append(Sample(id=digest, number=draw, seed=own_seed, **facts))
    return samples


def file_hash(path: Path) -> str:
    """16 hexadecimal digits of SHA-256 over the content of ``path``."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:16]


def _facts(row: dict[str, Any], number: int) -> dict[str, Any]:
    try:
        facts = read_row(row)
    except ValueError as error:
        source = row.get("data_source")
        raise InputError(f"row {number} ({row_id(row)}) of {source!r}: {error}") from None
    return {
        "row_id": facts.id,
        "data_source": facts.data_source,
        "messages": facts.messages,
        "budget": facts.budget,
        "ground_truth": facts.ground_truth,
        "answer_type": facts.answer_type,
    }
