#!/usr/bin/env bash
# Makes .venv-gpu, the environment for training and evaluating on GPUs: `make setup-gpu`. Interrupted, it goes on.
#
#   PYTHON   a Python 3.12, by default python3.12: the prebuilt flash-attn is for no other
#   NO_GPU   1: this machine has no GPU but shares its disk with one that has, such as a login node
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

refuse() {
    echo "setup-gpu: $1" >&2
    exit 2
}

environment=.venv-gpu
PYTHON=${PYTHON:-python3.12}

[[ $(uname -sm) == "Linux x86_64" ]] || refuse "this is $(uname -sm); the builds are for Linux on x86-64 only"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null ||
    refuse "$PYTHON is not a Python 3.12; install one, or say where it is: make setup-gpu PYTHON=/path/to/python3.12"
if [[ ${NO_GPU:-} != 1 ]]; then
    driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1) || true
    [[ -n $driver ]] || refuse "nvidia-smi finds no GPU; on a login node set NO_GPU=1, without a GPU use make setup"
    # CUDA 13.0 needs this driver or a later one.
    ((${driver%%.*} >= 580)) || refuse "the NVIDIA driver is $driver; CUDA 13 needs 580 or later: update the driver"
fi
if [[ ! -e $environment/.ready ]]; then
    free=$(df --output=avail -BG . | tail -n 1 | tr -dc 0-9)
    ((free >= 25)) || refuse "$PWD has $free GB of free disk; the environment and its downloads take up to 25 GB"
fi

"$PYTHON" -m venv "$environment"
pip=("$environment/bin/python" -m pip install --disable-pip-version-check)
"${pip[@]}" -r requirements/gpu.txt
"${pip[@]}" --no-deps -r requirements/flash-attn.txt ||
    refuse "flash-attn could not be fetched; download the file that requirements/flash-attn.txt names and install it by hand, or train without it (docs/train.md, Without flash-attn)"
"${pip[@]}" --no-deps --no-build-isolation -e .
touch "$environment/.ready"
echo "setup-gpu: ready; source $environment/bin/activate"
