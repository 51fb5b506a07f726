"""The recipe with `echo` for Python: what it would run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments, **knobs):
    environment = os.environ | {"PYTHON": "echo"} | knobs
    return subprocess.run(
        ["bash", "eval/run_paper.sh", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def commands(*arguments, **knobs):
    done = run(*arguments, **knobs)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_papers_protocol_is_seven_benchmarks_four_budgets_and_two_modes(tmp_path):
    said = commands("some/model", DATA_DIR=str(tmp_path))
    prepared = [line for line in said if line.startswith("data_prep/")]
    assert len(prepared) == 14
    assert all(line.endswith("--budgets 512 1024 2048 3600") for line in prepared)
    exact, maximum = (line for line in said if line.startswith("-m eval.generate"))
    assert "--samples 16 --temperature 0.6 --top-p 0.95 --max-tokens 8192 --max-budget-multiple 2" in exact
    assert "--max-budget-multiple" not in maximum
    assert all("--require-think-end" in line for line in said if line.startswith("-m eval.grade"))
    untagged = commands("some/model", DATA_DIR=str(tmp_path), REQUIRE_THINK_END="0")
    assert not any("--require-think-end" in line for line in untagged)
    assert said[-1].startswith("-m eval.report --runs exact=outputs/eval/model/exact/graded.jsonl max=")


def test_baselines_are_four_runs_more_and_the_papers_own_draws_once(tmp_path):
    said = commands("some/model", "--tensor-parallel", "2", DATA_DIR=str(tmp_path), BASELINE_MODEL="base")
    generated = [line for line in said if line.startswith("-m eval.generate")]
    assert len(generated) == 6
    assert all(" --tensor-parallel 2" in line for line in generated)
    [paper] = [line for line in generated if "s1-paper" in line]
    assert "--model base" in paper
    assert "--samples 1 " in paper


def test_a_strategy_of_the_callers_is_the_models_and_never_a_baselines(tmp_path):
    said = commands("some/model", "--strategy", "hard-cap", DATA_DIR=str(tmp_path), BASELINE_MODEL="base")
    last = [line.rpartition("--strategy ")[2] for line in said if line.startswith("-m eval.generate")]
    assert sorted(last) == ["hard-cap", "hard-cap", "plain", "s1-paper", "s1-truncate", "s1-wait"]


def prepared(folder, **knobs):
    said = commands("m", DATA_DIR=str(folder), BENCHMARKS="amc", **knobs)
    return [line for line in said if line.startswith("data_prep/")]


def test_data_that_is_there_is_kept(tmp_path):
    (tmp_path / "amc-exact-512-1024.parquet").touch()
    (tmp_path / "amc-none.parquet").touch()
    assert not prepared(tmp_path, MODES="exact none", BUDGETS="512 1024")


def test_the_rows_of_a_trial_with_one_budget_do_not_stand_in_for_all_four(tmp_path):
    (tmp_path / "amc-exact-512.parquet").touch()
    [line] = prepared(tmp_path, MODES="exact")
    assert f"{tmp_path}/amc-exact-512-1024-2048-3600.parquet" in line


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("outputs/gpu/l1_max/global_step_120/actor/huggingface", "l1_max-global_step_120"),
        ("/scratch/run one/global_step_7/actor/huggingface/", "run one-global_step_7"),
        ("l3lab/L1-Qwen-1.5B-Max", "L1-Qwen-1.5B-Max"),
        ("exports/huggingface", "huggingface"),
    ],
)
def test_outputs_are_named_after_the_run_and_step_of_a_checkpoint_and_else_the_folder(tmp_path, model, name):
    said = commands(model, DATA_DIR=str(tmp_path))
    generated = [line for line in said if line.startswith("-m eval.generate")]
    assert all(f"--output outputs/eval/{name}/" in line for line in generated)
    assert said[-1].endswith(f"--title {name}")


SERVED = ("--engine", "openai", "--server", "http://a/v1", "--tokenizer", "some/model")


@pytest.mark.parametrize("server", [("--server", "http://a/v1"), ("--server=http://a/v1",)])
def test_a_server_of_the_model_is_not_asked_for_the_baseline(tmp_path, server):
    done = run("some/model", "--engine", "openai", *server, DATA_DIR=str(tmp_path), BASELINE_MODEL="base")
    assert (done.returncode, done.stdout) == (2, "")
    assert "set BASELINE_SERVER to the URL that serves base" in done.stderr
    assert commands("some/model", "--engine", "openai", *server, DATA_DIR=str(tmp_path))


def test_baselines_go_to_their_own_server_with_their_own_tokenizer(tmp_path):
    said = commands(
        "some/model", *SERVED, DATA_DIR=str(tmp_path), BASELINE_MODEL="base", BASELINE_SERVER="http://b/v1"
    )
    for line in said:
        if line.startswith("-m eval.generate"):
            last = {flag: line.rpartition(f"{flag} ")[2].split()[0] for flag in ("--model", "--server", "--tokenizer")}
            ours = {"--model": "some/model", "--server": "http://a/v1", "--tokenizer": "some/model"}
            theirs = {"--model": "base", "--server": "http://b/v1", "--tokenizer": "base"}
            assert last == (theirs if "--model base" in line else ours)
    assert sum("--model base" in line for line in said) == 4


@pytest.mark.parametrize("arguments", [[], ["--tensor-parallel", "2"]])
def test_without_a_model_it_says_how_it_is_used(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr
