"""Any OpenAI-compatible server: `vllm serve` on many GPUs or nodes, or somebody else's model as a baseline."""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx

from eval.chat import Chat
from eval.engines import Completion, Request
from l1_verl.cli import EngineError, InputError, RefusedError

#: vLLM's server otherwise takes these from the model's generation_config.json (Qwen3's says top_k 20), where the paper
#: and vLLM in this process draw from all of top_p. Not OpenAI's: only a server that takes token ids gets them.
_NEUTRAL = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}

#: Has a template that knows it close the thought; of vLLM, SGLang and llama.cpp, not of OpenAI.
NO_THOUGHT = {"chat_template_kwargs": {"enable_thinking": False}}

#: The request itself is at fault, such as a prompt that is too long: other requests may well be answered.
_REFUSED = frozenset({400, 413, 422})

#: Answers that another try may mend: too early, too many requests, and whatever goes wrong inside a server.
_RETRY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True)
class Backoff:
    """Waits of about 1, 2, 4, ... seconds between tries, or what the server asks for.

    Args:
        tries: of one request, >= 1.
        first: seconds before the second try; each further wait doubles.
        longest: seconds of one wait.
    """

    tries: int = 6
    first: float = 1.0
    longest: float = 60.0

    def seconds(self, tried: int, retry_after: str | None) -> float:
        """How long to wait after ``tried`` tries; half of it by chance, so that clients do not come back together."""
        if retry_after is not None and retry_after.isdigit():
            return min(self.longest, float(retry_after))
        return min(self.longest, self.first * 2 ** (tried - 1)) * random.uniform(0.5, 1.0)


class OpenAIEngine:
    """Sends requests from a bounded number of threads.

    With a tokenizer the prompts go to ``/completions`` as token ids and the answer's token ids come back, as
    `vllm serve` does it; without one the conversations go to ``/chat/completions`` and the server counts.

    Args:
        server: base URL, such as one that ends in ``/v1``.
        model: the server's name for the model.
        chat: the model's tokenizer, or None.
        key_variable: environment variable with the key; none is sent if it is not set.
        concurrency: requests under way at once.
        backoff: between tries.
        timeout: seconds for one try.

    Raises:
        InputError: the server's URL does not begin with http.
    """

    def __init__(
        self,
        server: str,
        model: str,
        chat: Chat | None,
        *,
        key_variable: str = "OPENAI_API_KEY",
        concurrency: int = 64,
        backoff: Backoff | None = None,
        timeout: float = 1800.0,
    ) -> None:
        if not server.startswith(("http://", "https://")):
            raise InputError(f"--server is {server!r}; it must begin with http:// or https://")
        self.chat = chat
        self.capacity = concurrency
        self._model = model
        self._backoff = backoff or Backoff()
        key = os.environ.get(key_variable)
        self._client = httpx.Client(
            base_url=server.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(timeout, connect=30.0),
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        )
        self._waiting: queue.SimpleQueue[tuple[int, Request]] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, Completion | EngineError]] = queue.SimpleQueue()
        for number in range(concurrency):
            # Daemons: an interrupted run ends although requests are under way.
            threading.Thread(target=self._work, daemon=True, name=f"server-{number}").start()

    def context(self) -> int | None:
        """Most tokens of prompt and response that the server says it takes; None where it does not say."""
        try:
            models = self._client.get("models", timeout=30.0).json()["data"]
            return next((int(one["max_model_len"]) for one in models if one["id"] == self._model), None)
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return None

    def submit(self, key: int, request: Request) -> None:
        self._waiting.put((key, request))

    def poll(self) -> list[tuple[int, Completion | EngineError]]:
        finished = [self._done.get()]
        while not self._done.empty():
            finished.append(self._done.get())
        return finished

    def close(self) -> None:
        self._client.close()

    def _work(self) -> None:
        while True:
            key, request = self._waiting.get()
            outcome: Completion | EngineError
            try:
                outcome = self._ask(request)
            except EngineError as error:
                outcome = error
            except Exception as error:  # a thread that died silently would leave the loop waiting for ever
                outcome = EngineError(f"{type(error).__name__}: {error}")
            self._done.put((key, outcome))

    def _ask(self, request: Request) -> Completion:
        path, body = self._body(request)
        trouble = ""
        for tried in range(1, self._backoff.tries + 1):
            retry_after = None
            try:
                answer = self._client.post(path, json=body)
                if answer.status_code == 200:
                    return _completion(answer, exact=self.chat is not None)
                retry_after = answer.headers.get("retry-after")
                trouble = f"{answer.status_code} {_excerpt(answer.text)}"
                if answer.status_code not in _RETRY:
                    refused = RefusedError if answer.status_code in _REFUSED else EngineError
                    raise refused(f"{answer.url} refused: {trouble}")
            except httpx.HTTPError as error:
                trouble = f"{type(error).__name__}: {error}"
            except _GarbageError as error:
                trouble = str(error)
            if tried < self._backoff.tries:
                time.sleep(self._backoff.seconds(tried, retry_after))
        raise EngineError(f"{self._client.base_url}{path} gave no answer in {self._backoff.tries} tries: {trouble}")

    def _body(self, request: Request) -> tuple[str, dict[str, Any]]:
        body: dict[str, Any] = {
            "model": self._model,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "seed": request.seed,
        }
        if self.chat is None:
            body |= {"messages": request.prompt, "max_completion_tokens": request.max_tokens}
            return "chat/completions", body | (NO_THOUGHT if request.closed else {})
        extra = {
            "prompt": list(request.prompt),
            "max_tokens": request.max_tokens,
            "min_tokens": request.min_tokens,
            "stop": list(request.stop) or None,
            "stop_token_ids": list(request.stop_token_ids) or None,
            "return_token_ids": True,
            **_NEUTRAL,
        }
        return "completions", body | {name: value for name, value in extra.items() if value is not None}


class _GarbageError(Exception):
    """The server said 200 and something that is not a completion."""


def _completion(answer: httpx.Response, *, exact: bool) -> Completion:
    try:
        content = answer.json()
        choice, tokens = content["choices"][0], int(content["usage"]["completion_tokens"])
        stopped = choice["finish_reason"] not in ("length", "content_filter")
        if tokens < 0:
            raise ValueError(f"{tokens} tokens")
        if exact:
            ids = [int(token) for token in choice["token_ids"]]
            return Completion(len(ids), ids, None, stopped)
        message = choice["message"]
        details = content["usage"].get("completion_tokens_details") or {}
        thought = message.get("reasoning_content") or message.get("reasoning")
        text = message.get("content") or ""
        if thought:
            text = f"<think>\n{thought}\n</think>\n{text}"
        return Completion(tokens, None, text, stopped, details.get("reasoning_tokens"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise _GarbageError(
            f"the answer is not a completion ({type(error).__name__}: {error}): {_excerpt(answer.text)}"
        ) from None


def _excerpt(text: str) -> str:
    return " ".join(text.split())[:200]
