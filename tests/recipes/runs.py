"""A run's folder as a recipe leaves it, and the model card of its checkpoints."""

from __future__ import annotations

from pathlib import Path

from omegaconf import OmegaConf

from publish.model_card import model_card, stages
from recipes.preflight import compose_recipe

ROOT = Path(__file__).parents[2]


def write_config(run: Path, recipe: str = "l1_exact", profile: str = "tiny", base: str = "hub/base", *more: str):
    """``config.yaml`` as preflight leaves it beside the checkpoints of a run."""
    overrides = [f"profile={profile}", f"actor_rollout_ref.model.path='{base}'", "data.train_files=gone.parquet"]
    config = compose_recipe(ROOT / "recipes" / "config", recipe, [*overrides, *more])
    run.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, run / "config.yaml")


def card_of(checkpoint: Path, **changes) -> str:
    checkpoint.mkdir(parents=True, exist_ok=True)
    return model_card(**{"name": "m", "history": stages(checkpoint), "report": None, "license": "mit"} | changes)
