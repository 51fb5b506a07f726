"""The checks for a recipe: what its configuration and data need of the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pyarrow
import pyarrow.parquet
from omegaconf import DictConfig, OmegaConf

from l1_verl.config import parse_reward, parse_stops
from recipes.check_model.finding import Need

# Rows whose prompts are looked at, in each file.
_ROWS = 64


def need_of(config: DictConfig, files: Sequence[str]) -> Need:
    """What verl's whole configuration needs of ``actor_rollout_ref.model.path``.

    Raises:
        ValueError: a data file that cannot be read.
    """
    rollout, template = config.actor_rollout_ref.rollout, config.data.get("apply_chat_template_kwargs")
    _, grading = parse_reward(config.reward.reward_kwargs)
    stops = parse_stops(rollout, grading.count)
    return Need(
        prompt_length=config.data.max_prompt_length,
        response_length=config.data.max_response_length,
        tensor_parallel=rollout.tensor_model_parallel_size,
        template_arguments=cast(dict[str, Any], OmegaConf.to_container(template)) if template else {},
        counts_thinking=grading.count == "thinking" or stops.close_thinking,
        requires_think_end=grading.require_think_end,
        prompts=tuple(prompt for file in files for prompt in read_prompts(Path(file).expanduser())),
        max_model_len=rollout.max_model_len,
    )


def read_prompts(file: Path) -> tuple[str, ...]:
    """What the first rows of a parquet file ask.

    Raises:
        ValueError: no such file, no parquet, or no conversation in its column ``prompt``.
    """
    try:
        with pyarrow.parquet.ParquetFile(file) as rows:
            first = next(rows.iter_batches(_ROWS, columns=["prompt"]), None)
    except (OSError, pyarrow.ArrowException) as error:
        raise ValueError(f"{file} cannot be read as parquet: {str(error).splitlines()[0]}") from None
    try:
        return tuple(str(row["prompt"][-1]["content"]) for row in (first.to_pylist() if first is not None else []))
    except (KeyError, IndexError, TypeError):
        raise ValueError(
            f"{file} has no conversation in column prompt; write it in verl's row format, as data_prep does"
        ) from None
