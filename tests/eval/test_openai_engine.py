"""The engine against a real HTTP server that misbehaves on order."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from eval.chat import Chat
from eval.engines import Completion, Request
from eval.engines.openai_engine import Backoff, OpenAIEngine
from l1_verl.cli import EngineError, InputError, RefusedError
from recipes.tiny.tokenizer import build_tokenizer
from tests.signals import hear_interrupts

FAST = Backoff(tries=4, first=0.01, longest=0.05)
GOOD = {
    "choices": [{"message": {"content": "\\boxed{2}"}, "finish_reason": "stop"}],
    "usage": {"completion_tokens": 7},
}


class Server(ThreadingHTTPServer):
    """Answers with ``script`` in order, the last one for ever; keeps what it was asked."""

    def __init__(self, script: list[tuple[int, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script, self.asked = list(script), []
        self.under_way = self.most_under_way = 0
        self.lock = threading.Lock()
        self.hold: threading.Event | None = None
        self.models: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        content = json.dumps({"data": self.server.models}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.lock:
            self.server.asked.append((self.path, body, dict(self.headers)))
            self.server.under_way += 1
            self.server.most_under_way = max(self.server.most_under_way, self.server.under_way)
            status, content = self.server.script.pop(0) if len(self.server.script) > 1 else self.server.script[0]
        if self.server.hold is not None:
            self.server.hold.wait(0.1)
        with self.server.lock:
            self.server.under_way -= 1
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Any]:
    started = []

    def start(*script: tuple[int, Any]) -> Server:
        server = Server([(s, c if isinstance(c, bytes) else json.dumps(c).encode()) for s, c in script])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def request() -> Request:
    return Request([{"role": "user", "content": "1 + 1?"}], 100, 0.6, 0.95, seed=7)


def answer(server: Server, chat: Chat | None = None, what: Request | None = None) -> Completion | EngineError:
    engine = OpenAIEngine(server.url, "model", chat, backoff=FAST, concurrency=2)
    try:
        engine.submit(3, what or request())
        [(key, outcome)] = engine.poll()
    finally:
        engine.close()
    assert key == 3
    return outcome


def test_a_conversation_goes_to_the_chat_and_the_server_counts(serve, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    server = serve((200, GOOD))
    assert answer(server) == Completion(7, None, "\\boxed{2}", stopped=True)
    [(path, body, headers)] = server.asked
    assert path == "/v1/chat/completions"
    assert body["messages"] == [{"role": "user", "content": "1 + 1?"}]
    assert (body["temperature"], body["top_p"], body["max_completion_tokens"], body["seed"]) == (0.6, 0.95, 100, 7)
    assert headers["Authorization"] == "Bearer secret"
    assert not {"top_k", "min_p", "repetition_penalty"} & body.keys()  # OpenAI's server refuses what it does not know


def test_under_a_budget_of_0_the_server_is_asked_to_close_the_thought(serve):
    server = serve((200, GOOD))
    answer(server, what=replace(request(), closed=True))
    [(_, body, _)] = server.asked
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_with_a_tokenizer_token_ids_go_and_come(serve):
    content = {
        "choices": [{"text": "x", "token_ids": [5, 6, 7], "finish_reason": "length"}],
        "usage": {"completion_tokens": 3},
    }
    server = serve((200, content))
    chat = Chat(build_tokenizer(), "tiny")
    asked = Request([1, 2], 3, 0.6, 0.95, seed=7, stop_token_ids=(9,))
    assert answer(server, chat, asked) == Completion(3, [5, 6, 7], None, stopped=False)
    [(path, body, _)] = server.asked
    assert path == "/v1/completions"
    assert (body["prompt"], body["stop_token_ids"], body["return_token_ids"]) == ([1, 2], [9], True)
    assert (body["top_k"], body["min_p"], body["repetition_penalty"]) == (0, 0.0, 1.0)


#: vLLM's own reading of a request, over the defaults of a generation_config.json; in a process of its own, since what
#: vLLM sets when it is imported is not for the tests after this one.
_READ = """
import json, sys
from vllm import SamplingParams
from vllm.entrypoints.openai.completion.protocol import CompletionRequest
defaults = {"temperature": 0.7, "top_k": 20, "top_p": 0.8, "min_p": 0.1, "repetition_penalty": 1.05}
served = CompletionRequest(**json.load(sys.stdin)).to_sampling_params(3, defaults)
ours = SamplingParams(temperature=0.6, top_p=0.95)
names = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty")
print(json.dumps([[getattr(p, name) for name in names] for p in (served, ours)]))
"""


@pytest.mark.end_to_end
def test_a_server_draws_as_the_engine_in_this_process_whatever_the_models_own_defaults(serve):
    server = serve(
        (200, {"choices": [{"token_ids": [5], "finish_reason": "stop"}], "usage": {"completion_tokens": 1}})
    )
    answer(server, Chat(build_tokenizer(), "tiny"), Request([1, 2], 3, 0.6, 0.95, seed=7))
    [(_, body, _)] = server.asked
    read = subprocess.run(
        [sys.executable, "-c", _READ], input=json.dumps(body), check=True, capture_output=True, text=True
    )
    served, ours = json.loads(read.stdout.splitlines()[-1])
    assert served == ours


@pytest.mark.parametrize("trouble", [(500, b"oops"), (429, b"slow down"), (200, b"<html>"), (200, {"choices": []})])
def test_trouble_that_passes_is_retried(serve, trouble):
    server = serve(trouble, trouble, (200, GOOD))
    assert isinstance(answer(server), Completion)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("trouble", "said"),
    [((500, b"oops"), "500 oops"), ((200, b"<html>"), "not a completion"), ((200, {}), "KeyError")],
)
def test_trouble_that_stays_is_one_clear_error_after_bounded_tries(serve, trouble, said):
    server = serve(trouble)
    outcome = answer(server)
    assert isinstance(outcome, EngineError)
    assert said in str(outcome)
    assert len(server.asked) == FAST.tries


@pytest.mark.parametrize(
    ("status", "kind"), [(400, RefusedError), (422, RefusedError), (401, EngineError), (404, EngineError)]
)
def test_a_refusal_is_not_repeated_and_only_that_of_a_request_leaves_the_others(serve, status, kind):
    server = serve((status, b"no such model"))
    outcome = answer(server)
    assert type(outcome) is kind
    assert "no such model" in str(outcome)
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_an_error():
    engine = OpenAIEngine("http://127.0.0.1:1/v1", "model", None, backoff=Backoff(tries=2, first=0.01))
    engine.submit(0, request())
    [(_, outcome)] = engine.poll()
    engine.close()
    assert isinstance(outcome, EngineError)
    assert "2 tries" in str(outcome)


def test_no_more_requests_are_under_way_than_allowed(serve):
    server = serve((200, GOOD))
    server.hold = threading.Event()
    engine = OpenAIEngine(server.url, "model", None, backoff=FAST, concurrency=3)
    for key in range(9):
        engine.submit(key, request())
    finished = set()
    while len(finished) < 9:
        finished |= {key for key, _ in engine.poll()}
    engine.close()
    assert 1 < server.most_under_way <= 3


def test_a_thought_that_a_server_took_out_is_put_back(serve):
    message = {"content": "\\boxed{2}", "reasoning_content": "1 + 1"}
    content = {
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 4}},
    }
    outcome = answer(serve((200, content)))
    assert isinstance(outcome, Completion)
    assert outcome.text == "<think>\n1 + 1\n</think>\n\\boxed{2}"
    assert (outcome.tokens, outcome.thinking_tokens) == (9, 4)


def test_waits_grow_and_what_the_server_asks_for_is_respected():
    backoff = Backoff(first=1.0, longest=10.0)
    assert 0.5 <= backoff.seconds(1, None) <= 1.0
    assert 2.0 <= backoff.seconds(3, None) <= 4.0
    assert backoff.seconds(30, None) <= 10.0
    assert backoff.seconds(1, "7") == 7.0
    assert backoff.seconds(1, "3600") == 10.0


@pytest.mark.parametrize(
    ("models", "context"),
    [
        ([{"id": "other", "max_model_len": 9}, {"id": "model", "max_model_len": 224}], 224),
        ([{"id": "model"}], None),
        ([], None),
    ],
)
def test_the_server_is_asked_how_long_prompt_and_response_may_be(serve, models, context):
    server = serve((200, GOOD))
    server.models = models
    engine = OpenAIEngine(server.url, "model", None)
    assert engine.context() == context
    engine.close()


@pytest.mark.parametrize(("reason", "stopped"), [("stop", True), ("length", False), ("content_filter", False)])
def test_a_response_that_a_filter_ended_did_not_end_by_itself(serve, reason, stopped):
    content = {"choices": [{"message": {"content": "x"}, "finish_reason": reason}], "usage": {"completion_tokens": 1}}
    assert answer(serve((200, content))).stopped is stopped


def test_a_number_of_tokens_below_zero_is_no_completion(serve):
    outcome = answer(serve((200, {**GOOD, "usage": {"completion_tokens": -1}})))
    assert isinstance(outcome, EngineError)
    assert "-1 tokens" in str(outcome)


_INTERRUPTED = """
import sys
from eval.engines import Request
from eval.engines.openai_engine import OpenAIEngine
from l1_verl import cli
engine = OpenAIEngine(sys.argv[1], "model", None, concurrency=2)
def main():
    engine.submit(0, Request([], 1, 0.6, 0.95, seed=7))
    print("asked", flush=True)
    engine.poll()
cli.run(main, "ask")
"""


def test_an_interrupt_ends_the_process_although_a_request_is_under_way():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        command = [sys.executable, "-c", _INTERRUPTED, url]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, preexec_fn=hear_interrupts, **pipes)
        assert process.stdout.readline() == b"asked\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == b"ask: interrupted; run the same command again to go on\n"


def test_an_address_that_is_none_is_refused():
    with pytest.raises(InputError, match="http"):
        OpenAIEngine("localhost:8000", "model", None)
