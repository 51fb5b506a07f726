"""Engines answer requests: vLLM in this process, or any OpenAI-compatible server.

An engine takes requests by key and hands back completions as they finish, in any order. What a strategy asks next may
depend on a completion, so batching is the engine's and the loop's (`eval.loop`), never the strategy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from eval.chat import Chat
from l1_verl.cli import EngineError


@dataclass(frozen=True)
class Request:
    """Ask a model to go on.

    Args:
        prompt: token ids, where the engine has the tokenizer; else the conversation for the server to render.
        max_tokens: most tokens to generate, >= 1.
        temperature: >= 0; 0 is greedy.
        top_p: in (0, 1].
        seed: the sample's own.
        stop_token_ids: tokens that end the completion; the one that did stays in ``token_ids``.
        stop: texts that end the completion.
        min_tokens: fewest tokens before any end.
        closed: whether a server that renders the conversation is asked to close the thought; token ids say it
            themselves.
    """

    prompt: Sequence[int] | list[dict[str, str]]
    max_tokens: int
    temperature: float
    top_p: float
    seed: int
    stop_token_ids: tuple[int, ...] = ()
    stop: tuple[str, ...] = ()
    min_tokens: int = 0
    closed: bool = False


@dataclass(frozen=True)
class Completion:
    """What came back.

    Attributes:
        tokens: number of tokens generated, as the engine counts them, EOS included.
        token_ids: the tokens, or None where a server does not tell.
        text: the text, or None where ``token_ids`` says it.
        stopped: True if the model or a stop ended it, False if ``max_tokens`` did.
        thinking_tokens: tokens of the thought, where a server counts them itself.
    """

    tokens: int
    token_ids: list[int] | None
    text: str | None
    stopped: bool
    thinking_tokens: int | None = None


class Engine(Protocol):
    """What a strategy runs on.

    Attributes:
        chat: the tokenizer and its chat template; None where only a server has them.
        capacity: how many requests may be under way.
    """

    capacity: int

    @property
    def chat(self) -> Chat | None: ...

    def submit(self, key: int, request: Request) -> None: ...

    def poll(self) -> list[tuple[int, Completion | EngineError]]:
        """Waits for at least one outcome: a completion, or the error that keeps this request from having one."""

    def close(self) -> None: ...
