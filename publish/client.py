"""Asks a served model under a thinking budget: ``python -m publish.client "What is 7 + 8 + 5?" --budget 512``."""

from __future__ import annotations

import argparse
import os
from typing import Any, cast

from openai import OpenAI, OpenAIError

from eval.engines.openai_engine import NO_THOUGHT
from l1_verl.budget import read_budget, with_budget
from l1_verl.data.rows import INSTRUCTION


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m publish.client", description=__doc__.split(":")[0])
    parser.add_argument("problem")
    parser.add_argument(
        "--budget", required=True, help="tokens; 0 for no thought; LEAST-MOST; NAME=TOKENS as the card says; or none"
    )
    parser.add_argument("--max", action="store_true", help="at most the budget, instead of about as much")
    parser.add_argument(
        "--close", action="store_true", help="have vLLM close the thought there (serve it as its card says)"
    )
    parser.add_argument("--url", default="http://localhost:8000/v1", help="any OpenAI-compatible server")
    parser.add_argument("--model", help="the server's name for it; default: the first that it serves")
    args = parser.parse_args()
    try:
        budget = read_budget(args.budget, "max" if args.max else "exact")
    except ValueError as error:
        parser.error(str(error))
    if args.close and budget is None:
        parser.error("--close needs a --budget with a number of tokens, where vLLM closes the thought")
    try:
        client = OpenAI(base_url=args.url, api_key=os.environ.get("OPENAI_API_KEY", "none"))
        reply = client.chat.completions.create(
            model=args.model or client.models.list().data[0].id,
            messages=cast(Any, with_budget([{"role": "user", "content": f"{args.problem} {INSTRUCTION}"}], budget)),
            extra_body=None if budget is None else _extra(budget.tokens, close=args.close),
        )
    except OpenAIError as error:
        parser.error(f"{args.url}: {error}")
    print((reply.choices[0].message.content or "").rpartition("</think>")[2].strip())
    used = "an unknown number" if reply.usage is None else reply.usage.completion_tokens
    asked_for = "no budget" if budget is None else budget.words if budget.level else f"{budget.words} tokens"
    print(f"{asked_for} asked for, {used} used in all")


def _extra(tokens: int, *, close: bool) -> dict[str, Any]:
    """What a request says beside OpenAI's own fields."""
    cap = {"thinking_token_budget": tokens} if close else {}
    return cap | (NO_THOUGHT if tokens == 0 else {})


if __name__ == "__main__":
    main()
