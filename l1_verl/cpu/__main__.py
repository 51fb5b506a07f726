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
    main()
