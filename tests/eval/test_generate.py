from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eval import generate
from eval.chat import Chat
from eval.engines import Completion, vllm_engine
from eval.files import LineLog, Wanted, read_config, read_lines
from eval.loop import responses
from eval.samples import samples_of
from eval.strategies import Response, Sampling
from eval.strategies.plain import plain
from eval.strategies.registry import STRATEGIES
from l1_verl.budget import Budget
from l1_verl.cli import EngineError, InputError, RefusedError
from tests.signals import kill_when

ROOT = Path(__file__).resolve().parents[2]


class FailingEngine:
    """Answers everything but one request; takes three at once."""

    chat = None
    capacity = 3

    def __init__(self, failing: int) -> None:
        self.failing, self.waiting, self.submitted = failing, [], 0

    def submit(self, key, request):
        self.submitted += 1
        assert len(self.waiting) < self.capacity
        self.waiting.append(key)

    def poll(self):
        key = self.waiting.pop(0)
        return [(key, EngineError("gone") if key == self.failing else Completion(1, None, "text", stopped=True))]

    def close(self):
        pass


def test_a_failing_request_ends_the_run_after_those_under_way(row):
    engine = FailingEngine(failing=4)
    samples = samples_of([row(n) for n in range(20)], 1, "config", 0)
    with pytest.raises(EngineError, match="gone"):
        list(responses(samples, partial(plain, sampling=Sampling()), engine))
    assert engine.submitted == 7  # 0 to 4, and 5 and 6 that were under way when 4 failed


class RefusingEngine(FailingEngine):
    """Refuses some requests and answers the others."""

    def __init__(self, refused) -> None:
        super().__init__(failing=-1)
        self.refused = refused

    def poll(self):
        [(key, outcome)] = super().poll()
        return [(key, RefusedError("too long") if key in self.refused else outcome)]


def test_a_refused_request_costs_its_own_sample_alone(row):
    samples, refused = samples_of([row(n) for n in range(20)], 1, "config", 0), []
    found = responses(samples, partial(plain, sampling=Sampling()), RefusingEngine({4, 9}), refused)
    assert [sample.row_id for sample, _ in found] == [f"row-{n}" for n in range(20) if n not in (4, 9)]
    assert refused == ["tiny, row row-4: too long", "tiny, row row-9: too long"]


@pytest.mark.parametrize(("first", "ends"), [(19, False), (20, True)])
def test_a_run_whose_first_twenty_requests_are_refused_ends(row, first, ends):
    engine, refused = RefusingEngine(set(range(first))), []
    samples = samples_of([row(n) for n in range(40)], 1, "config", 0)
    found = responses(samples, partial(plain, sampling=Sampling()), engine, refused)
    if ends:
        with pytest.raises(EngineError, match="too long"):
            list(found)
    else:
        assert len(list(found)) == 40 - first


def test_what_was_under_way_at_a_failure_is_handed_out(row):
    samples = samples_of([row(n) for n in range(20)], 1, "config", 0)
    finished = []

    def collect():
        for sample, _ in responses(samples, partial(plain, sampling=Sampling()), FailingEngine(failing=4)):
            finished.append(sample.row_id)

    with pytest.raises(EngineError):
        collect()
    assert finished == [f"row-{n}" for n in (0, 1, 2, 3, 5, 6)]


@pytest.fixture
def data(row, tmp_path) -> Path:
    rows = [row(n, Budget("exact", tokens)) for tokens in (40, 80) for n in range(20)]
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--samples", "0"], "--samples is 0"),
        (["--temperature", "-1"], "--temperature is -1.0"),
        (["--top-p", "0"], "--top-p is 0.0"),
        (["--top-p", "nan"], "--top-p is nan"),
        (["--temperature", "nan"], "--temperature is nan"),
        (["--max-budget-multiple", "nan"], "--max-budget-multiple is nan"),
        (["--max-budget-multiple", "inf"], "--max-budget-multiple is inf"),
        (["--request-timeout", "0"], "--request-timeout is 0.0"),
        (["--strategy", "thinking-cap", "--solution-tokens", "0"], "--solution-tokens is 0"),
        (["--strategy", "thinking-cap", "--solution-tokens", "9", "--max-tokens", "9"], "leaves no thinking"),
        (
            ["--strategy", "thinking-cap", "--max-budget-multiple", "2"],
            "thinking-cap has no use for .it takes --solution-tokens",
        ),
        (["--solution-tokens", "9"], "use --strategy thinking-cap"),
        (["--answer-tokens", "9"], "use --strategy hard-cap, s1-truncate, s1-wait"),
        (["--engine", "openai"], "needs --server"),
        (["--engine", "openai", "--server", "http://x", "--strategy", "s1-wait"], "needs --tokenizer"),
    ],
)
def test_arguments_that_cannot_work_are_refused_before_anything_is_loaded(data, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        generate.main(["--model", "m", "--data", str(data), "--output", str(tmp_path / "s.jsonl"), *arguments])
    assert not (tmp_path / "s.jsonl").exists()


def test_overwriting_with_a_model_that_is_not_there_costs_no_sample(data, tmp_path):
    output = tmp_path / "samples.jsonl"
    with LineLog(output, {"model": "before"}) as log:
        log.append({"id": "a", "row_id": "b", "response": "c"})
    missing = tmp_path / "no-model"
    with pytest.raises(InputError, match=r"no tokenizer at .*no-model \(no folder here\)"):
        generate.main(["--model", str(missing), "--data", str(data), "--output", str(output), "--overwrite"])
    assert [sample["id"] for sample in read_lines(output)] == ["a"]
    assert read_config(output) == {"model": "before"}


def test_the_data_itself_is_not_overwritten_with_samples(data):
    before = data.read_bytes()
    with pytest.raises(InputError, match="exists and holds no samples"):
        generate.main(["--model", "m", "--data", str(data), "--output", str(data), "--overwrite"])
    assert data.read_bytes() == before


def test_forcing_a_budget_on_rows_without_one_is_refused(row, tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist([row(1)]), path)
    with pytest.raises(InputError, match="needs a budget"):
        generate.main(
            ["--model", "m", "--data", str(path), "--output", str(tmp_path / "s.jsonl"), "--strategy", "hard-cap"]
        )


def command(model: Path, data: Path, output: Path, *more: str) -> list[str]:
    fixed = ["--model", str(model), "--data", str(data), "--output", str(output), "--max-tokens", "300"]
    return [sys.executable, "-m", "eval.generate", *fixed, "--samples", "4", *more]


@pytest.fixture(scope="module")
def random_model(tmp_path_factory) -> Path:
    """A Qwen2 with random weights and the tiny tokenizer: its text is noise, its engine the real one."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    from recipes.tiny.tokenizer import build_tokenizer

    folder = tmp_path_factory.mktemp("model")
    tokenizer = build_tokenizer()
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_more_samples_of_a_row_render_its_prompt_no_more_often(random_model, data, tmp_path, monkeypatch):
    rendered = Counter()

    class Begun(Exception):
        """What was to be done before the engine starts is done."""

    def begin(*_, **__):
        raise Begun

    def render(chat, messages, **closed):
        rendered[samples] += 1
        return plainly(chat, messages, **closed)

    plainly = Chat.render
    monkeypatch.setattr(Chat, "render", render)
    monkeypatch.setattr(vllm_engine, "VLLMEngine", begin)
    for samples in (1, 16):
        output = tmp_path / f"{samples}.jsonl"
        arguments = ["--model", str(random_model), "--data", str(data), "--output", str(output)]
        with pytest.raises(Begun):
            generate.main([*arguments, "--max-tokens", "300", "--samples", str(samples)])
    assert rendered[1] == rendered[16] > 0


@pytest.mark.end_to_end
def test_a_killed_run_goes_on_where_it_was_and_repeats_nothing(random_model, data, tmp_path):
    output = tmp_path / "samples.jsonl"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    arguments = command(random_model, data, output)
    # On few cores 160 samples of up to 300 tokens take long enough to be met half way.
    said = kill_when(
        lambda: output.exists() and output.read_bytes().count(b"\n") >= 3, arguments, cwd=ROOT, env=environment
    )
    before = list(read_lines(output))
    assert 3 <= len(before) < 160, said
    assert Wanted(output).read() == 160
    output.write_bytes(output.read_bytes() + b'{"id": "cut')

    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    after = list(read_lines(output))
    assert after[: len(before)] == before
    assert len({sample["id"] for sample in after}) == len(after) == 160
    assert Wanted(output).read() is None
    assert Counter(sample["data_source"] for sample in after) == {"tiny/exact-40": 80, "tiny/exact-80": 80}
    for sample in after:
        assert sample["used_tokens"] == sample["thinking_tokens"] + sample["solution_tokens"]
        assert sample["used_tokens"] <= 300
        assert sample["truncated"] is (sample["used_tokens"] == 300)

    again = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (again.returncode, "all 160 samples are there" in again.stdout) == (0, True)
    changed = subprocess.run(
        [*arguments, "--temperature", "1.0"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert changed.returncode == 2
    assert "temperature was 0.6, is 1.0" in changed.stderr
    assert "Traceback" not in changed.stderr
    assert list(read_lines(output)) == after


@pytest.fixture
def environment_as_before():
    """The engine sets variables for the machine; tests after this one start processes that must not see them."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.end_to_end
@pytest.mark.usefixtures("environment_as_before")
def test_every_strategy_runs_on_the_real_engine_and_forcing_keeps_its_budget(random_model, row):
    from eval.engines.vllm_engine import VLLMEngine

    engine = VLLMEngine(str(random_model), Chat.load(str(random_model)), context=400)
    samples = samples_of([row(n, Budget("exact", tokens)) for tokens in (32, 64) for n in range(4)], 1, "config", 0)
    try:
        for name, strategy in STRATEGIES.items():
            sampling = Sampling(max_tokens=100, context=engine.context, answer_tokens=8)
            results = list(responses(samples, partial(strategy, sampling=sampling), engine))
            assert sorted(sample.id for sample, _ in results) == sorted(sample.id for sample in samples)
            for sample, response in results:
                extra = {"plain": 100 - sample.budget.tokens, "s1-paper": 20}.get(name, 0)
                counted = response.thinking_tokens if name == "thinking-cap" else response.used_tokens
                assert 1 <= counted <= sample.budget.tokens + extra
                assert response.used_tokens <= 100
                assert json.dumps(response.text)
    finally:
        engine.close()


#: In a process of its own, since what vLLM sets when it is imported is not for the tests after this one.
_DEATH = """
from vllm.v1.engine.exceptions import EngineDeadError
from l1_verl import cli
from eval.engines import Request
from eval.engines.vllm_engine import VLLMEngine

class Dead:
    def step(self):
        raise EngineDeadError()
    def add_request(self, *_):
        raise EngineDeadError()

engine = VLLMEngine.__new__(VLLMEngine)
engine._engine = Dead()
try:
    engine.submit(0, Request([1], 1, 0.6, 0.95, seed=0))
except cli.EngineError as error:
    print(error)
cli.run(engine.poll, "eval.generate")
"""


@pytest.mark.end_to_end
def test_an_engine_process_that_died_is_one_line_and_not_a_traceback():
    dead = subprocess.run([sys.executable, "-c", _DEATH], cwd=ROOT, capture_output=True, text=True)
    assert dead.stdout.splitlines()[-1].startswith("vLLM stopped: EngineCore encountered an issue")
    assert dead.stderr.splitlines()[-1].startswith("eval.generate: engine failed: vLLM stopped: EngineCore")
    assert (dead.returncode, "Traceback" in dead.stderr) == (1, False)


@pytest.mark.parametrize(
    ("longest", "warned"), [("80", ""), ("79", "budgets of 80 tokens are above the longest response (79)")]
)
def test_budgets_that_no_response_can_reach_are_told(data, tmp_path, capsys, longest, warned):
    arguments = ["--model", str(tmp_path / "none"), "--data", str(data), "--output", str(tmp_path / "s.jsonl")]
    with pytest.raises(InputError, match="no tokenizer"):
        generate.main([*arguments, "--max-tokens", longest])
    said = capsys.readouterr().err
    assert warned in said
    assert bool(said) == bool(warned)


def test_half_a_surrogate_pair_of_a_server_can_be_stored(row):
    [sample] = samples_of([row(1)], 1, "config", 0)
    record = generate.record_of(sample, Response("x\ud800y", 3, None, 0, True, 1))
    assert json.loads(json.dumps(record))["response"].encode() == "x\ufffdy".encode()
