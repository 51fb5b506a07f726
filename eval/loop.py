"""Runs many samples of a strategy at once.

A strategy is a generator that treats one sample: it yields a request and is sent its completion. The loop keeps as
many of them under way as the engine takes, so that every strategy is batched, however many rounds each sample needs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass

from eval.engines import Completion, Engine, Request
from eval.strategies import Answer, Steps
from eval.tasks import Task
from l1_verl.cli import EngineError


@dataclass
class _Running:
    task: Task
    steps: Generator[Request, Completion, Answer]


def answers(tasks: Iterable[Task], strategy: Callable[..., Steps], engine: Engine) -> Iterator[tuple[Task, Answer]]:
    """Each task with its answer, as they finish.

    When the engine fails on one request, no further task is begun; those under way are still handed out.

    Raises:
        EngineError: the first failure, after everything that could be finished was.
    """
    waiting = iter(tasks)
    running: dict[int, _Running] = {}
    failure: EngineError | None = None
    key = 0
    while True:
        while failure is None and len(running) < engine.capacity and (task := next(waiting, None)) is not None:
            steps = strategy(task, engine.chat)
            running[key] = _Running(task, steps)
            engine.submit(key, next(steps))
            key += 1
        if not running:
            break
        for finished, outcome in engine.poll():
            sample = running[finished]
            if isinstance(outcome, EngineError):
                failure = failure or outcome
                del running[finished]
                continue
            try:
                engine.submit(finished, sample.steps.send(outcome))
            except StopIteration as end:
                del running[finished]
                yield sample.task, end.value
    if failure is not None:
        raise failure
