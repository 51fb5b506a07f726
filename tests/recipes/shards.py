"""Writes a checkpoint as verl's FSDP workers do, with no trainer.

torchrun --standalone --nproc-per-node 2 tests/recipes/shards.py BASE CHECKPOINT
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from transformers import AutoModelForCausalLM, AutoTokenizer
from verl.utils.checkpoint.fsdp_checkpoint_manager import FSDPCheckpointManager


def main(base: Path, checkpoint: Path) -> None:
    torch.distributed.init_process_group("gloo")
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    ranks = torch.distributed.get_world_size()
    fully_shard(model, mesh=init_device_mesh("cpu", (ranks,), mesh_dim_names=("fsdp",)))
    manager = FSDPCheckpointManager(
        model,
        processing_class=AutoTokenizer.from_pretrained(base),
        checkpoint_config={"save_contents": ["model", "hf_model"]},
    )
    manager.save_checkpoint(str(checkpoint / "actor"))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
