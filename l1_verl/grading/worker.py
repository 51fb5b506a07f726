"""What runs inside a worker process: limits first, then one comparison at a time.

Nothing here imports sympy at the top: the parent imports this module too, to name the functions it asks for.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import threading
import time
from typing import Any

from l1_verl.grading.grader import Status, is_gradable, verdict

_GRACE_S = 2.0
# By the clock a comparison may take this many times its limit of CPU seconds, so that a busy machine changes no grade.
WALL_PER_CPU = 4.0
_PARENT_POLL_S = 1.0
_OUT_OF_LIMITS = 1


def start(memory_limit_mb: int, parent: int) -> None:
    """Limits this worker's memory, makes it killable at any moment, and ties its life to its parent's.

    Args:
        memory_limit_mb: address space in MiB.
        parent: the process that owns the pool; the worker's own parent is the fork server.
    """
    limit = memory_limit_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # pebble's handler needs the interpreter, which one long multiplication can hold for minutes.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    threading.Thread(target=_die_with, args=(parent, os.getppid()), daemon=True).start()
    importlib.import_module("l1_verl.grading.warm")  # before the first clock, where the fork server has not done it


def _die_with(parent: int, server: int) -> None:
    # The fork server ends with its parent too, also where nobody has buried that parent yet.
    while os.getppid() == server:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os._exit(0)
        time.sleep(_PARENT_POLL_S)
    os._exit(0)


def judge(answer: str, golds: tuple[str, ...], timeout: float) -> tuple[bool, Status, float]:
    """``grader.verdict`` and the seconds it took; the worker dies at ``timeout`` seconds of CPU time."""
    began = time.perf_counter()
    with _Deadline(timeout):
        correct, status = verdict(answer, golds)
    return correct, status, time.perf_counter() - began


def gradable(gold: Any, answer_type: str, timeout: float) -> bool:
    """``grader.is_gradable``; the worker dies at ``timeout`` seconds of CPU time."""
    with _Deadline(timeout):
        return is_gradable(gold, answer_type)


class _Deadline:
    """The kernel's timers: CPU time is the limit; the clock is for a worker whose parent is not there to kill it."""

    def __init__(self, timeout: float) -> None:
        self._cpu, self._wall = timeout, timeout * WALL_PER_CPU + _GRACE_S

    def __enter__(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, self._cpu)
        signal.setitimer(signal.ITIMER_REAL, self._wall)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        if kind is not None and issubclass(kind, MemoryError | RecursionError):
            os._exit(_OUT_OF_LIMITS)  # having met a limit, it is not trusted with another answer
