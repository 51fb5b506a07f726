"""reasoning-gym's evaluation: ``categories[].datasets[].results[]``, each with one or many completions."""

from __future__ import annotations

from collections.abc import Iterator

from eval.convert.answered import Answered, Form, Row
from l1_verl.data.paths import find, has


def _read(row: Row) -> Iterator[Answered]:
    for data in row.get("datasets") or [row]:
        name = str(data.get("name") or "").rstrip("/").rpartition("/")[2].partition(".")[0]
        for result in data.get("results") or [data]:
            for completion in result.get("completions") or [result]:
                yield Answered(
                    response=completion.get("full_model_response"),
                    gold=result.get("expected_answer"),
                    problem=result.get("question"),
                    benchmark=name,
                    used=find(completion, "completion_tokens", "tokens"),
                    label=completion.get("score"),
                )


FORM = Form(
    "reasoning-gym",
    "results.json of reasoning-gym's evaluation",
    lambda row: has(row, "name", "datasets.0.results") or has(row, "completions.0.full_model_response"),
    _read,
)
