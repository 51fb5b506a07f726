"""A verl platform for machines without an accelerator."""

from __future__ import annotations

import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import torch
from verl.plugin.platform import PlatformBase, PlatformRegistry


class _DeviceModule(types.ModuleType):
    """``torch.cpu`` with those functions of ``torch.cuda`` that verl calls on any device module.

    ``torch.cpu`` counts no memory (verl/utils/memory_utils.py, workers/engine_workers.py:219), hence the zeros.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(torch.cpu, name)

    def _nothing(self, *args: Any, **kwargs: Any) -> int:
        return 0

    memory_allocated = memory_reserved = max_memory_allocated = max_memory_reserved = _nothing
    empty_cache = reset_peak_memory_stats = manual_seed = manual_seed_all = _nothing

    def mem_get_info(self, device: Any = None) -> tuple[int, int]:
        memory = psutil.virtual_memory()
        return memory.available, memory.total

    def get_device_name(self, device: Any = None) -> str:
        return "CPU"

    def set_rng_state(self, state: torch.Tensor, device: Any = None) -> None:
        torch.set_rng_state(state)


@PlatformRegistry.register(platform="cpu")
class PlatformCPU(PlatformBase):
    """What verl asks of a device, answered by the CPU."""

    device_name = "cpu"
    vendor_name = "cpu"
    device_module = _DeviceModule("torch_cpu")

    def is_available(self) -> bool:
        return True

    def current_device(self) -> Any:
        # Not an index, as for an accelerator: on the FSDP2 path verl only says `.to(current_device())`.
        return torch.device("cpu")

    def device_count(self) -> int:
        return 1

    def set_device(self, device_index: int) -> None:
        pass

    def synchronize(self, device_index: int | None = None) -> None:
        pass

    def manual_seed(self, seed: int) -> None:
        torch.manual_seed(seed)

    manual_seed_all = manual_seed

    def set_allocator_settings(self, settings: str) -> None:
        pass

    def empty_cache(self) -> None:
        pass

    def get_device_capability(self, device_index: int = 0) -> tuple[None, None]:
        return None, None

    def communication_backend_name(self) -> str:
        return "gloo"

    def visible_devices_envvar(self) -> str:
        return "CUDA_VISIBLE_DEVICES"

    @contextmanager
    def nvtx_range(self, msg: str) -> Iterator[None]:
        yield

    def profiler_start(self) -> None:
        pass

    def profiler_stop(self) -> None:
        pass

    def ray_resource_name(self) -> str:
        # A slot, not a GPU: verl counts only "GPU" and "NPU" (single_controller/ray/base.py:230,
        # vllm_async_server.py:1348), so the profile starts Ray with as many logical slots as training workers.
        return "GPU"

    def ray_noset_envvars(self) -> list[str]:
        return []

    def is_ipc_supported(self) -> bool:
        return False

    def cudart(self) -> None:
        return None
