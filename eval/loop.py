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
from l1_verl.cli import EngineError, RefusedError


@dataclass
class _Running:
    task: Task
    steps: Generator[Request, Completion, Answer]


# So many refusals and no answer: the run is at fault, and no single request.
_ALL_REFUSED = 20


def answers(
    tasks: Iterable[Task], strategy: Callable[..., Steps], engine: Engine, refused: list[str] | None = None
) -> Iterator[tuple[Task, Answer]]:
    """Each task with its answer, as they finish.

    When the engine fails, no further task is begun; those under way are still handed out. A request that is refused
    costs its own task alone.

    Args:
        tasks: what to ask.
        strategy: (task, chat) -> its requests.
        engine: answers them.
        refused: where complaints about refused tasks go.

    Raises:
        EngineError: the first failure, after everything that could be finished was; or the first twenty requests were
            all refused.
    """
    refused = [] if refused is None else refused
    waiting = iter(tasks)
    running: dict[int, _Running] = {}
    failure: EngineError | None = None
    answered = False
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
                del running[finished]
                if isinstance(outcome, RefusedError):
                    refused.append(f"{sample.task.data_source}, row {sample.task.row_id}: {outcome}")
                if not isinstance(outcome, RefusedError) or (len(refused) >= _ALL_REFUSED and not answered):
                    failure = failure or outcome
                continue
            answered = True
            try:
                engine.submit(finished, sample.steps.send(outcome))
            except StopIteration as end:
                del running[finished]
                yield sample.task, end.value
    if failure is not None:
        raise failure
