"""Worker processes that answer questions under hard limits of time and memory."""

from __future__ import annotations

import json
import logging
import os
import queue
import select
import subprocess
import sys
import threading
import time
from typing import Any

from l1_verl.grading.worker import WALL_PER_CPU

logger = logging.getLogger(__name__)

_ATTEMPTS = 2
_START_S = 300.0
_GRACE_S = 5.0
_CLOSED = "the grading pool is closed; make a new one to go on grading"


class LimitExceeded(Exception):
    """A question reached its limit of time or memory, or its process died on it twice."""


class WorkerDied(Exception):
    """A worker ended or stopped without replying to the question."""


class Workers:
    """Worker processes that start with the first question and are replaced when they die.

    A worker ends with the thread that started it (PR_SET_PDEATHSIG), so ask from threads that live as long as this.

    Args:
        workers: processes, >= 1.
        timeout: CPU seconds per question; in wall time, ``WALL_PER_CPU`` times as many.
        memory_limit_mb: address space per process in MiB.
    """

    def __init__(self, *, workers: int, timeout: float, memory_limit_mb: int) -> None:
        self._timeout, self._memory_limit_mb = timeout, memory_limit_mb
        self._slots: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(workers):
            self._slots.put(None)
        self._alive: set[_Worker] = set()
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._closed = False

    def ask(self, *question: Any) -> Any:
        """The reply to ``("verdict", answer, golds)`` or ``("is_gradable", gold, answer_type)``; blocks.

        A worker that is killed or stopped from outside says nothing about its question, which is asked once more.

        Raises:
            LimitExceeded: the question ended at a limit.
            RuntimeError: the workers are closed, belong to the process that this one was forked from, or do not start.
        """
        line = json.dumps(question).encode() + b"\n"
        slot = self._slots.get()
        worker = slot
        try:
            for _ in range(_ATTEMPTS):
                if worker is None:
                    worker = self._start()
                try:
                    reply = worker.ask(line, self._timeout * WALL_PER_CPU + _GRACE_S)
                except WorkerDied as error:
                    logger.warning("a grading worker died (%s); its question is asked once more", error)
                    self._discard(worker)
                    worker = None
                    continue
                if "limit" in reply:
                    raise LimitExceeded(reply["limit"])
                return reply["result"]
            self.check_open()
            raise LimitExceeded(f"its process died {_ATTEMPTS} times")
        finally:
            self._slots.put(worker)

    def close(self) -> None:
        """Ends the workers; questions in progress and later ones raise RuntimeError."""
        self._closed = True
        with self._lock:
            alive, self._alive = self._alive, set()
        for worker in alive:
            worker.end()

    def _start(self) -> _Worker:
        with self._lock:
            self.check_open()
            worker = _Worker(self._timeout, self._memory_limit_mb)
            self._alive.add(worker)
        try:
            worker.wait_until_ready()
        except WorkerDied as error:
            self._discard(worker)
            self.check_open()
            raise RuntimeError(
                f"a grading worker does not start ({error}); see what it wrote above, and raise memory_limit_mb if "
                "sympy does not fit into it"
            ) from None
        return worker

    def check_open(self) -> None:
        """Raises RuntimeError where nothing can be asked any more."""
        if self._closed:
            raise RuntimeError(_CLOSED)
        if os.getpid() != self._owner:
            raise RuntimeError("this grading pool is of the process that this one was forked from; make a new one")

    def _discard(self, worker: _Worker) -> None:
        with self._lock:
            self._alive.discard(worker)
        worker.end()


class _Worker:
    """One process of :mod:`l1_verl.grading.worker`."""

    def __init__(self, timeout: float, memory_limit_mb: int) -> None:
        # By name and with this process's path: the caller's script is not imported, nor its folder searched (-P).
        program = "from l1_verl.grading.worker import main; main(float(sys.argv[1]), int(sys.argv[2]))"
        command = [sys.executable, "-P", "-c", f"import sys; {program}", str(timeout), str(memory_limit_mb)]
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=os.environ | {"PYTHONPATH": path}
        )
        self._said = b""

    def wait_until_ready(self) -> None:
        self._read(_START_S)

    def ask(self, line: bytes, seconds: float) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
        except (BrokenPipeError, ValueError):
            raise WorkerDied("it was gone") from None
        return self._read(seconds)

    def _read(self, seconds: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        output, deadline = self._process.stdout, time.monotonic() + seconds
        while b"\n" not in self._said:
            try:
                if not select.select([output], [], [], max(0.0, deadline - time.monotonic()))[0]:
                    raise WorkerDied(f"no reply within {seconds:g} s")
                part = os.read(output.fileno(), 65_536)
            except (ValueError, OSError):  # closed by another thread
                raise WorkerDied("it was closed") from None
            if not part:
                raise WorkerDied(f"exit code {self._process.wait()}")
            self._said += part
        line, _, self._said = self._said.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def end(self) -> None:
        """Kills the process, and with it the one that answers."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
