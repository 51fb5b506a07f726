# Thin names for the commands that the README explains. Everything goes into .venv and outputs/.
# PYTHON is the interpreter that .venv is made with.
PYTHON ?= python3
PYTHON_GPU := $(if $(filter command environment,$(origin PYTHON)),$(PYTHON),python3.12)
BIN := $(CURDIR)/.venv/bin
READY := .venv/.ready

.PHONY: help setup setup-gpu train train-max train-smollm2 eval test test-fast test-compat lint

help:
	@echo 'make setup      virtual environment in .venv (the others do it by themselves)'
	@echo 'make setup-gpu  environment for GPUs in .venv-gpu'
	@echo 'make train      build the embedded model, train it with LCPO-Exact, report before and after'
	@echo 'make train-max  after it: L1-Max from the trained model, with its own report'
	@echo 'make train-smollm2  a real model of 135M parameters on GSM8K; many hours, and it goes on where it was stopped'
	@echo 'make eval       the evaluation protocol at the size of the embedded model'
	@echo 'make test       all tests, the real trainer included'
	@echo 'make test-fast  those that need neither trainer, engine nor network'
	@echo 'make test-compat  reward manager and data set on every verl that docs/install.md names; the grader with TRL'
	@echo 'make lint       ruff, mypy, shellcheck'

setup: $(READY)

$(READY): requirements/cpu.txt setup.py
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v not in ((3, 11), (3, 12)) and f"Python {v[0]}.{v[1]} found; 3.11 or 3.12 is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check setuptools==77.0.3 torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/cpu.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

setup-gpu:
	PYTHON=$(PYTHON_GPU) bash requirements/setup_gpu.sh

train: $(READY)
	PYTHON=$(BIN)/python bash recipes/tiny/train.sh

train-max: $(READY)
	PYTHON=$(BIN)/python bash recipes/tiny/train_max.sh

train-smollm2: $(READY)
	PYTHON=$(BIN)/python bash recipes/smollm2/train.sh

eval: $(READY)
	PYTHON=$(BIN)/python bash eval/run_tiny.sh

# A run of the trainer takes the whole machine; the other tests share it.
test: $(READY)
	@failed=0; \
	$(BIN)/python -m pytest -n auto --maxprocesses 4 -m 'not end_to_end' || failed=1; \
	$(BIN)/python -m pytest -m end_to_end || failed=1; \
	exit $$failed

test-fast: $(READY)
	$(BIN)/python -m pytest l1_verl tests/*.py tests/data_prep tests/grading -m 'not end_to_end and not slow'

test-compat: $(READY)
	$(BIN)/python tests/compat.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/shellcheck -x recipes/*.sh recipes/*/*.sh eval/*.sh requirements/*.sh .ci/run
