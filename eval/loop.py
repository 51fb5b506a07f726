"""Runs many samples of a strategy at once.

A strategy is a generator that treats one sample: it yields a request and is sent its completion. The loop keeps as
many of them under way as the engine takes, so that every strategy is batched, however many rounds each sample needs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass

from eval.engines import Completion, Engine, Request
from eval.samples import Sample
from eval.strategies import Response, Steps
from l1_verl.cli import EngineError, RefusedError


@dataclass
class _Running:
    sample: Sample
    steps: Generator[Request, Completion, Response]


# So many refusals and no answer: the run is at fault, and no single request.
_ALL_REFUSED = 20


def responses(
    samples: Iterable[Sample], strategy: Callable[..., Steps], engine: Engine, refused: list[str] | None = None
) -> Iterator[tuple[Sample, Response]]:
    """Each sample with its response, as they finish.

    When the engine fails, no further sample is begun; those under way are still handed out. A request that is refused
    costs its own sample alone.

    Args:
        samples: what to ask.
        strategy: (sample, chat) -> its requests.
        engine: answers them.
        refused: where complaints about refused samples go.

    Raises:
        EngineError: the first failure, after everything that could be finished was; or the first twenty requests were
            all refused.
    """
    refused = [] if refused is None else refused
    waiting = iter(samples)
    running: dict[int, _Running] = {}
    failure: EngineError | None = None
    answered = False
    key = 0
    while True:
        while failure is None and len(running) < engine.capacity and (sample := next(waiting, None)) is not None:
            steps = strategy(sample, engine.chat)
            running[key] = _Running(sample, steps)
            engine.submit(key, next(steps))
            key += 1
        if not running:
            break
        for finished, outcome in engine.poll():
            mine = running[finished]
            if isinstance(outcome, EngineError):
                del running[finished]
                if isinstance(outcome, RefusedError):
                    refused.append(f"{mine.sample.data_source}, row {mine.sample.row_id}: {outcome}")
                if not isinstance(outcome, RefusedError) or (len(refused) >= _ALL_REFUSED and not answered):
                    failure = failure or outcome
                continue
            answered = True
            try:
                engine.submit(finished, mine.steps.send(outcome))
            except StopIteration as end:
                del running[finished]
                yield mine.sample, end.value
    if failure is not None:
        raise failure
