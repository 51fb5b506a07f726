"""Graded samples as columns. Text is read once, counted, and let go: a report of 100,000 samples fits a laptop."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eval.files import Wanted, config_path, read_config, read_lines
from eval.report.measure.keywords import Keywords
from l1_verl.adherence import measures
from l1_verl.budget import Budget
from l1_verl.cli import InputError
from l1_verl.thought import Count, counted_tokens

#: Texts that are kept of each benchmark, budget and verdict.
EXAMPLES_PER_CELL = 10
_EXAMPLE_CHARACTERS = 6000
# Of these, the first ones; the rest is the end, where the answer stands.
_EXAMPLE_BEGINNING = 2000


@dataclass
class Run:
    """One graded file.

    Attributes:
        name: what the report calls it.
        path: the file.
        config: what the samples were made with, or None if nobody wrote it down.
        grading: the rules they were graded by (version, time limit, whether ``</think>`` is needed), or None likewise.
        count: the tokens that are held against a budget, column ``counted`` of ``samples``.
        samples: one row per sample; see ``_frame``.
        keywords: occurrences per sample (rows as in ``samples``) and keyword.
        examples: a few samples with their text, at random: of each benchmark, budget and verdict those of least id.
    """

    name: str
    path: Path
    config: dict[str, Any] | None
    grading: dict[str, Any] | None
    count: Count
    samples: pd.DataFrame
    keywords: np.ndarray
    examples: list[dict[str, Any]] = field(default_factory=list)


def load_run(name: str, path: Path, keywords: Keywords, count: Count = "response", *, partial: bool = False) -> Run:
    """Reads one graded file; with ``partial`` also one that eval.grade, or eval.generate before it, has not finished.

    Raises:
        InputError: it is unfinished, holds no sample, an ungraded one, the same sample twice, or one whose thought
            nobody counted where ``count`` is "thinking".
    """
    wanted = Wanted(path).read()
    if wanted is not None and not partial:
        raise InputError(
            f"{path} is unfinished, it is to get {wanted:,} samples; run its eval.grade again, or report what is "
            "there with --partial"
        )
    records, counts, examples = _read(path, keywords, count)
    frame = _frame(records)
    if count == "thinking" and (uncounted := int(frame["counted"].isna().sum())) > 0:
        raise InputError(
            f"{path} holds {uncounted} samples without thinking_tokens, which their server did not tell; use "
            "--count response, or generate with --tokenizer"
        )
    if frame["id"].duplicated().any():
        raise InputError(f"{path} holds sample {frame.loc[frame['id'].duplicated(), 'id'].iloc[0]} twice")
    made = read_config(path) if config_path(path).exists() else {}
    return Run(
        name,
        path,
        made.get("samples"),
        {name: value for name, value in made.items() if name != "samples"} or None,
        count,
        frame,
        np.array(counts, dtype=np.int32),
        examples,
    )


def _read(
    path: Path, keywords: Keywords, count: Count
) -> tuple[list[tuple[Any, ...]], list[list[int]], list[dict[str, Any]]]:
    """Of each line its facts and its keywords, and of some lines the whole sample."""
    records: list[tuple[Any, ...]] = []
    counts: list[list[int]] = []
    examples: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for number, sample in enumerate(read_lines(path), start=1):
        try:
            records.append(_record(sample, count))
        except KeyError as error:
            raise InputError(
                f"{path}, line {number} lacks {error}; a report is made of graded samples: python -m eval.grade"
            ) from None
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}, line {number}: {error}") from None
        counts.append(keywords.count(sample["response"]))
        # Lines stand in the order of finishing, short ones first; ids are hashes, whose order says nothing.
        cell = examples[sample["data_source"], bool(sample["correct"])]
        if len(cell) < EXAMPLES_PER_CELL or sample["id"] < cell[-1]["id"]:
            cell.append(sample | {"response": _shown(sample["response"])})
            cell.sort(key=itemgetter("id"))
            del cell[EXAMPLES_PER_CELL:]
    if not records:
        raise InputError(f"{path} holds no sample; there is nothing to report")
    return records, counts, list(chain(*examples.values()))


def _shown(response: str) -> str:
    """Beginning and end of a response, and how much was left out between them."""
    left_out = len(response) - _EXAMPLE_CHARACTERS
    if left_out <= 0:
        return response
    end = response[_EXAMPLE_BEGINNING + left_out :]
    return f"{response[:_EXAMPLE_BEGINNING]}\n\n[... {left_out:,} characters left out ...]\n\n{end}"


def _record(sample: dict[str, Any], count: Count) -> tuple[Any, ...]:
    budget = Budget.from_dict(sample["budget"])
    if not isinstance(sample["response"], str):
        raise ValueError(f"response is {sample['response']!r:.60}; it must be text")
    used, thinking = _count(sample, "used_tokens"), _count(sample, "thinking_tokens")
    counted = _counted(used, thinking, count, budget)
    return (
        sample["id"],
        sample["data_source"].split("/")[0],
        sample["row_id"],
        sample["sample"],
        # Budgets of 0 apart: no error is relative to them, and they would make up a correlation.
        "none" if budget is None else budget.mode if budget.tokens else "zero",
        np.nan if budget is None else budget.tokens,
        "none" if budget is None else budget.words,
        None if budget is None or counted is None else budget.nearest(counted),
        sample["correct"],
        sample["answer"],
        str(sample["ground_truth"]),
        sample["status"],
        used,
        thinking,
        counted,
        bool(sample["truncated"]),
        sample.get("label"),
        sample.get("token_source"),
    )


def _counted(used: Any, thinking: Any, count: Count, budget: Budget | None) -> int | None:
    """What is held against the budget; None where nobody counted it."""
    thought_alone = count == "thinking" or (budget is not None and budget.tokens == 0)
    if (thinking if thought_alone else used) is None:
        return None
    return counted_tokens(used, thinking, count=count, budget=budget)


def _count(sample: dict[str, Any], name: str) -> float | None:
    value = sample[name]
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0):
        raise ValueError(f"{name} is {value!r:.60}; it must be a number of tokens, or null where it is not known")
    return value


def _frame(records: list[tuple[Any, ...]]) -> pd.DataFrame:
    names = (
        "id benchmark problem sample mode budget asked target correct answer gold status used thinking counted "
        "truncated label token_source"
    )
    frame = pd.DataFrame.from_records(records, columns=names.split())
    for column in ("benchmark", "problem", "mode", "asked", "status"):
        frame[column] = frame[column].astype("category")
    for column in ("budget", "target", "correct", "used", "thinking", "counted", "truncated", "label"):
        frame[column] = frame[column].astype(np.float64)
    frame["solution"] = frame["used"] - frame["thinking"]
    for name, values in measures(frame["counted"], frame["target"]).items():
        frame[name] = values
    frame["no_answer"] = (frame["status"] == "no_answer").astype(np.float64)
    frame["grade_timeout"] = (frame["status"] == "timeout").astype(np.float64)
    return frame
