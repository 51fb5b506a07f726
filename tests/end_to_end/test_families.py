"""A checkpoint of each model family, from training to an answer of `vllm serve`, by the commands of its card."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from openai import AsyncOpenAI, OpenAI
from safetensors.torch import load_file
from transformers import AutoTokenizer

from eval import conformance, generate, grade
from eval.report import __main__ as report
from l1_verl.budget import Budget
from l1_verl.data.rows import INSTRUCTION
from l1_verl.thought import require_think_end_id, thinking_tokens
from publish import export
from tests.end_to_end.conftest import BUDGETS, LCPO, ROOT, Run, asked, jsonl, make_home, rollouts, starting, steps
from tests.families import FAMILIES, QWEN3, R1_DISTILL, SMOLLM2, Family

pytestmark = pytest.mark.end_to_end

SOLUTION = 8
CLOSING = (
    "reward.reward_kwargs.count=thinking", f"{LCPO}.close_thinking=true", f"{LCPO}.solution_tokens={SOLUTION}",
)  # fmt: skip
# Besides its own tokens, each family tries a setting of the trainer that the others do not.
SETTINGS = {
    R1_DISTILL: (*CLOSING, "actor_rollout_ref.actor.checkpoint.save_contents=[model,optimizer,extra]"),
    QWEN3: (
        *CLOSING,
        "trainer.v1.trainer_mode=lcpo_colocate_async",
        "+data.apply_chat_template_kwargs.enable_thinking=true",
    ),
    SMOLLM2: ("reward.reward_kwargs.require_think_end=false",),
}
STEPS = 4
WORKERS = {R1_DISTILL: 2, QWEN3: 1, SMOLLM2: 1}


@dataclass(frozen=True)
class Trained:
    """A run of four steps that was killed after its first checkpoint, and resumed.

    Attributes:
        home: base model and data.
        folder: the run's checkpoints and metrics.
        model: the exported model.
    """

    family: Family
    home: Path
    folder: Path
    model: Path

    @property
    def export(self) -> list[str]:
        return ["--checkpoint", str(self.folder / f"global_step_{STEPS}"), "--output", str(self.model)]

    @property
    def card(self) -> str:
        return (self.model / "README.md").read_text()


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda family: family.name)
def trained(request, tmp_path_factory) -> Trained:
    family: Family = request.param
    logs = tmp_path_factory.mktemp(family.name)
    home, folder = make_home(logs / "home", family.save), logs / "run"
    settings = (
        *SETTINGS[family], *BUDGETS, f"trainer.total_training_steps={STEPS}", "trainer.save_freq=1",
        "trainer.test_freq=2", f"trainer.rollout_data_dir={folder / 'rollouts'}", "data.max_prompt_length=160",
        "actor_rollout_ref.rollout.max_model_len=256",
    )  # fmt: skip
    with starting(home, logs, NGPUS_PER_NODE=str(WORKERS[family])) as start:
        killed = start("run_l1_exact.sh", folder, *settings)
        killed.wait_for(folder / "latest_checkpointed_iteration.txt", "1")
        # verl logs a step after it has saved it.
        killed.wait_until(lambda: 1 in steps(folder), "metrics of step 1")
        killed.kill()
        assert killed.left_after(10) == []
        resumed = start("run_l1_exact.sh", folder, *settings)
        log = resumed.wait()
        assert resumed.left_after(60) == []
    assert re.search(r"setting global step to [12]\b", log)
    return Trained(family, home, folder, logs / "obedient")


@pytest.fixture(scope="module")
def exported(trained) -> Trained:
    export.main(trained.export)
    return trained


@pytest.fixture(scope="module")
def server(exported, tmp_path_factory):
    """The URL of the exported model, served by its card's command."""
    logs = tmp_path_factory.mktemp("serve")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = shlex.split(re.search(r"^(?:\w+=\w+ )*vllm serve .*$", exported.card, re.MULTILINE)[0])
    program = command.index("vllm")
    environment = dict(setting.split("=") for setting in command[:program])
    arguments = [command[program + 1], str(exported.model.parent / command[program + 2]), *command[program + 3 :]]
    # The CPU build's own `vllm` does not start; this is the same command.
    python = [sys.executable, "-m", "l1_verl.cpu", *arguments, "--port", str(port)]
    run = Run(python, logs / "log", environment | {"PYTHONPATH": str(ROOT)})
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", run)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        run.end()


def _wait_for(url: str, run: Run) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert run.process.poll() is None, run.log.read_text(errors="replace")[-6000:]
        try:
            urllib.request.urlopen(url, timeout=5)
            return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(1)
    raise AssertionError(f"no server after 300 s: {run.log.read_text(errors='replace')[-6000:]}")


def test_it_trains_with_weights_in_sync_and_closed_thoughts_keep_their_budget(trained):
    metrics = steps(trained.folder)
    assert sorted(metrics) == [1, 2, 3, STEPS]
    # The rollout's weights are those of the actor, but for a batch that was begun with older ones.
    assert metrics[1]["training/rollout_probs_diff_max"] < 1e-5
    assert all(step["lcpo/exact/mean_used"] > 0 for step in metrics.values())
    if not trained.family.closes_thoughts:
        assert metrics[1]["response_length/max"] <= 64
        return
    for step in metrics:
        # Shares and maxima over all samples: not one is longer.
        assert metrics[step]["lcpo/exact/over_budget"] == 0
        assert metrics[step]["response_length/max"] <= 40 + SOLUTION
        closed = [sample for sample in rollouts(trained.folder / "rollouts", step) if "</think>" in sample["output"]]
        # A thought closed at its budget is exactly as long as asked for.
        assert any(sample["score"] == 0 for sample in closed)
    for tokens in (41, 70):
        assert metrics[2][f"val-aux/tiny/exact-{tokens}/over_budget/mean@1"] == 0
    assert metrics[2]["val-aux/tiny/exact-41/solution_tokens/mean@1"] <= SOLUTION
    if trained.family is QWEN3:
        # One batch is always under way ahead of the one trained on: some are older than the weights they train.
        assert max(step["training/off_policy/trajectory_staleness_worst/max"] for step in metrics.values()) >= 1


def test_killed_after_a_checkpoint_it_goes_on_from_there_with_the_same_rows_and_budgets(trained, uninterrupted):
    resumed, whole = trained.folder / "rollouts", uninterrupted[0] / "rollouts"
    if trained.family is not QWEN3:
        for step in (1, 2, 3):
            assert asked(resumed, step) == asked(whole, step)
        return
    # This mode trains on what is finished first, from a window of two steps. Nothing is lost, and nothing comes twice.
    times = sum((asked(resumed, step) for step in range(1, STEPS + 1)), Counter())
    assert set(times.values()) == {4}
    assert times.total() == 4 * 4 * STEPS
    assert asked(whole, 1) + asked(whole, 2) <= times


def test_its_prompts_are_those_of_its_own_template(trained):
    tokenizer = AutoTokenizer.from_pretrained(trained.home / "base")
    asked = rollouts(trained.folder / "rollouts", 1)[0]["input"]
    assert asked.endswith(tokenizer.decode(tokenizer.encode(_generation_prompt(tokenizer)), skip_special_tokens=True))
    assert re.search(r"Think for \d+ tokens\.", asked)


def _generation_prompt(tokenizer) -> str:
    messages = [{"role": "user", "content": "?"}]
    whole, bare = (
        tokenizer.apply_chat_template(messages, add_generation_prompt=opened, tokenize=False)
        for opened in (True, False)
    )
    return whole.removeprefix(bare)


def test_its_export_has_the_trained_weights_the_tokens_of_its_base_and_a_card(exported):
    shards = {path.name for path in (exported.folder / f"global_step_{STEPS}" / "actor").glob("model_world_size_*")}
    workers = WORKERS[exported.family]
    assert shards == {f"model_world_size_{workers}_rank_{rank}.pt" for rank in range(workers)}
    assert f"| l1_exact | `base` | {STEPS} |" in exported.card
    assert "| `train.parquet` (tiny: 6,690 problems) |" in exported.card
    assert "Not measured." in exported.card
    trained, base = (load_file(folder / "model.safetensors") for folder in (exported.model, exported.home / "base"))
    assert trained.keys() == base.keys()
    assert any(not torch.equal(trained[name], base[name].bfloat16()) for name in base)
    config = json.loads((exported.model / "config.json").read_text())
    assert config["rope_theta"] == config["rope_parameters"]["rope_theta"]
    text = f"What is 7 + 8 + 5? {INSTRUCTION} {Budget('exact', 128).sentence}"
    before, after = (AutoTokenizer.from_pretrained(folder) for folder in (exported.home / "base", exported.model))
    messages = [{"role": "user", "content": text}]
    rendered = [t.apply_chat_template(messages, add_generation_prompt=True)["input_ids"] for t in (before, after)]
    assert rendered[0] == rendered[1]
    assert after.eos_token == exported.family.settings["eos_token"] or after.eos_token == before.eos_token


def test_the_server_closes_its_thought_at_the_budget(exported, server):
    command = [sys.executable, "-m", "publish.client", "What is 7 + 8 + 5?", "--budget", "8", "--url", server]
    command += ["--close"] if exported.family.closes_thoughts else []
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr
    assert re.search(r"^exact 8 tokens asked for, \d+ used in all$", asked.stdout, re.MULTILINE)
    if not exported.family.closes_thoughts:
        return
    tokenizer = AutoTokenizer.from_pretrained(exported.model)
    think, think_end = tokenizer.convert_tokens_to_ids("<think>"), require_think_end_id(tokenizer)
    opened_by_prompt = _opens_thought(exported)
    # An untrained model does not close a thought within eight tokens, nor does it open one by itself.
    bias = {} if opened_by_prompt else {str(think): 100}
    for budget in (1, 8):
        ids = _answer(server, budget, bias)
        assert think_end in ids
        # vLLM counts from after <think>. R1's template ends with it and a line break, which is a token of its own.
        assert thinking_tokens(ids, think_end) == (budget if opened_by_prompt else budget + 2)


def test_a_cap_that_the_server_keeps_is_found_to_be_kept(exported, server, tmp_path):
    if not exported.family.closes_thoughts or not _opens_thought(exported):
        return  # nothing to cap: an untrained model opens no thought by itself
    table = tmp_path / "table.json"
    conformance.main([
        "--server", server, "--tokenizer", str(exported.model), "--budgets", "1", "8", "--requests", "2",
        "--together", "4", "--long-prompt", "10", "--max-tokens", "40", "--output", str(table),
    ])  # fmt: skip
    rows = {row["name"]: row for row in json.loads(table.read_text())}
    assert rows.keys() == {
        "no cap", "cap 1", "cap 8", "cap 8, streamed", "cap 8, long prompt", "cap 8, 4 at once",
        "cap 8, with a penalty",
    }  # fmt: skip
    capped = [row for row in rows.values() if row["budget"] is not None]
    assert all((row["kept"], row["most_over"]) == (row["n"], 0) for row in capped)
    assert rows["cap 8"]["at_the_cap"] > 0


def _opens_thought(exported) -> bool:
    return _generation_prompt(AutoTokenizer.from_pretrained(exported.model)).rstrip().endswith("<think>")


def test_the_server_survives_more_seeded_prompts_than_fit_into_one_step(exported, server):
    async def asked() -> list[int]:
        client = AsyncOpenAI(base_url=server, api_key="none")
        model = (await client.models.list()).data[0].id
        prompts = [[1 + (7 * number + place) % 200 for place in range(60)] for number in range(64)]
        replies = await asyncio.gather(
            *(client.completions.create(model=model, prompt=prompt, max_tokens=4, seed=1) for prompt in prompts)
        )
        return [reply.usage.completion_tokens for reply in replies]

    assert len(asyncio.run(asked())) == 64


def _answer(url: str, budget: int, bias: dict[str, int]) -> list[int]:
    """The tokens of one answer whose thought vLLM's own server is to close at ``budget``."""
    client = OpenAI(base_url=url, api_key="none")
    reply = client.chat.completions.create(
        model=client.models.list().data[0].id,
        messages=[{"role": "user", "content": f"What is 7 + 8 + 5? {INSTRUCTION} {Budget('exact', budget).sentence}"}],
        max_tokens=32,
        logit_bias=bias,
        extra_body={"thinking_token_budget": budget, "return_token_ids": True},
    )
    return list(reply.choices[0].token_ids)


def test_what_is_measured_through_the_server_goes_into_the_card_of_the_very_same_weights(
    exported, server, tmp_path, capsys
):
    samples, graded, drawn = (tmp_path / name for name in ("samples.jsonl", "graded.jsonl", "report"))
    ask = [
        "--model", str(exported.model), "--tokenizer", str(exported.model), "--engine", "openai", "--server", server,
        "--samples", "1", "--data", str(exported.home / "data" / "validation.parquet"), "--max-tokens", "64",
        "--output", str(samples),
    ]  # fmt: skip
    # `thinking-cap` of our own engines works with tags of several tokens; a server counts tokens of `</think>`.
    closing = ["--strategy", "thinking-cap", "--solution-tokens", "12"] if exported.family.closes_thoughts else []
    counted = "thinking" if exported.family.closes_thoughts else "response"
    generate.main([*ask, *closing])
    grade.main([str(samples), "--output", str(graded)])
    report.main([
        "--runs", f"served={graded}", "--output", str(drawn), "--resamples", "100", "--count", counted,
    ])  # fmt: skip
    for sample in jsonl(graded):
        if exported.family.closes_thoughts:
            assert sample["thinking_tokens"] <= min(sample["budget"]["tokens"], 64 - 12)
            assert sample["solution_tokens"] <= 12
    export.main([*exported.export, "--report", str(drawn / "results.json"), "--overwrite"])
    assert "openai engine; of these weights." in exported.card
    assert f"| tokens {'of the thought' if counted == 'thinking' else 'used'} |" in exported.card
    assert re.search(r"^\| tiny \| exact 128 \| [\d.]+ \[", exported.card, re.MULTILINE)
