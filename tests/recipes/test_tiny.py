"""The embedded profile: its arithmetic, its tokenizer, its supervised stage and its files."""

from __future__ import annotations

import random

import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from l1_verl import cli
from l1_verl.budget import Budget
from l1_verl.grading import grade
from recipes.tiny import build, pretrain, unseen
from recipes.tiny.arithmetic import Sum, all_sums, split
from recipes.tiny.data import EVAL_BUDGETS, parts, write_benchmark
from recipes.tiny.tokenizer import EOS

sums = st.lists(st.integers(1, 9), min_size=3, max_size=4).map(lambda operands: Sum(tuple(operands)))
budgets = st.none() | st.builds(Budget, st.sampled_from(["exact", "max"]), st.integers(40, 128))


@given(problem=sums, plan=st.integers(36, 144), budget=budgets)
def test_a_response_is_right_and_as_long_as_planned(tokenizer, problem, plan, budget):
    response = problem.response(plan, budget)
    used = len(tokenizer(response + EOS, add_special_tokens=False).input_ids)
    assert abs(used - plan) <= 2
    assert grade(response, problem.answer, require_think_end=True).correct


def test_every_budget_can_be_met_by_every_problem():
    assert max(problem.shortest for problem in all_sums()) <= min(EVAL_BUDGETS)


@given(seed=st.integers(0, 9))
def test_held_out_problems_are_never_trained_on(seed):
    training, held_out = split(seed, 600)
    assert not set(training) & set(held_out)
    assert len(held_out) == 600


def test_the_tokenizer_is_the_same_after_it_was_saved_with_the_model(tokenizer, tmp_path):
    pretrain.new_model(tokenizer, 0).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    text = Sum((9, 8, 7, 5)).response(100, Budget("max", 64)) + EOS
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded(text).input_ids == tokenizer(text).input_ids
    assert loaded.decode(loaded(text).input_ids) == text


def test_the_model_has_at_most_3_million_parameters(tokenizer):
    assert sum(p.numel() for p in pretrain.new_model(tokenizer, 0).parameters()) < 3e6


def test_supervision_starts_obedient_and_ends_nearly_free():
    assert pretrain.obedience(0) == 1
    assert pretrain.obedience(pretrain.STEPS) == pytest.approx(pretrain.OBEDIENCE)
    shares = [pretrain.obedience(step) for step in range(pretrain.STEPS)]
    assert shares == sorted(shares, reverse=True)


@given(seed=st.integers(0, 10_000))
def test_an_obedient_example_meets_an_exact_budget_and_keeps_a_maximum(tokenizer, seed):
    problem, budget, plan = pretrain.example(all_sums(), random.Random(seed), 1)
    if budget is None:
        return
    used = len(tokenizer(problem.response(plan, budget) + EOS, add_special_tokens=False).input_ids)
    if budget.mode == "exact":
        assert abs(used - budget.tokens) <= 2
    else:
        assert budget.tokens - 16 <= used <= budget.tokens


@pytest.mark.parametrize(("mode", "opening"), [("exact", "64=36\n"), ("max", "64>36\n")])
def test_a_thought_opens_with_what_was_asked_and_what_is_planned(mode, opening):
    assert Sum((7, 8, 5)).response(36, Budget(mode, 64)).startswith(opening)


def test_an_interrupted_supervised_stage_ends_with_the_weights_of_an_uninterrupted_one(
    tokenizer, tmp_path, monkeypatch
):
    monkeypatch.setattr(pretrain, "SAVE_EVERY", 2)
    monkeypatch.setattr(pretrain, "BATCH", 4)
    problems, _ = split(0, 600)

    def train(steps, state):
        monkeypatch.setattr(pretrain, "STEPS", steps)
        torch.manual_seed(0)
        model = pretrain.new_model(tokenizer, 0)
        pretrain.pretrain(model, tokenizer, problems, 0, state)
        return model.state_dict()

    whole = train(4, tmp_path / "whole.pt")
    real, calls = pretrain._batch, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(pretrain, "_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(4, tmp_path / "cut.pt")
    resumed = train(4, tmp_path / "cut.pt")
    assert len(calls) == 4 + 2
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def code_of(main) -> int:
    """A command's exit code."""
    with pytest.raises(SystemExit) as left:
        cli.run(main, "tiny")
    return left.value.code


def test_an_interrupted_build_goes_on_with_its_own_seed_and_refuses_another(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pretrain, "STEPS", 4)
    monkeypatch.setattr(pretrain, "SAVE_EVERY", 2)
    monkeypatch.setattr(pretrain, "BATCH", 4)

    def run(seed):
        monkeypatch.setattr("sys.argv", ["build", "--output", str(tmp_path / "tiny"), "--seed", str(seed)])
        return code_of(build.main)

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(build, "pretrain", stop)
        assert run(3) == 130
    capsys.readouterr()
    train = tmp_path / "tiny" / "data" / "train.parquet"
    before = train.read_bytes()
    assert run(1) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "of seed 3, not of seed 1; finish it with SEED=3, or set OUTPUTS to another folder" in said
    assert run(3) == 0
    assert train.read_bytes() == before
    assert (tmp_path / "tiny" / "base" / "config.json").is_file()


def test_a_build_that_is_whole_is_used_by_any_seed_and_completed_by_its_own_only(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pretrain, "STEPS", 1)
    monkeypatch.setattr(pretrain, "BATCH", 4)

    def run(seed):
        monkeypatch.setattr("sys.argv", ["build", "--output", str(tmp_path), "--seed", str(seed)])
        return code_of(build.main)

    assert [run(0), run(1)] == [0, 0]
    (tmp_path / "data" / "test_max.parquet").unlink()
    assert [run(1), run(0), run(1)] == [2, 0, 0]
    (tmp_path / "data" / "test_max.parquet").unlink()
    (tmp_path / "seed.txt").unlink()
    capsys.readouterr()
    assert run(0) == 2
    assert "whose seed is not recorded" in capsys.readouterr().err


def test_the_benchmark_asks_every_problem_at_every_budget_and_names_it_in_its_source(tmp_path):
    write_benchmark(
        tmp_path / "test.parquet", [Sum((1, 2, 3)), Sum((4, 5, 6))], [Budget("exact", n) for n in EVAL_BUDGETS]
    )
    rows = pq.read_table(tmp_path / "test.parquet").to_pylist()
    assert len(rows) == 2 * len(EVAL_BUDGETS)
    assert {(row["data_source"], row["extra_info"]["budget"]["tokens"]) for row in rows} == {
        (f"tiny/exact-{tokens}", tokens) for tokens in EVAL_BUDGETS
    }


def ask_unseen(monkeypatch, folder, *arguments):
    monkeypatch.setattr(
        "sys.argv", ["unseen", "--build", str(folder), "--output", str(folder / "x.parquet"), *arguments]
    )
    return code_of(unseen.main)


def test_unseen_problems_come_at_any_budget_from_the_part_that_the_build_s_seed_held_out(tmp_path, monkeypatch):
    (tmp_path / "seed.txt").write_text("3\n")
    arguments = ["--budgets", "36", "199", "--mode", "max", "--problems", "5"]
    assert ask_unseen(monkeypatch, tmp_path, *arguments) == 0
    write_benchmark(tmp_path / "expected.parquet", parts(3)[2][:5], [Budget("max", 36), Budget("max", 199)])
    assert pq.read_table(tmp_path / "x.parquet").equals(pq.read_table(tmp_path / "expected.parquet"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--budgets", "35"], "--budgets 35 is outside 36"),
        (["--budgets", "64", "200"], "--budgets 200 is outside"),
        (["--budgets", "few"], "--budgets: budget is 'few'"),
        (["--budgets", "64", "64"], "64 64 names one twice"),
        (["--budgets", "64", "--problems", "0"], "--problems 0 is not one of 1 to 400"),
        (["--budgets", "64", "--problems", "401"], "--problems 401 is not one of 1 to 400"),
    ],
)
def test_unseen_problems_that_cannot_be_asked_are_refused_in_one_line(tmp_path, monkeypatch, capsys, arguments, says):
    (tmp_path / "seed.txt").write_text("0\n")
    assert ask_unseen(monkeypatch, tmp_path, *arguments) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not (tmp_path / "x.parquet").exists()


def test_unseen_problems_replace_no_file_and_need_a_build(tmp_path, monkeypatch, capsys):
    assert ask_unseen(monkeypatch, tmp_path, "--budgets", "64") == 2
    assert "has no seed.txt; make the model first" in capsys.readouterr().err
    (tmp_path / "seed.txt").write_text("0\n")
    (tmp_path / "x.parquet").write_text("mine")
    assert ask_unseen(monkeypatch, tmp_path, "--budgets", "64") == 2
    assert "exists; remove it, or name another file" in capsys.readouterr().err
    assert (tmp_path / "x.parquet").read_text() == "mine"


def test_examples_follow_the_stated_mixture():
    rng = random.Random(0)
    problems, _ = split(0, 600)
    drawn = [pretrain.example(problems, rng, 0.5) for _ in range(4000)]
    asked = [(budget, budget.tokens - plan) for _, budget, plan in drawn if budget is not None]
    assert abs(len(asked) / len(drawn) - 0.95) < 0.02
    exact, most = ([below for budget, below in asked if budget.mode == mode] for mode in ("exact", "max"))
    assert abs(len(exact) / len(drawn) - 0.6) < 0.04
    # Half of them obey, and of the free ones those that happen to: 1 of about 110 lengths, and 13.
    assert abs(exact.count(0) / len(exact) - 0.505) < 0.04
    assert abs(sum(2 <= below <= 14 for below in most) / len(most) - 0.56) < 0.05
