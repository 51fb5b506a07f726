"""The real trainer on a model with random weights: what happens is real, only the answers are nonsense."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from l1_verl.budget import Budget
from recipes.tiny.arithmetic import split
from recipes.tiny.data import EVAL_BUDGETS, write_benchmark, write_training
from recipes.tiny.pretrain import new_model
from tests.signals import hear_interrupts

ROOT = Path(__file__).parents[2]
# A step of seconds instead of the profile's 15.
SMALL = (
    "data.train_batch_size=4", "actor_rollout_ref.actor.ppo_mini_batch_size=4", "actor_rollout_ref.rollout.n=4",
    "data.max_response_length=64", "actor_rollout_ref.rollout.max_model_len=128",
)  # fmt: skip
# Has the actor compute its own probabilities, so that training/rollout_probs_diff_max compares them with vLLM's.
COMPARED = "algorithm.rollout_correction.bypass_mode=false"
# Budgets that runs of several models share, so that what they were asked can be compared.
BUDGETS = ("data.budget.low=8", "data.budget.high=40")
LCPO = "actor_rollout_ref.rollout.custom.lcpo"
MARKER = "L1_VERL_TEST_RUN"


def make_home(home: Path, save_model: Callable[[Path], None]) -> Path:
    """A folder as recipes.tiny.build makes it: ``data/``, and in ``base/`` what ``save_model`` writes."""
    training, held_out = split(0, 600)
    write_training(home / "data" / "train.parquet", training)
    write_benchmark(home / "data" / "validation.parquet", held_out[:3], [Budget("exact", n) for n in EVAL_BUDGETS])
    save_model(home / "base")
    return home


@pytest.fixture(scope="session")
def tiny(tmp_path_factory, tokenizer) -> Path:
    """The embedded model, untrained."""

    def save(folder: Path) -> None:
        new_model(tokenizer, 0).save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    return make_home(tmp_path_factory.mktemp("tiny"), save)


class Run:
    """A trainer under way, in a process group of its own."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str]) -> None:
        self.log, self.marker = log, uuid.uuid4().hex
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | environment | {MARKER: self.marker, "PYTHON": sys.executable},
                start_new_session=True,
                preexec_fn=hear_interrupts,
            )

    def wait(self, seconds: float = 1200) -> str:
        """The log of a run that must end well."""
        try:
            code = self.process.wait(seconds)
        finally:
            self.end()
        text = self.log.read_text(errors="replace")
        assert code == 0, text[-6000:]
        return text

    def wait_for(self, file: Path, text: str, seconds: float = 900) -> None:
        """Until ``file`` contains ``text``; fails at once where the run ends before."""
        self.wait_until(
            lambda: file.is_file() and text in file.read_text(errors="replace"), f"{text!r} in {file}", seconds
        )

    def wait_until(self, true: Callable[[], bool], what: str, seconds: float = 900) -> None:
        """Until ``true()`` is; fails at once where the run ends before."""
        deadline = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-6000:]
            assert time.monotonic() < deadline, f"no {what} after {seconds} s"
            time.sleep(0.2)

    def interrupt(self) -> None:
        """Ctrl-C, which a terminal sends to the whole foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(90)

    def kill(self) -> None:
        """kill -9 of the trainer's own process, as an out-of-memory killer would."""
        trainers = [p for p in self.left() if "verl.trainer.main_ppo" in " ".join(p.cmdline())]
        assert trainers, "no trainer to kill"
        for trainer in trainers:
            trainer.kill()
        self.process.wait(90)

    def left(self) -> list[psutil.Process]:
        """Processes of this run that live, wherever they went."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and self._owns(process):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def _owns(self, process: psutil.Process) -> bool:
        """By the session that the run began, or by its mark, which vLLM and Ray wipe out as they set their titles."""
        return os.getsid(process.pid) == self.process.pid or process.environ().get(MARKER) == self.marker

    def left_after(self, seconds: float) -> list[str]:
        """What still lives ``seconds`` later."""
        deadline = time.monotonic() + seconds
        while self.left() and time.monotonic() < deadline:
            time.sleep(0.5)
        return [" ".join(process.cmdline())[:200] for process in self.left()]

    def end(self) -> None:
        for process in self.left():
            process.kill()


@contextmanager
def starting(
    home: Path, logs: Path, settings: Sequence[str] = SMALL, **environment: str
) -> Iterator[Callable[..., Run]]:
    """Starts recipes on the model and data of ``home``; whatever is left of them dies at the end."""
    runs = []

    def start_(recipe: str, folder: Path, *overrides: str) -> Run:
        knobs = {
            "PROFILE": "tiny",
            "MODEL_PATH": str(home / "base"),
            "TRAIN_FILE": str(home / "data" / "train.parquet"),
            "VAL_FILES": str(home / "data" / "validation.parquet"),
            "CKPTS_DIR": str(folder),
        }
        command = ["bash", str(ROOT / "recipes" / recipe), COMPARED, *settings, *overrides]
        runs.append(Run(command, logs / f"{folder.name}.log", knobs | environment))
        return runs[-1]

    try:
        yield start_
    finally:
        for run in runs:
            run.end()


@pytest.fixture
def start(tiny, tmp_path):
    """Starts a recipe; whatever is left of it dies with the test."""
    with starting(tiny, tmp_path) as start_:
        yield start_


@pytest.fixture(scope="session")
def uninterrupted(tiny, tmp_path_factory) -> tuple[Path, str]:
    """Folder and log of a run of three steps."""
    logs = tmp_path_factory.mktemp("whole")
    folder = logs / "run"
    with starting(tiny, logs) as start:
        run = start(
            "run_l1_exact.sh", folder, *BUDGETS, "trainer.total_training_steps=3", "trainer.save_freq=1",
            "trainer.test_freq=3", f"trainer.rollout_data_dir={folder / 'rollouts'}",
        )  # fmt: skip
        log = run.wait()
        assert run.left_after(20) == []
    return folder, log


def jsonl(file: Path) -> list[dict]:
    """The records of a file. A record may hold line separators of Unicode, at which ``str.splitlines`` cuts too."""
    with file.open(encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def steps(folder: Path) -> dict[int, dict[str, float]]:
    """Metrics by step, of all starts of a run."""
    entries = [entry for file in sorted((folder / "metrics").glob("*.jsonl")) for entry in jsonl(file)]
    return {entry["step"]: entry["data"] for entry in entries}


def rollouts(folder: Path, step: int) -> list[dict]:
    return jsonl(folder / f"{step}.jsonl")


def asked(folder: Path, step: int) -> Counter[str]:
    """Problems and budgets of a step, how often each; the order within a step is the rollout's own."""
    text = re.compile(r"What is .*?Think for (?:maximum )?\d+ tokens\.", re.DOTALL)
    return Counter(text.search(sample["input"])[0] for sample in rollouts(folder, step))


def budget_of(prompt: str) -> int:
    return int(re.search(r"Think for (?:maximum )?(\d+) tokens\.", prompt).group(1))
