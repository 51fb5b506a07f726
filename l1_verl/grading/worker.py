"""The program of a grading worker: one question a line on stdin, one reply a line on stdout.

It imports sympy once and forks a child, which answers. The kernel ends a child that takes too long or too much memory,
and the worker forks the next one, which has everything loaded. Both end with the process that started the worker.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import signal
import sys
from typing import NoReturn

#: Seconds in wall time for each second of a question's limit of CPU time, so that a busy machine changes no grade.
WALL_PER_CPU = 4.0

_QUESTIONS_PER_CHILD = 2_000  # what sympy keeps in memory goes with the child
_OUT_OF_MEMORY, _REPLACE_ME = 3, 4
_PR_SET_PDEATHSIG = 1


def main(timeout: float, memory_limit_mb: int) -> None:
    """Answers questions until stdin ends.

    Args:
        timeout: CPU seconds a question may take.
        memory_limit_mb: address space of this process and of each child, in MiB.
    """
    _die_with_parent()
    limit = memory_limit_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    from l1_verl.grading import warm  # noqa: F401

    gc.freeze()  # children share what is loaded instead of copying it
    _reply({"ready": os.getpid()})
    while True:
        child = os.fork()
        if child == 0:
            _answer_questions(timeout)
        status = os.waitpid(child, 0)[1]
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGPROF:
            _reply({"limit": f"{timeout:g} s of computing"})
        elif code == -signal.SIGALRM:
            _reply({"limit": f"{timeout * WALL_PER_CPU:g} s in wall time"})
        elif code == _OUT_OF_MEMORY:
            _reply({"limit": "memory or recursion"})
        elif code != _REPLACE_ME:
            sys.exit(
                0 if code == 0 else 1
            )  # the end of stdin; or killed from outside, which says nothing of a question


def _answer_questions(timeout: float) -> NoReturn:
    from l1_verl.grading.grader import is_gradable, verdict

    code = 1
    try:
        _die_with_parent()
        with open(0, "rb", buffering=0, closefd=False) as questions:
            for _ in range(_QUESTIONS_PER_CHILD):
                line = questions.readline()
                if not line:
                    os._exit(0)
                task, *arguments = json.loads(line)
                _set_timers(timeout)
                result = verdict(*arguments) if task == "verdict" else is_gradable(*arguments)
                _set_timers(0)
                _reply({"result": result})
        code = _REPLACE_ME
    except (MemoryError, RecursionError):
        code = _OUT_OF_MEMORY
    except BaseException as error:
        sys.stderr.write(f"grading worker: {error!r}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


def _set_timers(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * WALL_PER_CPU)


def _reply(message: dict[str, object]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
