"""What tests that interrupt a process need."""

from __future__ import annotations

import signal


def hear_interrupts() -> None:
    """For ``preexec_fn``: a job that a shell starts in the background ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
