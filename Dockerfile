# The GPU environment as an image: docker build -t l1_verl . && docker run --gpus all --shm-size 32g -it l1_verl
# The image of CUDA brings nvcc, which vLLM's faster sampler compiles with. Not built by this project, which has no GPU.
FROM nvidia/cuda:13.0.2-devel-ubuntu24.04

RUN apt-get update && apt-get install -y --no-install-recommends git make python3.12 python3.12-dev python3.12-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /l1_verl
COPY . .
RUN NO_GPU=1 make setup-gpu && rm -rf /root/.cache/pip

ENV VIRTUAL_ENV=/l1_verl/.venv-gpu PATH=/l1_verl/.venv-gpu/bin:$PATH
