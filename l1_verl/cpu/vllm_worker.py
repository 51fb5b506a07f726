"""Weight sync into vLLM's CPU worker (``rollout.engine_kwargs.vllm.worker_extension_cls``)."""

from __future__ import annotations

from typing import Any

import torch
from verl.workers.rollout.vllm_rollout.bucketed_weight_transfer import BucketedWeightReceiver
from verl.workers.rollout.vllm_rollout.utils import vLLMColocateWorkerExtension


class CPUWorkerExtension(vLLMColocateWorkerExtension):
    """verl's worker extension, loading weights through vLLM's own reload.

    vLLM's CPU linears keep only a repacked weight (vllm/model_executor/layers/linear.py:215), which verl's plain
    ``load_weights`` cannot write to.
    """

    model_runner: Any

    def update_weights_from_ipc(
        self, peft_config: Any = None, base_sync_done: bool = False, use_shm: bool = False
    ) -> None:
        """Takes the trainer's weights.

        Raises:
            NotImplementedError: the trainer sends LoRA adapters.
        """
        if peft_config is not None:
            raise NotImplementedError("LoRA weights cannot be synchronised on CPU; set model.lora_rank=0")
        weights: list[tuple[str, torch.Tensor]] = []
        receiver = BucketedWeightReceiver(zmq_handle=self._get_zmq_handle(), device=self.device, use_shm=use_shm)
        # The received tensors are views of the sender's shared memory, which it reuses: hence the clones.
        receiver.receive_weights(lambda bucket, is_last: weights.extend((name, t.clone()) for name, t in bucket))
        self.model_runner.reload_weights(weights_iterator=iter(weights))
