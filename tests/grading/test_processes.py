"""Workers end when they should: with the pool, with the script, and with a parent that is killed outright."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil

_SCRIPT = """
import sys, time
import l1_verl.grading
assert not {"torch", "verl", "sympy"} & set(sys.modules), "a heavy import"
pool = l1_verl.grading.GradingPool(workers=2, timeout=60)
print(pool.grade_many([r"\\boxed{1/x}"], ["x^{-1}"], ["math"])[0].correct, flush=True)
"""
_BUSY = """
import threading
import pytest

pytestmark = pytest.mark.slow
threading.Thread(target=pool.grade_many, args=([r"\\boxed{9^{9^{9^9}}}"], ["x"], ["math"])).start()
"""


def _start(script: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process, psutil.Process(process.pid).children(recursive=True)


def _left(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=seconds)[1]


def test_a_script_without_a_main_guard_that_never_closes_its_pool_ends_cleanly() -> None:
    process, children = _start(_SCRIPT)
    assert process.wait(timeout=120) == 0
    assert _left(children, 60) == []


def test_no_worker_outlives_a_parent_killed_while_they_are_idle_or_busy() -> None:
    for work in ("", _BUSY):
        process, children = _start(_SCRIPT + work + "time.sleep(60)")
        assert children
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert _left(children, 60) == []


def test_workers_hold_neither_torch_nor_the_callers_script() -> None:
    process, children = _start("import email.mime.text as caller_only\n" + _SCRIPT + "time.sleep(60)")
    maps = {path.path for child in children for path in child.memory_maps()}
    assert not any("torch" in path or "pyarrow" in path for path in maps)
    process.kill()
    process.wait()
    assert _left(children, 60) == []
