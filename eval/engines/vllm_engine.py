"""vLLM in this process: on a GPU, or on the CPU where there is none."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import Any

from eval.chat import Chat
from eval.engines import Completion, Request
from l1_verl.cli import EngineError, InputError


class VLLMEngine:
    """vLLM's own scheduler, fed sample by sample so that finished ones can be written at once.

    Args:
        model: model folder or hub id.
        chat: its tokenizer.
        context: most tokens of a prompt and its response together; None for the model's own limit.
        tensor_parallel: GPUs that one copy of the model is spread over.
        memory: share of the GPU's memory that vLLM takes; unused on the CPU.
        seed: of the engine's one random stream. The seeds of requests are not used: vLLM leaves its fast sampler for
            them on a GPU, and on the CPU cannot chunk a prompt that has one.

    Raises:
        InputError: vLLM is missing or cannot load the model.
    """

    chat: Chat

    def __init__(
        self,
        model: str,
        chat: Chat,
        *,
        context: int | None = None,
        tensor_parallel: int = 1,
        memory: float = 0.9,
        seed: int = 0,
    ) -> None:
        self.chat = chat
        hardware = _hardware(tensor_parallel, memory)
        try:
            from vllm import LLM
        except ImportError as error:
            raise InputError(f"vLLM cannot be imported ({error}); install it or use --engine openai") from None
        try:
            self.llm = LLM(model=model, max_model_len=context, seed=seed, enable_prefix_caching=True, **hardware)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(f"vLLM cannot load {model}: {str(error).strip().splitlines()[-1]}") from error
        self._engine = self.llm.llm_engine
        config = self._engine.vllm_config
        self.context: int = config.model_config.max_model_len
        # A second set waits for the first to finish. More would put continuations, which queue at the end, far from
        # the cached prefix that they go on from.
        self.capacity = 2 * config.scheduler_config.max_num_seqs

    def submit(self, key: int, request: Request) -> None:
        try:
            self._engine.add_request(str(key), {"prompt_token_ids": list(request.prompt)}, self._params(request))
        except _failures() as error:
            raise EngineError(_stopped(error)) from error

    def poll(self) -> list[tuple[int, Completion | EngineError]]:
        while True:
            try:
                outputs = self._engine.step()
            except _failures() as error:
                raise EngineError(_stopped(error)) from error
            finished: list[tuple[int, Completion | EngineError]] = [
                (int(output.request_id), _completion(output.outputs[0])) for output in outputs if output.finished
            ]
            if finished:
                return finished

    def close(self) -> None:
        self._engine.engine_core.shutdown()

    def _params(self, request: Request) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(
            max_tokens=request.max_tokens,
            min_tokens=request.min_tokens,
            temperature=request.temperature,
            top_p=request.top_p,
            stop_token_ids=list(request.stop_token_ids),
            stop=list(request.stop),
            # Text is decoded once per sample by the strategy; vLLM needs it only to look for a stop.
            detokenize=bool(request.stop),
            output_kind=RequestOutputKind.FINAL_ONLY,
        )


def _failures() -> tuple[type[Exception], ...]:
    """A failure in this process is a RuntimeError; the death of vLLM's engine process is not."""
    from vllm.v1.engine.exceptions import EngineDeadError

    return RuntimeError, EngineDeadError


def _stopped(error: Exception) -> str:
    return f"vLLM stopped: {' '.join(str(error).split())}"


def _completion(output: Any) -> Completion:
    ids = list(output.token_ids)
    return Completion(len(ids), ids, None, stopped=output.finish_reason == "stop")


def _hardware(tensor_parallel: int, memory: float) -> dict[str, Any]:
    """Arguments for the machine at hand; the CPU needs settings in the environment before vLLM is imported."""
    # torch otherwise asks CUDA itself, after which the engine's process, forked from this one, cannot use it.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    import torch

    if torch.cuda.is_available():
        toolkit = shutil.which("nvcc") is not None or "CUDA_HOME" in os.environ
        if not toolkit or importlib.util.find_spec("flashinfer") is None:
            # vLLM's default sampler for top_p is FlashInfer's, which compiles a kernel with the CUDA toolkit.
            os.environ.setdefault("VLLM_USE_FLASHINFER_SAMPLER", "0")
        return {"tensor_parallel_size": tensor_parallel, "gpu_memory_utilization": memory}
    # vLLM's CPU package otherwise loads its AVX512 build; inductor compiles for half a minute; and the cache
    # would take 40 % of the machine's memory. One process: a killed run leaves no engine behind.
    for name, value in (
        ("VLLM_TARGET_DEVICE", "cpu"),
        ("TORCH_COMPILE_DISABLE", "1"),
        ("VLLM_CPU_KVCACHE_SPACE", "1"),
        ("VLLM_ENABLE_V1_MULTIPROCESSING", "0"),
        ("VLLM_LOGGING_LEVEL", "ERROR"),
    ):
        os.environ.setdefault(name, value)
    return {"dtype": "float32", "enforce_eager": True}
