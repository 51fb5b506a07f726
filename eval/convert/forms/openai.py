"""Answers of OpenAI-compatible servers: chat completions, completions, Responses, and lines of the batch API.

The answer may be the row itself or stand in ``response``, ``response.body``, ``completion`` or ``body``; NVIDIA NeMo
Gym's rollouts are such rows, with ``expected_answer`` and ``reward`` beside it. The gold answer is the row's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from eval.convert.answered import Answered, Form, Row, with_thought
from eval.convert.forms.flat import COMMON
from l1_verl.data.paths import find

_PLACES = ("response.body", "response", "completion", "body", "output", "result")
_ASKED = (
    "problem", "question", "prompt", "responses_create_params.input", "request.body.messages", "request.messages",
    "messages", "input", "query",
)  # fmt: skip


def _read(row: Row) -> Iterator[Answered]:
    body = _body(row)
    if body is None:
        status = find(row, "response.status_code", "error.message", "error")
        raise ValueError(f"it holds no answer of a server{'' if status is None else f' (status {status})'}")
    gold = find(row, *COMMON.gold, "verifier_metadata.expected_answer", "metadata.answer")
    for answer in _answers(body):
        yield replace(
            answer,
            gold=gold,
            problem=find(row, *_ASKED),
            problem_id=find(row, "custom_id", *COMMON.problem_id),
            benchmark=find(row, *COMMON.benchmark),
            budget=find(row, "budget", "metadata.budget"),
            mode=find(row, "mode", "metadata.mode"),
            label=find(row, *COMMON.label),
            options=find(row, *COMMON.options),
        )


def _body(row: Row) -> Row | None:
    for body in (row, *(find(row, place) for place in _PLACES)):
        if isinstance(body, dict) and (
            _is_list(body, "choices", "message", "finish_reason") or _is_list(body, "output", "type")
        ):
            return body
    return None


def _is_list(body: Row, name: str, *keys: str) -> bool:
    """An array of objects that each have one of the keys: choices of an answer, and not options of a question."""
    items = body.get(name)
    return (
        isinstance(items, list)
        and bool(items)
        and all(isinstance(item, dict) and any(key in item for key in keys) for item in items)
    )


def _answers(body: Row) -> Iterator[Answered]:
    usage = body.get("usage") or {}
    thinking = find(usage, "completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens")
    used = find(usage, "completion_tokens", "output_tokens")
    if not _is_list(body, "choices", "message", "finish_reason"):
        yield Answered(
            _responses_text(body["output"]), None, used=used, thinking=thinking or None, truncated=_ended(body)
        )
        return
    alone = len(body["choices"]) == 1  # a server counts all choices of a request together
    for choice in body["choices"]:
        message = choice.get("message") or {}
        thought = find(message, "reasoning_content", "reasoning")
        yield Answered(
            response=with_thought(thought, message["content"] if "content" in message else choice.get("text")),
            gold=None,
            used=used if alone else None,
            thinking=(thinking or None) if alone else None,
            truncated=choice.get("finish_reason"),
        )


def _responses_text(output: list[Row]) -> Any:
    """The thought and the text of the Responses API, whose items come in turns."""
    thoughts = [_joined(item.get("content") or item.get("summary")) for item in output if item["type"] == "reasoning"]
    texts = [_joined(item.get("content")) for item in output if item["type"] == "message"]
    return with_thought("\n".join(thoughts), "".join(texts) if texts else None)


def _joined(content: Any) -> str:
    parts = content if isinstance(content, list) else [content]
    return "".join(str(part.get("text") or "") if isinstance(part, dict) else str(part or "") for part in parts)


def _ended(body: Row) -> Any:
    return find(body, "incomplete_details.reason") or body.get("status")


FORM = Form(
    "openai",
    "OpenAI-style answers with usage: chat, completions, Responses, batch output",
    lambda row: _body(row) is not None or ("custom_id" in row and "response" in row),
    _read,
)
