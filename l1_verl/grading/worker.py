"""The program of a grading worker: one question a line on stdin, one reply a line on stdout.

It imports sympy once and forks a child for each question. The kernel ends a child that takes too long or too much
memory; that costs no new start, and nothing of it stays in memory. The worker ends when its stdin does, as it does
whenever the process that started it ends, and takes a question in progress with it.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import select
import signal
import sys
from typing import Any, NoReturn

#: Seconds by the clock for each second of a question's limit of CPU time, so that a busy machine changes no grade.
WALL_PER_CPU = 4.0

_OUT_OF_LIMITS = 3
_PR_SET_PDEATHSIG = 1


def main(timeout: float, memory_limit_mb: int) -> None:
    """Answers questions until stdin ends.

    Args:
        timeout: CPU seconds a question may take.
        memory_limit_mb: address space of this process and of each child, in MiB.
    """
    limit = memory_limit_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end closes stdin
    from l1_verl.grading import warm  # noqa: F401

    gc.freeze()  # what is warm is shared with the children instead of copied
    _reply({"ready": os.getpid()})
    for line in sys.stdin.buffer:
        _reply(_ask_child(line, timeout))


def _reply(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _ask_child(line: bytes, timeout: float) -> dict[str, Any]:
    """``{"result": ...}``; ``{"limit": why}`` where the child ended at its own limit; ``{"died": why}`` otherwise."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(line, writer, timeout)
    os.close(writer)
    said = bytearray()
    while True:
        ready = select.select([reader, sys.stdin], [], [])[0]
        if reader not in ready:  # nothing is asked before a reply: this is the end of stdin
            os.kill(child, signal.SIGKILL)
            os._exit(0)
        part = os.read(reader, 65_536)
        if not part:
            break
        said += part
    os.close(reader)
    status = os.waitpid(child, 0)[1]
    if status == 0 and said:
        return {"result": json.loads(said)}
    ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if ended_by == signal.SIGPROF or (os.WIFEXITED(status) and os.WEXITSTATUS(status) == _OUT_OF_LIMITS):
        return {"limit": "memory or recursion" if not ended_by else f"{timeout:g} s of computing"}
    return {"died": f"signal {ended_by}" if ended_by else f"code {os.waitstatus_to_exitcode(status)}"}


def _answer(line: bytes, writer: int, timeout: float) -> NoReturn:
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.setitimer(signal.ITIMER_PROF, timeout)
        signal.setitimer(signal.ITIMER_REAL, timeout * WALL_PER_CPU)
        from l1_verl.grading.grader import is_gradable, verdict

        task, *arguments = json.loads(line)
        result = verdict(*arguments) if task == "verdict" else is_gradable(*arguments)
        os.write(writer, json.dumps(result).encode())
        code = 0
    except (MemoryError, RecursionError):
        code = _OUT_OF_LIMITS
    except BaseException as error:
        sys.stderr.write(f"grading worker: {error!r} on {line[:500]!r}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)
