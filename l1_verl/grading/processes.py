"""Worker processes with a hard limit of time and memory per task; pebble kills and replaces them."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pebble import ProcessExpired, ProcessPool

from l1_verl.grading.forking import LightContext
from l1_verl.grading.worker import WALL_PER_CPU, start

logger = logging.getLogger(__name__)

_ATTEMPTS = 3


class LimitExceeded(Exception):
    """A task ended at its limit of time or memory, or took its worker down with it."""


class WorkerProcesses:
    """Runs functions of ``grading.worker`` in processes that start with the first task.

    Args:
        workers: processes, >= 1.
        timeout: CPU seconds per task; by the clock, ``WALL_PER_CPU`` times as many.
        memory_limit_mb: address space per process in MiB.
    """

    def __init__(self, *, workers: int, timeout: float, memory_limit_mb: int) -> None:
        self._workers, self._timeout, self._memory_limit_mb = workers, timeout, memory_limit_mb
        self._pool: ProcessPool | None = None
        self._running: set[Future[Any]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def call(self, task: Callable[..., Any], *args: Any) -> Any:
        """The result of ``task(*args, timeout)`` in a worker; blocks, and may be called from several threads.

        Raises:
            LimitExceeded: the task was killed at a limit.
            RuntimeError: the workers are closed, or do not start.
        """
        for attempt in range(_ATTEMPTS):
            pool = self._started()
            try:
                return self._result(pool, task, args)
            except TimeoutError:
                raise LimitExceeded(f"no result within {self._timeout * WALL_PER_CPU} s") from None
            except ProcessExpired as error:
                raise LimitExceeded(f"the worker ended with code {error.exitcode}") from None
            except (BrokenProcessPool, CancelledError) as error:
                # A worker that dies between two tasks takes pebble's pool with it, and the replacement of that pool
                # cancels its other tasks: neither says anything about the answer.
                logger.warning("grading workers broke (%r), attempt %d of %d", error, attempt + 1, _ATTEMPTS)
                self._discard(pool)
        raise RuntimeError(
            "grading workers do not start; raise memory_limit_mb if sympy does not fit into it, and see the log"
        )

    def close(self) -> None:
        """Kills the workers; calls in progress end with RuntimeError."""
        with self._lock:
            self._closed = True
            pool = self._pool
        if pool is not None:
            self._discard(pool)

    def _started(self) -> ProcessPool:
        with self._lock:
            if self._closed:
                raise RuntimeError("the grading pool is closed; make a new one to go on grading")
            if self._pool is None:
                context = LightContext()
                # The server warms up once; a killed worker's replacement is a fork away.
                context.set_forkserver_preload(["l1_verl.grading.worker", "l1_verl.grading.warm"])
                self._pool = ProcessPool(
                    max_workers=self._workers,
                    context=context,
                    initializer=start,
                    initargs=(self._memory_limit_mb, os.getpid()),
                )
            return self._pool

    def _result(self, pool: ProcessPool, task: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        with self._lock:
            if self._pool is not pool:
                raise CancelledError("the pool was replaced")
            try:
                future = pool.schedule(task, args=(*args, self._timeout), timeout=self._timeout * WALL_PER_CPU)
            except RuntimeError as error:  # pebble's word for a pool that broke since the last task
                raise BrokenProcessPool(str(error)) from error
            self._running.add(future)
        try:
            return future.result()
        finally:
            with self._lock:
                self._running.discard(future)

    def _discard(self, pool: ProcessPool) -> None:
        with self._lock:
            if self._pool is not pool:
                return
            self._pool = None
            running = list(self._running)
        pool.stop()
        pool.join()
        for future in running:
            future.cancel()
