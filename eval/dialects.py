"""How servers name a cap on the thought, and what they answer: one request and its reply, whatever the server.

vLLM: https://docs.vllm.ai (``thinking_token_budget``); SGLang: docs.sglang.io, thinking budget, of a server with
``--enable-strict-thinking``; llama.cpp: ``tools/server/server-common.cpp`` and ``common/reasoning-budget.h``; NIM:
docs.nvidia.com, thinking budget control.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from openai import AsyncOpenAI

from l1_verl.thought import THINK_END, THINK_START

#: By the server's name, what a request says so that a thought has at most so many tokens. vLLM is asked for the token
#: ids too, so that a thought can be counted as it was written.
DIALECTS: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "vllm": lambda tokens: {"thinking_token_budget": tokens, "return_token_ids": True},
    "sglang": lambda tokens: {"custom_params": {"thinking_budget": tokens}},
    "llama.cpp": lambda tokens: {"thinking_budget_tokens": tokens},
    "nim": lambda tokens: {"nvext": {"max_thinking_tokens": tokens}},
}


@dataclass(frozen=True)
class Reply:
    """What a server answered.

    Attributes:
        thought: the text of the thought, tags left out, where the server gives it apart from the content.
        answer: what the server calls the content.
        finish: its finish_reason.
        reasoning_tokens: tokens of the thought, where the server tells.
        token_ids: all tokens of the response, where the server tells.
    """

    thought: str
    answer: str
    finish: str | None
    reasoning_tokens: int | None
    token_ids: list[int] | None

    @property
    def thinks_again(self) -> bool:
        """Whether the answer opens or closes another thought."""
        return THINK_START in self.answer or THINK_END in self.answer

    def split(self) -> Reply:
        """The reply of a server that leaves thoughts in the content: a thought is what stands before ``</think>``.

        A response that ended at its limit before any ``</think>`` counts as a thought whole: the template may have
        opened it, and a cap that was kept would have closed it.

        Example:
            >>> Reply("", "1?</think>2", "stop", None, None).split().thought
            '1?'
            >>> Reply("", "1? 2?", "length", None, None).split().thought
            '1? 2?'
        """
        thought, closed, answer = self.answer.partition(THINK_END)
        if not closed and self.finish != "length" and not thought.lstrip().startswith(THINK_START):
            thought, answer = "", thought
        return replace(self, thought=thought.replace(THINK_START, ""), answer=answer)


async def ask(client: AsyncOpenAI, *, stream: bool, body: dict[str, Any], **request: Any) -> Reply:
    """One chat completion.

    Args:
        client: of the server.
        stream: whether the answer comes in parts.
        body: what the request says beside OpenAI's own fields.
        request: ``model``, ``messages``, ``max_tokens``, ...

    Raises:
        openai.OpenAIError: the server refused, or was out of reach.
    """
    create: Any = (
        client.chat.completions.create
    )  # what a request says is the caller's business, not the type checker's
    if not stream:
        whole = await create(**request, extra_body=body)
        choice = whole.choices[0]
        return _reply([choice.message], choice.finish_reason, whole.usage, getattr(choice, "token_ids", None))
    parts: list[Any] = []
    ids: list[int] = []
    finish = usage = None
    told = {"include_usage": True}
    async for chunk in await create(**request, extra_body=body, stream=True, stream_options=told):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            parts.append(choice.delta)
            ids += getattr(choice, "token_ids", None) or []
            finish = choice.finish_reason or finish
    return _reply(parts, finish, usage, ids or None)


def _reply(parts: list[Any], finish: str | None, usage: Any, ids: list[int] | None) -> Reply:
    told = [part.model_dump() for part in parts]
    thought = "".join(part.get("reasoning_content") or part.get("reasoning") or "" for part in told)
    content = "".join(part.get("content") or "" for part in told)
    details = getattr(usage, "completion_tokens_details", None)
    return Reply(thought.replace(THINK_START, ""), content, finish, getattr(details, "reasoning_tokens", None), ids)
