"""What the set-up for GPUs refuses before it downloads anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def refused(python: str, **environment: str) -> str:
    done = subprocess.run(
        ["bash", "requirements/setup_gpu.sh"], cwd=ROOT, env=os.environ | {"PYTHON": python} | environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    return done.stderr


@pytest.mark.parametrize("python", ["/no/python", "bash"])
def test_another_python_than_3_12_is_refused(python):
    assert f"setup-gpu: {python} is not a Python 3.12" in refused(python)


@pytest.fixture
def python312(tmp_path):
    """What answers as Python 3.12 does to the one question that is asked of it."""
    file = tmp_path / "python3.12"
    file.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.exit(0)"\n')
    file.chmod(0o755)
    return str(file)


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="this machine has a GPU")
def test_a_machine_without_a_gpu_is_told_of_login_nodes_and_of_the_cpu(python312):
    said = refused(python312)
    assert "NO_GPU=1" in said
    assert "make setup" in said


def test_an_old_driver_is_named(python312, tmp_path):
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 570.86.15\n")
    smi.chmod(0o755)
    said = refused(python312, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert "the NVIDIA driver is 570.86.15; CUDA 13 needs 580 or later" in said


def test_the_environment_is_found_by_hardware_unless_another_is_named(tmp_path):
    def found(hardware: str, **environment: str) -> str:
        command = f'source "{ROOT}/recipes/interpreter.sh"; find_python "{tmp_path}" {hardware}'
        bare = {key: value for key, value in os.environ.items() if key not in ("PYTHON", "VIRTUAL_ENV")}
        return subprocess.run(
            ["bash", "-c", command], env=bare | environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert found("gpu") in ("python", "python3")
    for name in (".venv", ".venv-gpu"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "python").symlink_to(sys.executable)
    assert found("gpu") == f"{tmp_path}/.venv-gpu/bin/python"
    assert found("cpu") == f"{tmp_path}/.venv/bin/python"
    assert found("gpu", VIRTUAL_ENV="/some") in ("python", "python3")
    assert found("gpu", PYTHON="/own/python") == "/own/python"
