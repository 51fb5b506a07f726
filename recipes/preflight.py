"""Refuses a run that could not work, in seconds and before Ray starts.

``python -m recipes.preflight <arguments of verl.trainer.main_ppo>`` composes the configuration as verl will, checks
what it names, and writes it to ``<trainer.default_local_dir>/config.yaml``. A folder that holds checkpoints of another
configuration is refused, so that resuming never mixes two runs.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from l1_verl import AGENT_LOOPS, cli
from l1_verl.cli import InputError
from l1_verl.config import (
    TRAINER_MODES,
    Stops,
    parse_advantage,
    parse_budget,
    parse_reward,
    parse_stops,
    parse_trainer,
)
from l1_verl.files import replacing_file
from l1_verl.grading import GradingPool
from recipes.machine import SETUP_CPU, SETUP_GPU, machine_problem

# May change between two starts of one run; whatever else changes makes it another run. Memory is among it: losses are
# normalised over the whole mini-batch, so that the size of a micro-batch changes no gradient, and how vLLM is spread
# over GPUs changes none of what it samples from.
FREE_TO_CHANGE = (
    "trainer.total_training_steps",
    "trainer.total_epochs",
    "trainer.logger",
    "trainer.save_freq",
    "trainer.test_freq",
    "trainer.val_before_train",
    "trainer.resume_mode",
    "trainer.default_local_dir",
    "trainer.rollout_data_dir",
    "trainer.validation_data_dir",
    "trainer.nnodes",
    "trainer.n_gpus_per_node",
    "trainer.max_actor_ckpt_to_keep",
    "trainer.max_critic_ckpt_to_keep",
    "data.val_files",
    "reward.reward_kwargs.freeze_heap",
    "actor_rollout_ref.actor.ppo_max_token_len_per_gpu",
    "actor_rollout_ref.ref.log_prob_max_token_len_per_gpu",
    "actor_rollout_ref.rollout.log_prob_max_token_len_per_gpu",
    "actor_rollout_ref.rollout.gpu_memory_utilization",
    "actor_rollout_ref.rollout.tensor_model_parallel_size",
    "actor_rollout_ref.rollout.max_num_seqs",
    "actor_rollout_ref.rollout.max_num_batched_tokens",
    "actor_rollout_ref.rollout.max_model_len",
    "actor_rollout_ref.rollout.agent.agent_loop_config_path",
    *(
        f"actor_rollout_ref.{role}.fsdp_config.{key}"
        for role in ("actor", "ref")
        for key in (
            "param_offload",
            "optimizer_offload",
            "offload_policy",
            "entropy_from_logits_with_chunking",
            "entropy_checkpointing",
        )
    ),
    "ray_kwargs",
)

# Named here, since to ask verl is to import it.
VERL_MODES = ("sync", "colocate_async", "separate_async")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config-dir", type=Path, required=True)
    parser.add_argument("--config-name", required=True)
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_args(arguments)
    try:
        config = compose_recipe(options.config_dir, options.config_name, options.overrides)
        check(config)
        claim_folder(config)
    except (ValueError, HydraException) as error:
        raise InputError(str(error)) from None


def compose_recipe(config_dir: Path, name: str, overrides: list[str]) -> DictConfig:
    """The configuration that ``verl.trainer.main_ppo`` would run, without importing verl."""
    spec = importlib.util.find_spec("verl")
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"verl is not installed; run `{SETUP_CPU}`, or on GPUs `{SETUP_GPU}`")
    verl_config = Path(spec.submodule_search_locations[0], "trainer", "config")
    with initialize_config_dir(str(config_dir.resolve()), version_base=None):
        composed = [override for override in overrides if not override.startswith("hydra.")]
        return compose(name, [*composed, f"hydra.searchpath=[file://{verl_config}]"])


def check(config: DictConfig) -> None:
    """Refuses knobs, files, models and hardware that the run could not start with.

    Raises:
        InputError, ValueError: what is wrong, with the value, and the way out.
    """
    if parse_budget(config.data.budget).scheduled and config.trainer.v1.trainer_mode not in TRAINER_MODES:
        raise InputError(
            f"data.budget.schedule is set, which trainer.v1.trainer_mode={config.trainer.v1.trainer_mode} does not "
            "follow; set trainer.v1.trainer_mode=lcpo"
        )
    _, grading = parse_reward(config.reward.reward_kwargs)
    GradingPool(**grading.grading).close()
    _check_agent_loop(config, parse_stops(config.actor_rollout_ref.rollout, grading.count))
    parse_advantage(config)
    parse_trainer(config)
    mode = config.trainer.v1.trainer_mode
    modes = (*TRAINER_MODES, *VERL_MODES)
    if mode not in modes:
        raise InputError(f"trainer.v1.trainer_mode is {mode!r}; it must be one of {', '.join(modes)}")
    if config.trainer.nnodes > 1 and not os.environ.get("RAY_ADDRESS"):
        raise InputError(
            f"trainer.nnodes is {config.trainer.nnodes}, but RAY_ADDRESS is not set: start Ray on every machine first "
            "(see recipes/README.md, Many machines)"
        )
    data: dict[str, None] = {}
    for key in ("train_files", "val_files"):
        files = config.data[key]
        if not files:
            raise InputError(f"data.{key} is {files!r}; it must name at least one parquet file")
        for file in [files] if isinstance(files, str) else files:
            data[file] = None
            if not Path(file).expanduser().is_file():
                raise InputError(
                    f"data.{key}: there is no file {file}; write it with {_converter(Path(file))}, or use "
                    "PROFILE=tiny, which brings its own"
                )
    if problem := machine_problem(config):
        raise InputError(problem)
    _check_model(config, list(data))


def _converter(file: Path) -> str:
    """The command that writes ``file`` where its name says so: ``<data set>[_max|_none].parquet``."""
    name, _, mode = file.stem.rpartition("_")
    if mode not in ("max", "none"):
        name, mode = file.stem, ""
    script = Path("data_prep", f"{name}_to_parquet.py")
    if not (Path(__file__).parents[1] / script).is_file():
        return "data_prep/ (see data_prep/README.md)"
    return f"`python {script} {f'--mode {mode} ' if mode else ''}--output {file}`"


def _check_agent_loop(config: DictConfig, stops: Stops) -> None:
    agent = config.actor_rollout_ref.rollout.agent
    if agent.default_agent_loop != "lcpo":
        if stops != Stops():
            raise InputError(
                "actor_rollout_ref.rollout.custom.lcpo is set, but another agent loop would ignore it; add "
                "actor_rollout_ref.rollout.agent.default_agent_loop=lcpo"
            )
        return
    if not Path(agent.agent_loop_config_path or "").is_file():
        raise InputError(
            f"actor_rollout_ref.rollout.agent.agent_loop_config_path is {agent.agent_loop_config_path!r}, which is "
            f"not a file, so that verl does not know the agent loop lcpo; give {AGENT_LOOPS}"
        )
    stopping = stops.stop_at_zero or stops.exact_overrun is not None
    if stopping and config.trainer.v1.trainer_mode not in TRAINER_MODES:
        raise InputError(
            f"trainer.v1.trainer_mode is {config.trainer.v1.trainer_mode!r}, which does not tell the agent loop lcpo "
            "what is training, so that it would stop no rollout; use trainer_mode=lcpo"
        )


def _check_model(config: DictConfig, files: list[str]) -> None:
    """Refuses a model that the run could not start from, or would train on other tokens than are meant."""
    # Imported here: it takes seconds, which bad knobs and missing files need not wait for.
    from recipes.check_model import check_model
    from recipes.check_model.checkpoint import load_checkpoint
    from recipes.check_model.run import need_of

    path = config.actor_rollout_ref.model.path
    try:
        checkpoint = load_checkpoint(path)
    except ValueError as error:
        raise InputError(f"MODEL_PATH={error}") from None
    found = check_model(checkpoint, need_of(config, files))
    failed = [finding for finding in found if finding.status == "fail"]
    if failed:
        more = f" ({len(failed)} checks fail: python -m recipes.check_model {path})" if len(failed) > 1 else ""
        raise InputError(f"MODEL_PATH={path}: {failed[0].check}: {failed[0].value}; {failed[0].way_out}{more}")
    for finding in found:
        if finding.status == "warn":
            print(f"preflight: {finding}", file=sys.stderr)


def claim_folder(config: DictConfig) -> None:
    """Writes the configuration into the run's folder, or refuses a folder that belongs to another run.

    Raises:
        InputError: the folder has checkpoints of another run, or ``resume_mode=disable`` would overwrite some.
    """
    folder = Path(config.trainer.default_local_dir)
    record, trained = folder / "config.yaml", (folder / "latest_checkpointed_iteration.txt").is_file()
    if trained and config.trainer.resume_mode == "disable":
        raise InputError(f"{folder} has checkpoints that resume_mode=disable would overwrite; set another CKPTS_DIR")
    if trained and record.is_file():
        different = _differences(OmegaConf.load(record), config)
        if different:
            raise InputError(
                f"{folder} has checkpoints of another configuration ({'; '.join(different[:5])}); set another "
                "CKPTS_DIR, or give the same configuration to resume"
            )
    if trained:
        _check_workers(folder, config.trainer.nnodes * config.trainer.n_gpus_per_node)
    try:
        with replacing_file(record) as partial:
            OmegaConf.save(config, partial)
    except OSError as error:
        raise InputError(f"CKPTS_DIR={folder} cannot be written: {error.strerror}; set another CKPTS_DIR") from None


def _check_workers(folder: Path, workers: int) -> None:
    """verl loads one shard per worker, and finds out that there are others when everything is up."""
    step = (folder / "latest_checkpointed_iteration.txt").read_text().strip()
    saved = folder / f"global_step_{step}" / "actor" / "fsdp_config.json"
    if saved.is_file() and (before := json.loads(saved.read_text())["world_size"]) != workers:
        raise InputError(
            f"{saved.parent} was saved by {before} workers and cannot be resumed by {workers}; set NNODES and "
            "NGPUS_PER_NODE so that their product is the same"
        )


def _differences(before: Any, now: DictConfig) -> list[str]:
    """``key: old -> new`` for each key whose change makes it another run."""
    old, new = _flat(OmegaConf.to_container(before)), _flat(OmegaConf.to_container(now))
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return [
        f"{key}: {old.get(key)} -> {new.get(key)}"
        for key in changed
        if not any(key == free or key.startswith(f"{free}.") for free in FREE_TO_CHANGE)
    ]


def _flat(node: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(node, dict):
        return {prefix: node}
    return {k: v for key, value in node.items() for k, v in _flat(value, f"{prefix}.{key}" if prefix else key).items()}


if __name__ == "__main__":
    cli.run(main, "preflight")
