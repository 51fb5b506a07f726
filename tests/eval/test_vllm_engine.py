"""What vLLM is told about the machine before it starts."""

from __future__ import annotations

import os
import subprocess
import sys

_ASK = "import os; from eval.engines.vllm_engine import _hardware; _hardware(1, 0.5); print(*os.environ)"


def test_a_gpu_is_looked_for_without_starting_cuda_since_the_engine_is_forked():
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTORCH", "VLLM"))}
    asked = subprocess.run([sys.executable, "-c", _ASK], env=environment, capture_output=True, text=True, check=True)
    # torch reads it where it looks for a GPU; without it CUDA is started, and a forked process cannot use it.
    assert "PYTORCH_NVML_BASED_CUDA_CHECK" in asked.stdout
