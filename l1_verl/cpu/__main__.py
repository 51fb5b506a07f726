"""The command ``vllm`` for its CPU build, where it does not start by itself: ``python -m l1_verl.cpu serve FOLDER``.

vLLM's command asks for the version of a distribution called "vllm" (vllm/entrypoints/cli/main.py:83).
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # Compiling takes longer than a small model gains from it.
    os.environ.setdefault("TORCH_COMPILE_DISABLE", "1")
    # GiB of key-value cache; vLLM otherwise takes 40 % of the machine's memory.
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")

    from vllm.entrypoints.cli.main import main

    sys.argv[0] = "vllm"
    if "serve" in sys.argv and not any("enable-chunked-prefill" in argument for argument in sys.argv):
        # A request with a seed whose prompt is read in two parts ends the whole server: vLLM then sets the seed's
        # generator back, which torch's generator on CPU cannot do (vllm/v1/worker/gpu_model_runner.py).
        sys.argv.append("--no-enable-chunked-prefill")
    main()
