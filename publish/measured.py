"""What a model card quotes: a results.json of eval.report, held to the model that the card is of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.model import fingerprint
from l1_verl.cli import InputError
from l1_verl.config import Count

RESULTS_VERSION = 1


@dataclass(frozen=True)
class Report:
    """The runs of a results.json; after ``of`` only those of one model, each with what was measured."""

    file: Path
    runs: Sequence[Mapping[str, Any]]
    count: Count

    @classmethod
    def load(cls, file: Path) -> Report:
        """Reads results.json of eval.report.

        Raises:
            InputError: it is missing, or no such file.
        """
        try:
            content = json.loads(file.read_text())
            if content["schema_version"] != RESULTS_VERSION:
                raise InputError(
                    f"--report {file} has schema_version {content['schema_version']}, not {RESULTS_VERSION}"
                )
            runs = [dict(run) | {"cells": [_asked(cell) for cell in run.get("cells", ())]} for run in content["runs"]]
            return cls(file, runs, content["settings"].get("count", "response"))
        except OSError as error:
            raise InputError(f"--report {file} cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise InputError(f"--report {file} is not a results.json of eval.report") from None

    def require_count(self, counted: Count) -> None:
        """Refuses a report that holds budgets against other tokens than the model was trained to count.

        Raises:
            InputError: it does.
        """
        if self.count != counted:
            raise InputError(
                f"--report {self.file} holds budgets against the {self.count}, but this model was trained with "
                f"reward.reward_kwargs.count={counted}; draw it with python -m eval.report --count {counted}"
            )

    def of(self, weights: Mapping[str | None, str]) -> Report:
        """Only the runs of these weights: fingerprint -> what the card calls them.

        Raises:
            InputError: no run is of this model.
        """
        runs = [dict(run) | {"of": weights[_weights(run)]} for run in self.runs if _weights(run) in weights]
        if not runs:
            asked = "; ".join(f"{run['name']} is of {(run['config'] or {}).get('model')}" for run in self.runs)
            raise InputError(f"--report {self.file} is of another model than this checkpoint ({asked})")
        return Report(self.file, runs, self.count)


def _asked(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell that says what was asked for, as older files do not."""
    number = "" if cell["budget"] is None else f" {cell['budget']}"
    return {"asked": f"{cell['mode']}{number}"} | dict(cell)


def _weights(run: Mapping[str, Any]) -> str | None:
    """The fingerprint of a run's weights; a server's are looked up under the name that it served them by."""
    config = run["config"] or {}
    return config.get("model_hash") or fingerprint(str(config.get("model"))) or ""
