"""Asks a model every problem of a benchmark, many times, under its budgets: parquet in, samples.jsonl out.

    python -m eval.generate --model DIR_OR_HUB_ID --data aime2025.parquet --output samples.jsonl

Samples are written as they finish. The same command again goes on where it was interrupted; a changed one is refused.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from eval.chat import Chat
from eval.engines import Engine
from eval.files import LineLog, Wanted, read_lines, storable
from eval.loop import responses
from eval.model import fingerprint, model_context
from eval.samples import Sample, file_hash, load_rows, samples_of
from eval.strategies import Response, Sampling
from eval.strategies.registry import OPTIONS, STRATEGIES, flag, options_of
from l1_verl import cli
from l1_verl.cli import InputError
from l1_verl.files import content_hash


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parse(arguments)
    rows = [row for path in args.data for row in load_rows(path, args.limit)]
    config = _config(args)
    samples = samples_of(rows, args.samples, content_hash(config), args.seed)
    _refuse_unfit(args, samples)
    _warn_of_budgets(args, samples)
    if args.output.exists():
        _refuse_foreign(args.output)
    with LineLog(args.output, config, overwrite=args.overwrite) as log:
        done = {record["id"] for record in log.records()}
        left = [sample for sample in samples if sample.id not in done]
        wanted, lines = Wanted(args.output), len(done) + len(left)
        refused: list[str] = []
        if left:
            engine, sampling = _engine(args, left, len(done))
            if args.overwrite:
                wanted.forget()
            wanted.note(lines)
            try:
                strategy = partial(STRATEGIES[args.strategy], sampling=sampling)
                _generate(responses(left, strategy, engine, refused), len(left), log, len(done))
            finally:
                engine.close()
        else:
            print(f"{args.output}: all {len(samples):,} samples are there")
        wanted.reached(lines - len(refused))
        if refused:
            wanted.note(lines)
    return cli.tell_unusable("samples were refused and are missing; the same command asks for them again", refused)


def _generate(finished: Iterable[tuple[Sample, Response]], total: int, log: LineLog, done: int) -> None:
    started, tokens, written = time.monotonic(), 0, 0
    with tqdm(total=done + total, initial=done, unit="sample", smoothing=0.05) as bar:
        for sample, response in finished:
            log.append(record_of(sample, response))
            tokens += response.used_tokens
            written += 1
            bar.set_postfix_str(f"{tokens / (time.monotonic() - started):,.0f} tokens/s", refresh=False)
            bar.update()
    seconds = time.monotonic() - started
    print(f"{log.path}: {written:,} samples, {tokens:,} tokens in {seconds:.1f} s ({tokens / seconds:,.0f} tokens/s)")


def record_of(sample: Sample, response: Response) -> dict[str, Any]:
    """The line of samples.jsonl that ``response`` becomes; docs/evaluate.md describes its fields."""
    thinking = response.thinking_tokens
    return {
        "id": sample.id,
        "row_id": sample.row_id,
        "data_source": sample.data_source,
        "budget": None if sample.budget is None else sample.budget.to_dict(),
        "sample": sample.number,
        "problem": sample.messages[-1]["content"],
        "ground_truth": sample.ground_truth,
        "answer_type": sample.answer_type,
        "response": storable(response.text),
        "used_tokens": response.used_tokens,
        "thinking_tokens": thinking,
        "solution_tokens": None if thinking is None else response.used_tokens - thinking,
        "inserted_tokens": response.inserted_tokens,
        "truncated": not response.stopped,
        "rounds": response.rounds,
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m eval.generate",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--model", required=True, help="model folder, hub id, or the server's name for it")
    parser.add_argument("--data", required=True, nargs="+", type=Path, help="parquet files written by data_prep")
    parser.add_argument(
        "--output", required=True, type=Path, help="samples, one per line; its configuration beside it"
    )
    parser.add_argument("--overwrite", action="store_true", help="drop what --output holds and begin anew")
    parser.add_argument("--limit", type=int, help="only the first rows of each benchmark and budget")
    parser.add_argument("--strategy", choices=sorted(STRATEGIES), default="plain")
    parser.add_argument("--samples", type=int, default=16, help="responses per row; more than before adds to the file")
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers")
    drawing = parser.add_argument_group("sampling")
    drawing.add_argument("--temperature", type=float, default=0.6)
    drawing.add_argument("--top-p", type=float, default=0.95)
    drawing.add_argument("--max-tokens", type=int, default=8192, help="most tokens of a response")
    own = parser.add_argument_group("strategy", "options that only some strategies take")
    own.add_argument("--max-budget-multiple", type=float, help="--max-tokens as a multiple of the budget; L1-Exact: 2")
    own.add_argument("--answer-tokens", type=int, help="most tokens of an answer forced at the limit; 32 if not given")
    own.add_argument("--max-waits", type=int, help='most times "Wait" is inserted; 100 if not given')
    own.add_argument("--solution-tokens", type=int, help="most tokens after the thought")
    engine = parser.add_argument_group("engine")
    engine.add_argument("--engine", choices=("vllm", "openai"), default="vllm")
    engine.add_argument("--max-model-len", type=int, help="tokens of prompt and response; default: what is needed")
    engine.add_argument("--tensor-parallel", type=int, default=1, help="vllm: GPUs per copy of the model")
    engine.add_argument("--gpu-memory-utilization", type=float, default=0.9, help="vllm: share of a GPU's memory")
    engine.add_argument("--server", help="openai: base URL, such as one that ends in /v1")
    engine.add_argument("--api-key-env", default="OPENAI_API_KEY", help="openai: variable that holds the key")
    engine.add_argument("--tokenizer", help="openai: the model's tokenizer, for token-exact prompts to `vllm serve`")
    engine.add_argument("--request-timeout", type=float, default=1800.0, help="openai: seconds for one request")
    engine.add_argument("--concurrency", type=int, default=64, help="openai: requests under way at once")
    args = parser.parse_args(arguments)
    _check_ranges(args)
    try:
        vars(args).update(options_of(args.strategy, {name: getattr(args, name) for name in OPTIONS}))
    except ValueError as error:
        raise InputError(str(error)) from None
    return args


def _check_ranges(args: argparse.Namespace) -> None:
    at_least_one = (
        "samples",
        "limit",
        "max_tokens",
        "answer_tokens",
        "solution_tokens",
        "max_model_len",
        "tensor_parallel",
        "concurrency",
    )
    for name in at_least_one:
        value = getattr(args, name)
        if value is not None and value < 1:
            raise InputError(f"{flag(name)} is {value}; it must be >= 1")
    if not 0 <= args.temperature < math.inf:
        raise InputError(f"--temperature is {args.temperature}; it must be >= 0")
    if not args.request_timeout > 0:
        raise InputError(f"--request-timeout is {args.request_timeout}; it must be > 0")
    if not 0 < args.top_p <= 1:
        raise InputError(f"--top-p is {args.top_p}; it must be in (0, 1]")
    if args.max_budget_multiple is not None and not 0 < args.max_budget_multiple < math.inf:
        raise InputError(f"--max-budget-multiple is {args.max_budget_multiple}; it must be > 0")
    if args.solution_tokens is not None and args.solution_tokens >= args.max_tokens:
        raise InputError(
            f"--solution-tokens is {args.solution_tokens}, which leaves no thinking in responses of --max-tokens "
            f"{args.max_tokens}"
        )
    if args.engine == "openai" and not args.server:
        raise InputError("--engine openai needs --server, the base URL of an OpenAI-compatible server")


def _config(args: argparse.Namespace) -> dict[str, Any]:
    """All that decides what a sample can be, and nothing else: neither how many nor how fast."""
    kept = ("strategy", "seed", "limit", "temperature", "top_p", "max_tokens", "max_budget_multiple", "engine")
    config = {name: getattr(args, name) for name in (*kept, *STRATEGIES[args.strategy].options)}
    config |= {"model": args.model, "data": [[path.name, file_hash(path)] for path in args.data]}
    if args.engine == "vllm":
        config["model_hash"] = fingerprint(args.model)
    else:
        config |= {"server": args.server, "tokenizer": args.tokenizer}
    return config


def _refuse_unfit(args: argparse.Namespace, samples: Sequence[Sample]) -> None:
    token_ids = args.engine != "openai" or bool(args.tokenizer)
    complaint = STRATEGIES[args.strategy].complaint(samples, token_ids=token_ids)
    if complaint:
        raise InputError(f"--strategy {args.strategy} {complaint}")


def _warn_of_budgets(args: argparse.Namespace, samples: Sequence[Sample]) -> None:
    """Warns of budgets that no response can reach."""
    longest = min(args.max_tokens, args.max_model_len or args.max_tokens)
    budgets = {sample.budget.tokens for sample in samples if sample.budget is not None}
    above = {tokens for tokens in budgets if tokens > longest}
    if above:
        listed = ", ".join(f"{tokens:,}" for tokens in sorted(above)[:5])
        print(
            f"eval.generate: budgets of {listed} tokens are above the longest response ({longest:,}); raise "
            "--max-tokens or --max-model-len to let them be spent",
            file=sys.stderr,
        )


def _refuse_foreign(path: Path) -> None:
    """A file that is not a samples file is left alone, whatever its name, and with --overwrite too."""
    try:
        first = next(read_lines(path), None)
    except InputError as error:
        raise InputError(f"--output {path} exists and holds no samples ({error}); choose another file") from None
    if first is not None and not {"id", "row_id", "response"} <= first.keys():
        raise InputError(f"--output {path} exists and holds no samples; choose another file")


def _engine(args: argparse.Namespace, samples: Sequence[Sample], done: int) -> tuple[Engine, Sampling]:
    sampling = partial(
        Sampling,
        temperature=args.temperature,
        top_p=args.top_p,
        max_tokens=args.max_tokens,
        **{name: getattr(args, name) for name in STRATEGIES[args.strategy].options},
    )
    if args.engine == "openai":
        from eval.engines.openai_engine import OpenAIEngine

        chat = Chat.load(args.tokenizer) if args.tokenizer else None
        server = OpenAIEngine(
            args.server,
            args.model,
            chat,
            key_variable=args.api_key_env,
            concurrency=args.concurrency,
            timeout=args.request_timeout,
        )
        return server, sampling(context=args.max_model_len or (server.context() if chat else None))
    from eval.engines.vllm_engine import VLLMEngine

    chat = Chat.load(args.model)
    # The samples of a row share their prompt.
    asked = list({(sample.data_source, sample.row_id): sample for sample in samples}.values())
    context = args.max_model_len or _needed_context(args.model, chat, asked, sampling())
    for sample in asked:  # what does not fit is found now, not after an hour
        next(STRATEGIES[args.strategy](sample, chat, sampling=sampling(context=context)))
    engine = VLLMEngine(
        args.model,
        chat,
        context=context,
        tensor_parallel=args.tensor_parallel,
        memory=args.gpu_memory_utilization,
        # What is left after an interruption must not repeat the draws that were made before it.
        seed=int(content_hash([args.seed, done]), 16) % 2**31,
    )
    return engine, sampling(context=engine.context)


def _needed_context(model: str, chat: Chat, samples: Sequence[Sample], sampling: Sampling) -> int | None:
    """The longest prompt and response, but no more than the model has: what a small memory can be asked to hold."""
    own = model_context(model)
    if own is None:
        return None
    needed = 0
    for sample in samples:
        needed = max(needed, len(chat.prompt_of(sample)) + sampling.cap(sample, 0))
    # Room for what a strategy inserts: s1-paper up to a hundred times "Wait".
    return min(own, needed + 256)


if __name__ == "__main__":
    cli.run(main, "eval.generate")
