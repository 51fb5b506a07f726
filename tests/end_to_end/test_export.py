"""From the real trainer's checkpoint to an answer of `vllm serve`, on CPU, by the commands that the card prints."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import torch
from openai import OpenAI
from safetensors.torch import load_file
from transformers import AutoTokenizer

from data_prep.rows import INSTRUCTION
from eval import generate, grade
from eval.report import __main__ as report
from l1_verl.budget import Budget
from l1_verl.response import require_think_end_id, thinking_tokens
from recipes import export
from tests.end_to_end.conftest import ROOT, Run, steps

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def serve(tmp_path):
    """Runs a card's serve command in the folder beside the model; yields the URL."""
    runs = []

    def start(command: str, folder: Path) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        program, *arguments = shlex.split(command)
        assert program == "vllm"
        arguments[1] = str(folder / arguments[1])
        # The CPU build's own `vllm` does not start; this is the same command.
        python = [sys.executable, "-m", "l1_verl.cpu", *arguments, "--port", str(port)]
        runs.append(Run(python, tmp_path / "serve.log", {"PYTHONPATH": str(ROOT)}))
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            assert runs[-1].process.poll() is None, runs[-1].log.read_text(errors="replace")[-6000:]
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                return f"http://127.0.0.1:{port}/v1"
            except (urllib.error.URLError, TimeoutError):
                time.sleep(1)
        raise AssertionError(f"no server after 300 s: {runs[-1].log.read_text(errors='replace')[-6000:]}")

    yield start
    for run in runs:
        run.end()


def answer_of(url: str, budget: int) -> list[int]:
    """The tokens of one answer whose thought vLLM's own server is to close at ``budget``."""
    client = OpenAI(base_url=url, api_key="none")
    reply = client.chat.completions.create(
        model=client.models.list().data[0].id,
        messages=[{"role": "user", "content": f"What is 7 + 8 + 5? {INSTRUCTION} {Budget('exact', budget).sentence}"}],
        extra_body={"thinking_token_budget": budget, "return_token_ids": True},
    )
    return list(reply.choices[0].token_ids)


def test_what_two_training_workers_saved_in_parts_is_exported_served_asked_and_measured(
    start, serve, tmp_path, tiny, monkeypatch
):
    monkeypatch.setenv("NGPUS_PER_NODE", "2")
    run = start(
        "run_l1_exact.sh",
        tmp_path / "run",
        "trainer.total_training_steps=2",
        "trainer.save_freq=2",
        "actor_rollout_ref.actor.checkpoint.save_contents=[model,optimizer,extra]",
        "reward.reward_kwargs.count=thinking",
        "actor_rollout_ref.rollout.agent.default_agent_loop=lcpo",
        "actor_rollout_ref.rollout.custom.lcpo.close_thinking=true",
    )
    run.wait()
    assert run.left_after(60) == []
    for step in (metrics := steps(tmp_path / "run")).values():
        assert step["training/rollout_probs_diff_max"] < 1e-5
        assert step["lcpo/exact/mean_used"] > 0
    assert sorted(metrics) == [1, 2]
    checkpoint, model = tmp_path / "run" / "global_step_2", tmp_path / "obedient"
    shards = {path.name for path in (checkpoint / "actor").glob("model_world_size_*")}
    assert shards == {f"model_world_size_2_rank_{rank}.pt" for rank in range(2)}
    assert not list((checkpoint / "actor" / "huggingface").glob("*.safetensors"))
    arguments = ["--checkpoint", str(checkpoint), "--output", str(model)]
    export.main(arguments)
    card = (model / "README.md").read_text()
    assert (
        "| l1_exact | `base` | 2 | 40 to 128, uniform | exact 100 % | `train.parquet` (tiny: 6,690 problems) |" in card
    )
    assert "Not measured." in card
    trained, base = load_file(model / "model.safetensors"), load_file(tiny / "base" / "model.safetensors")
    assert trained.keys() == base.keys()
    assert any(not torch.equal(trained[name], base[name].bfloat16()) for name in base)

    url = serve(re.search(r"^vllm serve .*$", card, re.MULTILINE)[0], tmp_path)
    command = [sys.executable, "-m", "recipes.client", "What is 7 + 8 + 5?", "--budget", "8", "--close", "--url", url]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr
    assert re.search(r"^exact 8 tokens asked for, \d+ used in all$", asked.stdout, re.MULTILINE)
    tokenizer = AutoTokenizer.from_pretrained(model)
    think_end = require_think_end_id(tokenizer)
    # An untrained model does not close a thought within eight tokens; this template's prompt ends with "<think>\n".
    for budget in (1, 8):
        ids = answer_of(url, budget)
        assert think_end in ids
        assert thinking_tokens(ids, think_end) == budget

    # What is measured through the server goes into the card of the very same weights.
    samples, graded, drawn = (tmp_path / name for name in ("samples.jsonl", "graded.jsonl", "report"))
    generate.main([
        "--model", str(model), "--tokenizer", str(model), "--engine", "openai", "--server", url, "--samples", "1",
        "--data", str(tiny / "data" / "validation.parquet"), "--max-tokens", "64", "--output", str(samples),
        "--strategy", "thinking-cap", "--solution-tokens", "12",
    ])  # fmt: skip
    grade.main([str(samples), "--output", str(graded)])
    report.main([
        "--runs", f"served={graded}", "--output", str(drawn), "--resamples", "100", "--count", "thinking",
    ])  # fmt: skip
    for line in graded.read_text().splitlines():
        sample = json.loads(line)
        assert sample["thinking_tokens"] <= min(sample["budget"]["tokens"], 64 - 12)
        assert sample["solution_tokens"] <= 12
    export.main([*arguments, "--report", str(drawn / "results.json"), "--overwrite"])
    card = (model / "README.md").read_text()
    assert "openai engine; of these weights." in card
    assert "| tokens of the thought |" in card
    assert re.search(r"^\| tiny \| exact 128 \| [\d.]+ \[", card, re.MULTILINE)
