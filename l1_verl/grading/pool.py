"""A pool of graders that cannot hang: verdicts by text in the caller, by algebra in processes with hard limits."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, TypeVar, cast

from l1_verl.grading.equivalence.prepare import prepare
from l1_verl.grading.grader import Grade, Status, check_gold, first_pass, gold_answers
from l1_verl.grading.workers import LimitExceeded, Workers

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
Verdict = tuple[bool, Status]
_Question = tuple[str, tuple[str, ...]]

# How far ``grade_many`` reads ahead of the oldest answer that is still being compared.
_READ_AHEAD_PER_WORKER = 64
# How long turns may follow each other before the event loop sees to the rest.
_SLICE_S = 0.005


class GradingPool:
    r"""Grades what a model wrote, in worker processes that are killed at a limit and replaced.

    What text alone decides is decided in the caller; the rest goes to math-verify in a worker. Workers start with the
    first answer that needs one, die with the parent, and import neither torch, nor verl, nor the caller's script. A
    process that is forked from the pool's own must make another: there this one raises RuntimeError.

    Args:
        workers: worker processes, >= 1.
        timeout: seconds of computing per comparison, > 0, after which it is killed and the status is "timeout"; four
            times as many in wall time, for machines that are busy. A row with many golds has as many comparisons.
        memory_limit_mb: address space per worker in MiB, >= 512; beyond it the status is "timeout" as well.
        cache_size: verdicts kept, by (normalised answer, gold), >= 0. A timeout is never kept.

    Attributes:
        counts: responses graded by "exact" text comparison, by "cache" and by "algebra".
        seconds: time spent per outcome, summed over the responses that were not in the cache.

    Raises:
        ValueError: naming the knob, its value and its range.

    Example:
        >>> with GradingPool(workers=2, timeout=5.0) as pool:
        ...     pool.grade_many([r"\boxed{1/\sqrt2}"], [r"\frac{\sqrt2}{2}"], ["math"])[0].correct
        True
    """

    def __init__(
        self, *, workers: int = 1, timeout: float = 5.0, memory_limit_mb: int = 2048, cache_size: int = 65_536
    ) -> None:
        for name, value, least in (
            ("workers", workers, 1),
            ("memory_limit_mb", memory_limit_mb, 512),
            ("cache_size", cache_size, 0),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"grading {name} is {value!r}; it must be a whole number >= {least}")
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < float("inf"):
            raise ValueError(f"grading timeout is {timeout!r}; it must be a finite number of seconds > 0")
        self.timeout = float(timeout)
        self.counts: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._workers = Workers(workers=workers, timeout=self.timeout, memory_limit_mb=memory_limit_mb)
        # A thread waits for each worker, so that the event loop never does.
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="grading")
        self._read_ahead = _READ_AHEAD_PER_WORKER * workers
        self._cache_size = cache_size
        self._cache: OrderedDict[_Question, Verdict] = OrderedDict()
        self._pending: dict[_Question, Future[Verdict]] = {}
        self._lock = threading.Lock()
        self._turns: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None
        self._breath = 0.0

    async def grade(
        self, response: str, gold: Any, answer_type: str = "math", *, require_think_end: bool = False
    ) -> Grade:
        """Grades one response without blocking the event loop; arguments and errors as ``grading.grade``."""
        async with self.turn():
            grading = self.submit(response, gold, answer_type, require_think_end=require_think_end)
        return await grading

    def submit(
        self, response: str, gold: Any, answer_type: str = "math", *, require_think_end: bool = False
    ) -> Coroutine[Any, Any, Grade]:
        """Does the text work now, asks a worker for what is left, and returns what to await for the grade.

        For callers that are in their ``turn`` already; arguments and errors as ``grading.grade``.
        """
        return _awaited(*self._begin(response, gold, answer_type, require_think_end))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn for a few milliseconds of work on one sample, such as decoding it, on the event loop.

        A batch's worth of tasks that are ready at once would otherwise run back to back and hold up everything else
        on the loop; in turns, the loop sees to the rest every few milliseconds.
        """
        loop = asyncio.get_running_loop()
        if self._turns is None or self._turns[0] is not loop:
            self._turns = loop, asyncio.Lock()
        async with self._turns[1]:
            if time.perf_counter() - self._breath > _SLICE_S:
                await asyncio.sleep(0)
                self._breath = time.perf_counter()
            yield

    def grade_many(
        self,
        responses: Sequence[str],
        golds: Sequence[Any],
        answer_types: Sequence[str],
        *,
        require_think_end: bool = False,
        progress: Callable[[int], Any] | None = None,
    ) -> list[Grade]:
        """Grades a list of responses, in order; ``progress`` is called with the number newly done.

        Raises:
            ValueError: lists of different lengths, or as ``grading.grade``.
        """
        questions = zip(responses, golds, answer_types, strict=True)
        return list(self.grade_each(questions, require_think_end=require_think_end, progress=progress))

    def grade_each(
        self,
        questions: Iterable[tuple[str, Any, str]],
        *,
        require_think_end: bool = False,
        progress: Callable[[int], Any] | None = None,
    ) -> Iterator[Grade]:
        """Grades a stream of (response, gold, answer type), in order, reading only a little ahead of what it yields.

        Raises:
            ValueError: as ``grading.grade``.
        """
        waiting: deque[tuple[str | None, Grade | Future[Verdict]]] = deque()
        for response, gold, answer_type in questions:
            waiting.append(self._begin(response, gold, answer_type, require_think_end))
            while waiting and (len(waiting) > self._read_ahead or isinstance(waiting[0][1], Grade)):
                yield _finish(*waiting.popleft(), progress)
        for item in waiting:
            yield _finish(*item, progress)

    def gradable_many(
        self, golds: Sequence[Any], answer_types: Sequence[str], *, progress: Callable[[int], Any] | None = None
    ) -> list[bool]:
        """``grading.is_gradable`` for each gold, under the pool's limits; a gold that exceeds them is not gradable."""
        futures: dict[tuple[tuple[str, ...], str], Future[bool]] = {}
        entries = []
        for gold, answer_type in zip(golds, answer_types, strict=True):
            check_gold(gold, answer_type)
            entry = (tuple(gold_answers(gold)), answer_type)
            if entry not in futures:
                futures[entry] = self._submitted(self._gradable, *entry)
            entries.append(entry)
        return [_with_progress(futures[entry].result(), progress) for entry in entries]

    def close(self) -> None:
        """Ends the workers. Answers that wait for one, and later ones that need one, raise RuntimeError."""
        self._workers.close()
        self._threads.shutdown(wait=True)

    def __enter__(self) -> GradingPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(
        self, response: str, gold: Any, answer_type: str, require_think_end: bool
    ) -> tuple[str | None, Grade | Future[Verdict]]:
        began = time.perf_counter()
        done, answer, golds = first_pass(response, gold, answer_type, require_think_end=require_think_end)
        if done is None:
            return answer, self._ask(str(answer), golds)
        with self._lock:
            self.counts["exact"] += 1
            self.seconds[done.outcome] += time.perf_counter() - began
        return answer, done

    def _ask(self, answer: str, golds: tuple[str, ...]) -> Future[Verdict]:
        """The verdict on a question: known, being worked on for another response of the group, or asked now."""
        question = (prepare(answer), golds)
        with self._lock:
            pending = self._pending.get(question)
            if pending is not None:
                self.counts["cache"] += 1
                return pending
            known = self._cache.get(question)
            if known is None:
                self._pending[question] = self._submitted(self._judge, question, answer)
                self.counts["algebra"] += 1
                return self._pending[question]
            self.counts["cache"] += 1
            self._cache.move_to_end(question)
        future: Future[Verdict] = Future()
        future.set_result(known)
        return future

    def _submitted(self, task: Callable[..., _T], *args: Any) -> Future[_T]:
        self._workers.check_open()
        return self._threads.submit(task, *args)

    def _judge(self, question: _Question, answer: str) -> Verdict:
        began = time.perf_counter()
        correct, status = False, cast(Status, "timeout")
        try:
            correct, status = self._verdict(answer, question[1])
        finally:
            with self._lock:
                self._pending.pop(question, None)
        with self._lock:
            self.seconds[Grade(correct, answer, status).outcome] += time.perf_counter() - began
            if status != "timeout":
                self._cache[question] = correct, status
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return correct, status

    def _verdict(self, answer: str, golds: tuple[str, ...]) -> Verdict:
        """Compares with each gold under limits of its own, until one is the same."""
        found: list[Status] = []
        for gold in golds:
            try:
                correct, status = self._workers.ask("verdict", answer, [gold])
            except LimitExceeded as error:
                logger.info("not compared: %s; answer %.80r, gold %.80r", error, answer, gold)
                correct, status = False, "timeout"
            if correct:
                return True, "ok"
            found.append(status)
        if "timeout" in found:
            return False, "timeout"
        return False, "gold_unparsable" if all(status == "gold_unparsable" for status in found) else "ok"

    def _gradable(self, golds: tuple[str, ...], answer_type: str) -> bool:
        try:
            return bool(self._workers.ask("is_gradable", list(golds), answer_type))
        except LimitExceeded:
            return False


async def _awaited(answer: str | None, outcome: Grade | Future[Verdict]) -> Grade:
    if isinstance(outcome, Grade):
        return outcome
    # Several responses may wait for this verdict: cancelling one of them must not cancel it for the others.
    correct, status = await asyncio.shield(asyncio.wrap_future(outcome))
    return Grade(correct, answer, status)


def _finish(answer: str | None, outcome: Grade | Future[Verdict], progress: Callable[[int], Any] | None) -> Grade:
    if isinstance(outcome, Grade):
        return _with_progress(outcome, progress)
    correct, status = outcome.result()
    return _with_progress(Grade(correct, answer, status), progress)


def _with_progress(result: _T, progress: Callable[[int], Any] | None) -> _T:
    if progress is not None:
        progress(1)
    return result
