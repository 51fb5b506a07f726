"""Batched budget forcing against one prompt at a time: same model, prompts, limits and engine, in one run.

    python -m benchmarks.budget_forcing --model DIR --data FILE.parquet --prompts 64

One at a time is how the authors of L1 ran their baseline: a request, its rounds of "Wait", its answer, the next
prompt. Each side runs ``--repeats`` times in turn, and the medians of tokens per second are compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from eval.chat import Chat
from eval.engines.vllm_engine import VLLMEngine
from eval.loop import responses
from eval.samples import Sample, load_rows, samples_of
from eval.strategies import Sampling
from eval.strategies.registry import STRATEGIES
from l1_verl import cli


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, type=Path, help="parquet rows with budgets")
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--strategy", choices=("s1-wait", "s1-truncate", "s1-paper"), default="s1-wait")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--answer-tokens", type=int, default=8)
    parser.add_argument("--context", type=int, default=512)
    args = parser.parse_args()
    samples = samples_of(load_rows(args.data), 1, "benchmark", seed=0)
    # Evenly over the file, so that every budget in it takes part.
    samples = samples[:: max(1, len(samples) // args.prompts)][: args.prompts]
    engine = VLLMEngine(args.model, Chat.load(args.model), context=args.context)
    sampling = Sampling(context=engine.context, answer_tokens=args.answer_tokens)
    batched = engine.capacity
    speeds: dict[str, list[float]] = {"batched": [], "one at a time": []}
    _run(samples[:8], args.strategy, sampling, engine)  # the first batch pays for allocation
    for _ in range(args.repeats):
        for name, capacity in (("batched", batched), ("one at a time", 1)):
            engine.capacity = capacity
            speeds[name].append(_run(samples, args.strategy, sampling, engine))
    engine.close()
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    ratio = medians["batched"] / medians["one at a time"]
    found = {"prompts": len(samples), "strategy": args.strategy, "tokens_per_second": speeds, "ratio": ratio}
    print(json.dumps(found))


def _run(samples: Sequence[Sample], strategy: str, sampling: Sampling, engine: VLLMEngine) -> float:
    """Tokens per second over all ``samples``."""
    engine.llm.reset_prefix_cache()
    started = time.perf_counter()
    finished = responses(samples, partial(STRATEGIES[strategy], sampling=sampling), engine)
    tokens = sum(response.used_tokens for _, response in finished)
    return tokens / (time.perf_counter() - started)


if __name__ == "__main__":
    cli.run(main, "budget_forcing")
