"""Does a server keep a cap on the thought? Requests of many kinds, and a table of what became of them.

    python -m eval.conformance --server http://localhost:8000/v1 --tokenizer MODEL

Exit code 0 where every cap was kept and every answer was there, 1 where not, so that it fits into a test of a
deployment. Faults that it finds: caps that are ignored, or kept only with a penalty set; answers left empty; a thought
that begins again after its end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI, OpenAIError

from eval.convert.recount import load_tokenizer
from eval.dialects import DIALECTS, Reply, ask
from l1_verl import cli
from l1_verl.budget import Budget, with_budget
from l1_verl.cli import EngineError, InputError
from l1_verl.data import math_problem
from l1_verl.files import write_whole
from l1_verl.grading import GradingPool
from l1_verl.thought import think_end_id, thinking_tokens

_FILLER = "This sentence has nothing to do with the question. "


@dataclass(frozen=True)
class Case:
    """A kind of request.

    Attributes:
        name: what the table calls it.
        budget: the cap in tokens; None for no cap.
        stream: whether the answer comes in parts.
        prefix: text before the question.
        body: fields beside the cap.
        together: requests under way at once.
    """

    name: str
    budget: int | None
    stream: bool = False
    prefix: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    together: int = 1


@dataclass(frozen=True)
class Outcome:
    """What became of the requests of a case.

    Attributes:
        name, budget: of the case.
        n: replies.
        kept: thoughts within the cap.
        most_over: tokens by which the longest thought was over; 0 where all were kept.
        at_the_cap: thoughts that ended at the cap or one token before it: the cap has fired.
        empty: replies without an answer, though no limit on the response cut them.
        thinks_again: replies that think on after the end of their thought.
        right: right answers.
    """

    name: str
    budget: int | None
    n: int
    kept: int
    most_over: int
    at_the_cap: int
    empty: int
    thinks_again: int
    right: int

    @property
    def conforms(self) -> bool:
        return self.kept == self.n and not self.empty and not self.thinks_again


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parse(arguments)
    tokenizer = load_tokenizer(args.tokenizer) if args.tokenizer else None
    try:
        replies = asyncio.run(_ask_all(args))
    except OpenAIError as error:
        raise EngineError(f"{args.server}: {error}") from None
    if not any(_tokens(reply, tokenizer) for case, found in replies for reply, _ in found if case.budget is None):
        raise InputError("no reply has a thought, even without a cap; ask a model that thinks, or raise --max-tokens")
    with GradingPool() as pool:
        outcomes = [_outcome(case, found, tokenizer, args.grace, pool) for case, found in replies]
    _print_table(outcomes)
    if args.output:
        write_whole(args.output, json.dumps([asdict(one) for one in outcomes], indent=1) + "\n")
    broken = [one.name for one in outcomes if not one.conforms]
    print(f"does not conform: {', '.join(broken)}" if broken else "conforms")
    return 1 if broken else 0


def cases(budgets: Sequence[int], long_prompt: int, together: int) -> list[Case]:
    """Every case: no cap, each budget, and at the middle one what servers are known to stumble over."""
    middle = sorted(budgets)[len(budgets) // 2]
    return [
        Case("no cap", None),
        *(Case(f"cap {budget}", budget) for budget in sorted(budgets)),
        Case(f"cap {middle}, streamed", middle, stream=True),
        Case(f"cap {middle}, long prompt", middle, prefix=_FILLER * (long_prompt // 10)),
        Case(f"cap {middle}, {together} at once", middle, together=together),
        Case(f"cap {middle}, with a penalty", middle, body={"presence_penalty": 0.01}),
    ]


def questions(n: int, seed: int) -> list[tuple[str, str]]:
    """Sums that any model can read, with their answers."""
    rng = random.Random(seed)
    terms = [[rng.randint(1, 9) for _ in range(3)] for _ in range(n)]
    return [(f"What is {' + '.join(map(str, numbers))}?", str(sum(numbers))) for numbers in terms]


async def _ask_all(args: argparse.Namespace) -> list[tuple[Case, list[tuple[Reply, str]]]]:
    key = os.environ.get(args.api_key_env, "none")
    async with AsyncOpenAI(base_url=args.server, api_key=key, timeout=args.request_timeout) as client:
        model = args.model or (await client.models.list()).data[0].id
        found = []
        for case in cases(args.budgets, args.long_prompt, args.together):
            limit = asyncio.Semaphore(case.together)
            asked = questions(max(args.requests, case.together), args.seed)
            replies = await asyncio.gather(*(_ask(client, model, case, text, args, limit) for text, _ in asked))
            found.append((case, list(zip(replies, [gold for _, gold in asked], strict=True))))
    # A reply whose thought is empty does not say where its server puts thoughts; the other replies do.
    if any(reply.thought for _, replies in found for reply, _ in replies):
        return found
    return [(case, [(reply.split(), gold) for reply, gold in replies]) for case, replies in found]


async def _ask(
    client: AsyncOpenAI, model: str, case: Case, question: str, args: argparse.Namespace, limit: asyncio.Semaphore
) -> Reply:
    budget = None if case.budget is None or not args.sentence else Budget(args.sentence, case.budget)
    content = case.prefix + math_problem(0, question, "0").prompt
    cap = {} if case.budget is None else DIALECTS[args.dialect](case.budget)
    async with limit:
        return await ask(
            client,
            stream=case.stream,
            body=case.body | cap,
            model=model,
            messages=with_budget([{"role": "user", "content": content}], budget),
            max_tokens=args.max_tokens,
            temperature=args.temperature,
        )


def _outcome(
    case: Case, replies: Sequence[tuple[Reply, str]], tokenizer: Any, grace: float, pool: GradingPool
) -> Outcome:
    used = [_tokens(reply, tokenizer) for reply, _ in replies]
    cap = None if case.budget is None else int(case.budget * (1 + grace))
    over = [0 if cap is None else max(0, tokens - cap) for tokens in used]
    fired = [] if case.budget is None else [tokens for tokens in used if tokens >= max(1, case.budget - 1)]
    grades = pool.grade_many(
        [reply.answer for reply, _ in replies], [gold for _, gold in replies], ["math"] * len(replies)
    )
    return Outcome(
        case.name,
        case.budget,
        len(replies),
        sum(not one for one in over),
        max(over),
        len(fired),
        sum(not reply.answer.strip() and reply.finish != "length" for reply, _ in replies),
        sum(reply.thinks_again for reply, _ in replies),
        sum(grade.correct for grade in grades),
    )


def _tokens(reply: Reply, tokenizer: Any) -> int:
    """Tokens of the thought without its tags: as they were written, or of its text, or as the server counts."""
    end = None if tokenizer is None else think_end_id(tokenizer)
    if reply.token_ids is not None and end is not None:
        return thinking_tokens(reply.token_ids, end) - (end in reply.token_ids)
    if tokenizer is not None:
        return len(tokenizer(reply.thought, add_special_tokens=False).input_ids)
    if reply.reasoning_tokens is None:
        raise InputError("the server does not tell the tokens of a thought; give the model's --tokenizer")
    return reply.reasoning_tokens


def _print_table(outcomes: Sequence[Outcome]) -> None:
    heads = ("kept", "most over", "at the cap", "empty", "thinks again", "right")
    print(f"{'':28}{'n':>5}" + "".join(f"{head:>14}" for head in heads))
    for one in outcomes:
        values = (one.kept, one.most_over, one.at_the_cap, one.empty, one.thinks_again, one.right)
        print(f"{one.name:28}{one.n:>5}" + "".join(f"{value:>14}" for value in values))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m eval.conformance", description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="base URL, such as one that ends in /v1")
    parser.add_argument("--model", help="the server's name for it; default: the first that it serves")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="vllm", help="how the server names the cap")
    parser.add_argument("--tokenizer", help="counts thoughts; needed where the server does not tell their tokens")
    parser.add_argument("--budgets", type=int, nargs="+", default=[0, 1, 32, 512], metavar="TOKENS")
    parser.add_argument("--grace", type=float, default=0.0, help="share of the budget that may be exceeded; NIM: 0.1")
    parser.add_argument(
        "--sentence", choices=("exact", "max"), help="say the budget in the prompt too, as L1's models know it"
    )
    parser.add_argument("--requests", type=int, default=8, help="of each case")
    parser.add_argument("--together", type=int, default=16, help="requests at once, in the case that has several")
    parser.add_argument(
        "--long-prompt", type=int, default=2000, metavar="TOKENS", help="about so many before a question"
    )
    parser.add_argument("--max-tokens", type=int, default=1024, help="most tokens of a response")
    parser.add_argument("--temperature", type=float, default=0.6)
    parser.add_argument("--request-timeout", type=float, default=600.0, help="seconds for one request")
    parser.add_argument("--api-key-env", default="OPENAI_API_KEY", help="variable that holds the key")
    parser.add_argument("--seed", type=int, default=0, help="of the questions")
    parser.add_argument("--output", type=Path, help="the table as json")
    args = parser.parse_args(arguments)
    if min(args.budgets) < 0 or min(args.requests, args.together, args.max_tokens) < 1 or args.grace < 0:
        raise InputError("--budgets and --grace must be >= 0; --requests, --together and --max-tokens must be >= 1")
    return args


if __name__ == "__main__":
    cli.run(main, "eval.conformance")
