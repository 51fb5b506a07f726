"""What eval.generate adds to bare ``LLM.generate``: same engine, prompts and greedy tokens, in one run.

    python -m benchmarks.generation_overhead --model DIR --data FILE.parquet --prompts 400

Both sides run in turn ``--repeats`` times; the overhead is the median of the ratios of neighbouring runs. Ours
includes decoding, counting, hashing and writing every sample to disk; bare generation decodes as vLLM does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from eval.chat import Chat
from eval.engines.vllm_engine import VLLMEngine
from eval.files import LineLog
from eval.generate import record_of
from eval.loop import responses
from eval.samples import load_rows, samples_of
from eval.strategies import Sampling
from eval.strategies.plain import plain
from l1_verl import cli


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, type=Path, help="parquet rows of data_prep")
    parser.add_argument("--prompts", type=int, default=400)
    parser.add_argument("--max-tokens", type=int, default=160)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--context", type=int, default=512)
    args = parser.parse_args()
    samples = samples_of(load_rows(args.data), 1, "benchmark", seed=0)[: args.prompts]
    chat = Chat.load(args.model)
    engine = VLLMEngine(args.model, chat, context=args.context)
    sampling = Sampling(temperature=0.0, max_tokens=args.max_tokens, context=engine.context)

    from vllm import SamplingParams

    def bare() -> tuple[float, int]:
        engine.llm.reset_prefix_cache()
        started = time.perf_counter()
        prompts = [{"prompt_token_ids": chat.render(sample.conversation(with_budget=True))} for sample in samples]
        params = SamplingParams(temperature=0.0, max_tokens=args.max_tokens)
        outputs = engine.llm.generate(prompts, params, use_tqdm=False)
        return time.perf_counter() - started, sum(len(output.outputs[0].token_ids) for output in outputs)

    def ours() -> tuple[float, int]:
        engine.llm.reset_prefix_cache()
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            tokens = 0
            with LineLog(Path(folder) / "samples.jsonl", {}) as log:
                for sample, response in responses(samples, partial(plain, sampling=sampling), engine):
                    log.append(record_of(sample, response))
                    tokens += response.used_tokens
            return time.perf_counter() - started, tokens

    bare()  # the first batch pays for allocation
    seconds: dict[str, list[float]] = {"bare": [], "ours": []}
    counts: dict[str, int] = {}
    for _ in range(args.repeats):
        for name, run in (("bare", bare), ("ours", ours)):
            spent, counts[name] = run()
            seconds[name].append(spent)
    engine.close()
    ratios = [ours / bare for ours, bare in zip(seconds["ours"], seconds["bare"], strict=True)]
    overhead = statistics.median(ratios) - 1
    print(json.dumps({"prompts": len(samples), "tokens": counts, "seconds": seconds, "overhead": overhead}))


if __name__ == "__main__":
    cli.run(main, "generation_overhead")
