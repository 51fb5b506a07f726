"""Asks a served model under a thinking budget: ``python -m publish.client "What is 7 + 8 + 5?" --budget 512``."""

from __future__ import annotations

import argparse
import os
from typing import Any, cast

from openai import OpenAI, OpenAIError

from eval.engines.openai_engine import NO_THOUGHT
from l1_verl.budget import Budget, Mode, read_budget, with_budget
from l1_verl.data.rows import INSTRUCTION


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m publish.client", description=__doc__.split(":")[0])
    parser.add_argument("problem")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--budget", help="tokens that the prompt asks for; 0 for no thought; LEAST-MOST; or none")
    asked.add_argument("--level", help="the name of a budget that the model was trained with, such as low")
    parser.add_argument("--max", action="store_true", help="at most the budget, instead of about as much")
    parser.add_argument(
        "--close", action="store_true", help="have vLLM close the thought there (serve it as its card says)"
    )
    parser.add_argument("--url", default="http://localhost:8000/v1", help="any OpenAI-compatible server")
    parser.add_argument("--model", help="the server's name for it; default: the first that it serves")
    args = parser.parse_args()
    try:
        # What a level stands for, the model knows.
        named = args.level is not None
        budget = Budget("level", 0, level=args.level) if named else read_budget(args.budget, _mode(args.max))
    except ValueError as error:
        parser.error(str(error))
    capped = budget is not None and not named
    if args.close and not capped:
        parser.error("--close needs a --budget with a number of tokens, where vLLM closes the thought")
    try:
        client = OpenAI(base_url=args.url, api_key=os.environ.get("OPENAI_API_KEY", "none"))
        reply = client.chat.completions.create(
            model=args.model or client.models.list().data[0].id,
            messages=cast(Any, with_budget([{"role": "user", "content": f"{args.problem} {INSTRUCTION}"}], budget)),
            extra_body=_extra(budget.tokens, close=args.close) if budget is not None and capped else None,
        )
    except OpenAIError as error:
        parser.error(f"{args.url}: {error}")
    print((reply.choices[0].message.content or "").rpartition("</think>")[2].strip())
    used = "an unknown number" if reply.usage is None else reply.usage.completion_tokens
    asked_for = (
        "no budget"
        if budget is None
        else budget.label.replace("-", " ", 1) + ("" if budget.mode == "level" else " tokens")
    )
    print(f"{asked_for} asked for, {used} used in all")


def _mode(at_most: bool) -> Mode:
    return "max" if at_most else "exact"


def _extra(tokens: int, *, close: bool) -> dict[str, Any]:
    """What a request says beside OpenAI's own fields."""
    cap = {"thinking_token_budget": tokens} if close else {}
    return cap | (NO_THOUGHT if tokens == 0 else {})


if __name__ == "__main__":
    main()
