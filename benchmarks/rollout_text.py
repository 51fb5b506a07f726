"""What it saves that vLLM makes no text of rollouts, which verl never reads: same engine and requests, in one run.

    python -m benchmarks.rollout_text --model DIR

Every request is asked as verl asks it: token ids, log-probs, and an output for each token. Both sides run in turn
``--repeats`` times; seconds are those of each run, the ratio is that of neighbouring runs: median, least and most.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from typing import Any

# Requests that differ in their last token, so that no prompt is another's.
_PROMPT = 40
SIDES: dict[str, dict[str, Any]] = {"text": {}, "tokens alone": {"detokenize": False}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rollout_text", description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="model folder or hub id")
    parser.add_argument("--requests", type=int, default=256, help="under way at once")
    parser.add_argument("--tokens", type=int, default=128, help="of each response")
    parser.add_argument("--repeats", type=int, default=5)
    seconds = asyncio.run(_measured(parser.parse_args()))
    ratios = [alone / text for text, alone in zip(seconds["text"], seconds["tokens alone"], strict=True)]
    ratio = {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
    print(json.dumps({"seconds": seconds, "ratio": ratio}))


async def _measured(args: argparse.Namespace) -> dict[str, list[float]]:
    import torch

    if not torch.cuda.is_available():
        import l1_verl.cpu  # noqa: F401  # vLLM's CPU build goes by another name
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    engine = AsyncLLM.from_engine_args(
        AsyncEngineArgs(
            model=args.model,
            enforce_eager=True,
            max_model_len=_PROMPT + args.tokens + 1,
            max_num_seqs=args.requests,
            gpu_memory_utilization=0.1,
            logprobs_mode="processed_logprobs",
        )
    )
    await _wave(engine, args, {})  # the first one pays for allocation
    seconds: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(args.repeats):
        for name, more in SIDES.items():
            began = time.perf_counter()
            await _wave(engine, args, more)
            seconds[name].append(round(time.perf_counter() - began, 2))
    engine.shutdown()
    return seconds


async def _wave(engine: Any, args: argparse.Namespace, more: dict[str, Any]) -> None:
    from vllm import SamplingParams

    async def ask(number: int) -> None:
        params = SamplingParams(max_tokens=args.tokens, ignore_eos=True, temperature=1.0, logprobs=0, **more)
        prompt = {"prompt_token_ids": [5] * _PROMPT + [number % 200]}
        async for _ in engine.generate(prompt, params, request_id=f"{number}-{time.monotonic_ns()}"):
            pass

    await asyncio.gather(*(ask(number) for number in range(args.requests)))


if __name__ == "__main__":
    main()
