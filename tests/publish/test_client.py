"""The client, and the model card's own example of one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from l1_verl.budget import Budget
from l1_verl.data.rows import INSTRUCTION
from publish import client
from tests.recipes.runs import card_of, write_config


@pytest.fixture
def server():
    """A server that notes what it is asked, and answers as vLLM does."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._send({"object": "list", "data": [{"id": "served", "object": "model"}]})

        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            message = {"role": "assistant", "content": "20\n</think>\n\\boxed{20}"}
            self._send({"choices": [{"index": 0, "message": message}], "usage": {"completion_tokens": 63}})

        def _send(self, content):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/v1", asked
        http.shutdown()
        thread.join()


@pytest.mark.parametrize(("flags", "budget"), [([], Budget("exact", 64)), (["--max"], Budget("max", 64))])
def test_the_client_asks_as_training_did_and_says_what_was_used(server, monkeypatch, capsys, flags, budget):
    url, asked = server
    monkeypatch.setattr(sys, "argv", ["client", "What is 7 + 8 + 5?", "--budget", "64", "--url", url, *flags])
    client.main()
    content = f"What is 7 + 8 + 5? {INSTRUCTION} {budget.sentence}"
    assert asked[0]["model"] == "served"
    assert asked[0]["messages"] == [{"role": "user", "content": content}]
    assert capsys.readouterr().out == f"\\boxed{{20}}\n{budget.mode} 64 tokens asked for, 63 used in all\n"


@pytest.mark.parametrize(
    ("flags", "sentence", "said"),
    [
        (["--budget", "0"], " Think for 0 tokens.", "exact 0 tokens"),
        (["--budget", "20-40"], " Think for between 20 and 40 tokens.", "range 20-40 tokens"),
        (["--budget", "low=512"], " Thinking effort: low.", "level low"),
        (["--budget", "none"], "", "no budget"),
    ],
)
def test_the_client_asks_for_no_thought_a_range_a_level_and_nothing(
    server, monkeypatch, capsys, flags, sentence, said
):
    url, asked = server
    monkeypatch.setattr(sys, "argv", ["client", "1 + 1", "--url", url, *flags])
    client.main()
    assert asked[0]["messages"][0]["content"] == f"1 + 1 {INSTRUCTION}{sentence}"
    closes = {"chat_template_kwargs": {"enable_thinking": False}} if "0" in flags else {}
    assert {key: asked[0][key] for key in asked[0] if key not in ("model", "messages")} == closes
    assert f"\n{said} asked for, 63 used in all" in capsys.readouterr().out


def test_a_thought_is_closed_at_a_number_only(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["client", "1 + 1", "--close", "--url", "http://127.0.0.1:9", "--budget", "none"])
    with pytest.raises(SystemExit):
        client.main()
    assert "--close needs a --budget with a number of tokens" in capsys.readouterr().err


@pytest.mark.parametrize(("flags", "limit"), [([], None), (["--close"], 64)])
def test_only_a_client_that_closes_tells_the_server_the_budget(server, monkeypatch, flags, limit):
    url, asked = server
    monkeypatch.setattr(sys, "argv", ["client", "1 + 1", "--budget", "64", "--url", url, *flags])
    client.main()
    assert asked[0].get("thinking_token_budget") == limit


@pytest.mark.parametrize(("budget", "said"), [("-5", "budget is '-5'; it must be"), ("64", "http://127.0.0.1:9/v1: ")])
def test_the_client_refuses_in_one_line(monkeypatch, capsys, budget, said):
    monkeypatch.setattr(sys, "argv", ["client", "1 + 1", "--budget", budget, "--url", "http://127.0.0.1:9/v1"])
    with pytest.raises(SystemExit) as left:
        client.main()
    assert left.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_the_card_s_own_example_asks_in_the_same_words(server, tmp_path):
    url, asked = server
    write_config(tmp_path / "run")
    example = re.search(r"```python\n(.*?)```", card_of(tmp_path / "run" / "global_step_1"), re.DOTALL)[1]
    done = subprocess.run(
        [sys.executable, "-c", example.replace("http://localhost:8000/v1", url)], capture_output=True, text=True
    )
    assert done.stdout == "20\n</think>\n\\boxed{20} 63\n", done.stderr
    assert asked[0]["messages"][0]["content"] == f"What is 7 + 8 + 5? {INSTRUCTION} Think for 64 tokens."
    assert (asked[0]["model"], asked[0]["temperature"]) == ("m", 1.0)
