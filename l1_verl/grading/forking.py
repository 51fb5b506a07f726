"""A multiprocessing context whose processes are forked from a server that never sees the caller's script.

The standard ones run the caller's ``__main__`` in every child. For a grader that is wasteful (a training script
imports torch and verl) and a trap (a script without an ``if __name__ == "__main__"`` guard would run again).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import popen_forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.process import BaseProcess
from typing import Any

_lock = threading.Lock()


class _Popen(popen_forkserver.Popen):
    def _launch(self, process_obj: BaseProcess) -> None:
        with _without_main_file():
            super()._launch(process_obj)  # type: ignore[misc]


class _Process(ForkServerProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        return _Popen(process_obj)


class LightContext(ForkServerContext):
    """``forkserver`` without ``__main__``; what the workers need is imported once, in the server."""

    Process = _Process


@contextmanager
def _without_main_file() -> Iterator[None]:
    """Hides, for the milliseconds of a fork, the two attributes by which multiprocessing finds the script."""
    main = sys.modules["__main__"].__dict__
    with _lock:
        hidden = {name: main.pop(name) for name in ("__spec__", "__file__") if name in main}
        main["__spec__"] = None
        try:
            yield
        finally:
            main.update({"__spec__": None} | hidden)
