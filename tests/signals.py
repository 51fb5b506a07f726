"""What tests that interrupt a process need."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any


def hear_interrupts() -> None:
    """For ``preexec_fn``: a job that a shell starts in the background ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def kill_when(ready: Callable[[], bool], command: list[str], **popen: Any) -> str:
    """Starts ``command``, kills it with SIGKILL as soon as ``ready``, and returns what it had printed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **popen)
    deadline = time.monotonic() + 120
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    return process.communicate()[0]
