"""The pool where verl's reward managers live: inside a Ray actor, with its event loop, and with its sudden death."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from l1_verl.grading import Grade, GradingPool

pytestmark = pytest.mark.slow

ray = pytest.importorskip("ray")

# Ray gives up on its own processes after a minute, which on a busy machine is too soon.
_PATIENCE = {"RAY_raylet_start_wait_time_s": "600", "RAY_worker_register_timeout_seconds": "600"}
_ANSWERS = {r"\frac{1}{\sqrt{2}}": "ok", r"\frac{\sqrt{2}}{2}": "ok", r"\sqrt{3}": "ok", "9^{9^{9^9}}": "timeout"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray of our own, of which nothing is left when the tests of this module are done."""
    before = set(psutil.Process().children(recursive=True))
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder,
    ):
        for name, value in _PATIENCE.items():
            patch.setenv(name, value)
        patch.delenv("RAY_ADDRESS", raising=False)
        # A folder with a short name, as sockets lie in it.
        ray.init(num_cpus=1, include_dashboard=False, _temp_dir=folder, object_store_memory=80 * 2**20)
        started = set(psutil.Process().children(recursive=True)) - before
        yield
        ray.shutdown()
        assert psutil.wait_procs(started, timeout=60)[1] == []


def _start_grader() -> Any:
    @ray.remote(num_cpus=1)
    class Grader:
        """By value: the actor's process cannot import this module."""

        def __init__(self) -> None:
            self.pool = GradingPool(workers=2, timeout=1.0)

        async def grade(self, answers: list[str], gold: str) -> list[Grade]:
            return list(await asyncio.gather(*(self.pool.grade(f"\\boxed{{{answer}}}", gold) for answer in answers)))

        async def processes(self) -> list[int]:
            """This actor, its workers, and what these forked."""
            return [os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))]

        async def close(self) -> None:
            self.pool.close()

    return Grader.remote()


def test_an_actor_grades_answers_times_one_out_and_closes_its_pool(cluster: None) -> None:
    grader = _start_grader()
    grades = ray.get(grader.grade.remote(list(_ANSWERS), r"\frac{\sqrt2}{2}"))
    assert [grade.status for grade in grades] == list(_ANSWERS.values())
    assert [grade.correct for grade in grades] == [True, True, False, False]
    _, *children = map(psutil.Process, ray.get(grader.processes.remote()))
    workers = [child for child in children if "l1_verl.grading.worker" in " ".join(child.cmdline())]
    assert workers
    ray.get(grader.close.remote())
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    ray.kill(grader)
    assert psutil.wait_procs(children, timeout=60)[1] == []


def test_no_worker_outlives_an_actor_that_is_killed_in_the_middle_of_an_answer(cluster: None) -> None:
    grader = _start_grader()
    assert ray.get(grader.grade.remote([r"1/\sqrt2"], r"\frac{\sqrt2}{2}"))[0].correct
    actor, *children = map(psutil.Process, ray.get(grader.processes.remote()))
    assert children
    pending = grader.grade.remote(["9^{9^{9^9}}"], "x")
    actor.send_signal(signal.SIGKILL)
    assert psutil.wait_procs(children, timeout=60)[1] == []
    with pytest.raises(ray.exceptions.RayActorError):
        ray.get(pending)
