"""Servers with known faults, each found; and one without."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from eval import conformance
from eval.conformance import cases, questions
from l1_verl.cli import EngineError, InputError
from recipes.tiny.tokenizer import build_tokenizer


class Server(ThreadingHTTPServer):
    """Thinks 100 tokens, or what ``cap`` makes of a request, and answers rightly, with ``before`` before it."""

    cap = staticmethod(lambda body: body.get("thinking_token_budget", 100))
    before = ""
    answers = True
    tells = True
    apart = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": "m", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        thinking = min(100, self.server.cap(body))
        question = body["messages"][-1]["content"].rpartition("What is ")[2].partition("?")[0]
        total = sum(map(int, question.split(" + ")))
        content = f"{self.server.before}\\boxed{{{total}}}" if self.server.answers else ""
        message = {"role": "assistant", "content": content, "reasoning_content": "x " * thinking}
        finish = "stop"
        if not self.server.apart:
            finish = "length" if thinking > body["max_tokens"] else "stop"
            written = "x " * thinking + "</think>" + content if finish == "stop" else "x " * body["max_tokens"]
            message |= {"content": written, "reasoning_content": ""}
        usage: dict[str, Any] = {"prompt_tokens": 1, "completion_tokens": thinking + 5, "total_tokens": thinking + 6}
        if self.server.tells:
            usage["completion_tokens_details"] = {"reasoning_tokens": thinking}
        common = {"id": "1", "model": "m", "created": 0, "usage": usage}
        if not body.get("stream"):
            choice = {"index": 0, "finish_reason": finish, "message": message}
            return self._send({**common, "object": "chat.completion", "choices": [choice]})
        parts = [{"reasoning_content": message["reasoning_content"]}, {"content": message["content"]}]
        chunks = [{"index": 0, "delta": part, "finish_reason": None} for part in parts]
        chunks[-1]["finish_reason"] = finish
        lines = [json.dumps({**common, "object": "chat.completion.chunk", "choices": [chunk]}) for chunk in chunks]
        self._write("".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]), "text/event-stream")

    def _send(self, content: dict[str, Any]) -> None:
        self._write(json.dumps(content), "application/json")

    def _write(self, content: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server():
    running = Server()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    build_tokenizer().save_pretrained(folder)
    return str(folder)


def check(server: Server, tmp_path, *more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    table = tmp_path / "table.json"
    few = ["--budgets", "0", "1", "20", "--requests", "3", "--together", "4", "--output", str(table)]
    code = conformance.main(["--server", server.url, *few, *more])
    return code, {row["name"]: row for row in json.loads(table.read_text())}


def test_a_server_that_keeps_every_cap_conforms(server, tmp_path, capsys):
    code, rows = check(server, tmp_path)
    assert code == 0
    assert "conforms\n" in capsys.readouterr().out
    assert rows["no cap"]["right"] == rows["cap 20"]["right"] == rows["cap 20"]["at_the_cap"] == 3
    assert rows["cap 1, 4 at once"]["n"] == 4
    assert all(row["kept"] == row["n"] and row["most_over"] == 0 for row in rows.values())


@pytest.mark.parametrize(
    ("fault", "broken", "column", "value"),
    [
        ({"cap": lambda body: 100}, "cap 20", "most_over", 80),
        (
            {"cap": lambda body: 100 if body.get("stream") else body.get("thinking_token_budget", 100)},
            "cap 1, streamed",
            "most_over",
            99,
        ),
        ({"cap": lambda body: 0 if body.get("presence_penalty") else 100}, "cap 1", "kept", 0),
        ({"answers": False}, "cap 0", "empty", 3),
        ({"before": "</think> and so <think> again"}, "cap 1", "thinks_again", 3),
        ({"before": "and so on</think>"}, "cap 0", "thinks_again", 3),
    ],
    ids=["ignored", "ignored when streamed", "kept with a penalty only", "no answer", "thinks again", "thinks on"],
)
def test_a_known_fault_is_found_and_named(server, tmp_path, capsys, fault, broken, column, value):
    for name, replaced in fault.items():
        setattr(server, name, replaced)
    code, rows = check(server, tmp_path)
    assert code == 1
    assert rows[broken][column] == value
    assert broken in capsys.readouterr().out.rpartition("does not conform: ")[2]


def test_a_grace_allows_what_a_server_promises(server, tmp_path):
    server.cap = lambda body: int(1.1 * body.get("nvext", {"max_thinking_tokens": 90})["max_thinking_tokens"])
    dialect = ["--dialect", "nim", "--budgets", "40"]
    assert check(server, tmp_path, *dialect)[0] == 1
    assert check(server, tmp_path, *dialect, "--grace", "0.1")[0] == 0


def test_an_empty_thought_is_not_sought_in_the_answer(server, tmp_path, tokenizer_folder):
    server.before = "and so on</think>"
    rows = check(server, tmp_path, "--tokenizer", tokenizer_folder)[1]
    assert (rows["cap 0"]["kept"], rows["cap 0"]["most_over"], rows["cap 0"]["thinks_again"]) == (3, 0, 3)


def test_thoughts_in_the_content_are_found_there(server, tmp_path, tokenizer_folder):
    server.apart = False
    server.cap = lambda body: body.get("thinking_token_budget", 100) // 2  # its tokens are half words here
    code, rows = check(server, tmp_path, "--tokenizer", tokenizer_folder)
    assert code == 0
    assert rows["no cap"]["right"] == rows["cap 1, streamed"]["right"] == 3


def test_a_thought_in_the_content_that_the_limit_cut_is_not_a_kept_cap(server, tmp_path, tokenizer_folder):
    server.apart = False
    server.cap = lambda body: 100
    code, rows = check(server, tmp_path, "--tokenizer", tokenizer_folder, "--max-tokens", "30")
    assert code == 1
    assert rows["cap 20"]["kept"] == rows["cap 1, streamed"]["kept"] == 0


def test_a_model_that_does_not_think_has_no_cap_to_keep(server, tmp_path):
    server.cap = lambda body: 0
    with pytest.raises(InputError, match="no reply has a thought"):
        check(server, tmp_path)


def test_a_server_that_does_not_tell_its_thoughts_needs_a_tokenizer(server, tmp_path):
    server.tells = False
    with pytest.raises(InputError, match="give the model's --tokenizer"):
        check(server, tmp_path)


def test_a_server_that_is_not_there_is_one_line():
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:1"):
        conformance.main(["--server", "http://127.0.0.1:1/v1", "--requests", "1"])


def test_the_cases_and_questions_are_the_same_every_time():
    assert questions(5, 0) == questions(5, 0) != questions(5, 1)
    assert [case.budget for case in cases([512, 0, 32], 100, 2)][:4] == [None, 0, 32, 512]
    assert {case.budget for case in cases([512, 0, 32], 100, 2)[4:]} == {32}
