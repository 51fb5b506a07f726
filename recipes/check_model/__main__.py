"""Checks a model before a run: ``python -m recipes.check_model MODEL``. Exit code 2 where a check fails."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from recipes.check_model import check_model
from recipes.check_model.checkpoint import load_checkpoint
from recipes.check_model.finding import Need
from recipes.check_model.run import read_prompts


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m recipes.check_model", description=__doc__.split(":")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )  # fmt: skip
    parser.add_argument("model", help="folder or Hugging Face id")
    parser.add_argument("--prompt-length", type=int, default=Need.prompt_length, help="longest prompt in tokens")
    parser.add_argument("--response-length", type=int, default=Need.response_length, help="longest response in tokens")
    parser.add_argument(
        "--tensor-parallel", type=int, default=Need.tensor_parallel, help="GPUs that one vLLM engine is spread over"
    )
    parser.add_argument(
        "--chat-template-kwargs", type=_object, default={}, metavar="JSON",
        help='further arguments of the chat template, such as {"enable_thinking": true}',
    )  # fmt: skip
    parser.add_argument(
        "--count-thinking", action="store_true", help="for a run with count=thinking or close_thinking"
    )
    parser.add_argument("--no-thinking-tags", action="store_true", help="for a run with require_think_end=false")
    parser.add_argument("--data", type=Path, help="parquet whose first prompts are checked too")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    options = parser.parse_args(arguments)
    try:
        need = Need(
            options.prompt_length, options.response_length, options.tensor_parallel, options.chat_template_kwargs,
            options.count_thinking, not options.no_thinking_tags,
            read_prompts(options.data) if options.data else (),
        )  # fmt: skip
        findings = check_model(load_checkpoint(options.model), need)
    except ValueError as error:
        print(f"check_model: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    failed = any(finding.status == "fail" for finding in findings)
    if options.json:
        answer = {"model": options.model, "ok": not failed, "checks": [finding.to_dict() for finding in findings]}
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print("\n".join(map(str, findings)))
    return 2 if failed else 0


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object")
    return value


if __name__ == "__main__":
    sys.exit(main())
