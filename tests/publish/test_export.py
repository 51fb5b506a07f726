"""From a checkpoint to a folder that anyone can serve: weights, model card, refusals."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from omegaconf import OmegaConf
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from eval.model import fingerprint
from eval.report import __main__ as eval_report
from l1_verl import cli
from publish import export
from publish.measured import Report
from recipes.tiny.arithmetic import split
from recipes.tiny.data import write_training
from recipes.tiny.pretrain import new_model
from tests.recipes.runs import card_of, write_config

STOPS = "actor_rollout_ref.rollout.custom.lcpo"
LEVELS = ["data.budget.modes={exact: 0, level: 1}", "data.budget.levels={low: 512, high: 3600}"]
DIAL = ["data.budget.modes={exact: 1, zero: 1, level: 1}", LEVELS[1]]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tokenizer) -> Path:
    """A checkpoint of two FSDP workers, in the folder of a run."""
    home = tmp_path_factory.mktemp("trained")
    new_model(tokenizer, 0).save_pretrained(home / "base")
    tokenizer.save_pretrained(home / "base")
    write_training(home / "train.parquet", split(0, 600)[0])
    write_config(home / "run", "l1_exact", "tiny", str(home / "base"), f"data.train_files={home / 'train.parquet'}")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, ROOT / "tests" / "recipes" / "shards.py", home / "base", home / "run" / "global_step_3"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return home / "run" / "global_step_3"


@pytest.fixture
def checkpoint(trained, tmp_path) -> Path:
    """A copy to spoil."""
    shutil.copytree(trained.parent, tmp_path / "run")
    return tmp_path / "run" / trained.name


@pytest.fixture(scope="module")
def report(trained, tokenizer, tmp_path_factory) -> Path:
    """results.json of the checkpoint and of another model."""
    folder = tmp_path_factory.mktemp("report")
    new_model(tokenizer, 1).save_pretrained(folder / "other")
    runs = []
    for name, model in (("after", trained / "actor" / "huggingface"), ("before", folder / "other")):
        graded = folder / f"{name}.jsonl"
        graded.write_text(
            "".join(json.dumps(graded_sample(i, tokens)) + "\n" for i in range(9) for tokens in (40, 80))
        )
        config = {"model": str(model), "model_hash": fingerprint(str(model)), "strategy": "plain", "engine": "vllm"}
        config |= {"temperature": 1.0, "top_p": 1.0, "seed": 7}
        (folder / f"{name}.jsonl.config.json").write_text(json.dumps({"samples": config}))
        runs.append(f"{name}={graded}")
    eval_report.main(["--runs", *runs, "--output", str(folder / "report"), "--resamples", "100"])
    return folder / "report" / "results.json"


def graded_sample(problem: int, tokens: int) -> dict:
    """Always 10 % longer than asked, and right for two problems of three."""
    used = tokens + tokens // 10
    return {
        "id": f"{problem}-{tokens}", "row_id": str(problem), "data_source": f"tiny/exact-{tokens}",
        "budget": {"mode": "exact", "tokens": tokens}, "sample": 0, "problem": "1 + 1", "ground_truth": "2",
        "answer_type": "math", "response": "2</think>\\boxed{2}", "used_tokens": used, "thinking_tokens": used - 7,
        "solution_tokens": 7, "inserted_tokens": 0, "truncated": False, "rounds": 1, "correct": problem % 3 > 0,
        "answer": "2", "status": "ok",
    }  # fmt: skip


def refusal(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as left:
        cli.run(lambda: export.main([str(argument) for argument in arguments]), "export")
    printed = capsys.readouterr().err
    assert left.value.code == 2
    assert printed.count("\n") == 1, printed
    return printed


# ---------------------------------------------------------------------------------------------------- the folder


def test_the_weights_are_those_of_all_shards_as_verl_rounds_them(trained, report, tmp_path, tokenizer):
    export.main(["--checkpoint", str(trained), "--output", str(tmp_path / "out"), "--report", str(report)])
    merged = load_file(tmp_path / "out" / "model.safetensors")
    whole = load_file(trained / "actor" / "huggingface" / "model.safetensors")
    before = AutoModelForCausalLM.from_pretrained(trained.parents[1] / "base", dtype=torch.float32).state_dict()
    assert merged.keys() == whole.keys()
    for name, weight in merged.items():
        assert torch.equal(weight, before[name].bfloat16())
        assert torch.equal(weight, whole[name].bfloat16())
    asked = [{"role": "user", "content": "What is 7 + 8?"}]
    kept = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert kept.apply_chat_template(asked, tokenize=False) == tokenizer.apply_chat_template(asked, tokenize=False)
    assert len({path.stat().st_mode for path in (tmp_path / "out").iterdir()}) == 1

    card = (tmp_path / "out" / "README.md").read_text()
    assert (
        "| l1_exact | `base` | 3 | 40 to 128, uniform | exact 100 % | `train.parquet` (tiny: 6,690 problems) |" in card
    )
    assert "| tiny | exact 40 | 44.0 [44.0, 44.0] | 10.0 [10.0, 10.0] |" in card
    assert re.search(r"\| 66\.7 \[\d+\.\d, \d+\.\d\] \| 9 \(9\) \|", card)
    assert "### after" in card
    assert "### before" not in card
    assert "before verl rounded them" in card
    assert "1.00 [1.00, 1.00]" in card
    assert str(trained.parent) not in card
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("rope", "said"),
    [
        ({"rope_type": "default", "rope_theta": 1e6}, {"rope_theta": 1e6}),
        (
            {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e6},
            {"rope_theta": 1e6, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}},
        ),
        ({"full_attention": {"rope_theta": 1e6}}, {}),
        (None, {}),
    ],
)
def test_transformers_4_finds_rope_where_it_looks_for_it(tmp_path, rope, said):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"model_type": "qwen3", "rope_parameters": rope}))
    export._write_rope(file)
    assert json.loads(file.read_text()) == {"model_type": "qwen3", "rope_parameters": rope} | said


def test_what_was_measured_of_the_exported_folder_itself_counts_too(trained, report, tmp_path):
    arguments = ["--checkpoint", str(trained), "--output", str(tmp_path / "out")]
    export.main(arguments)
    measured = json.loads(report.read_text())
    measured["runs"][0]["config"] |= {"model": str(tmp_path / "out"), "model_hash": None, "engine": "openai"}
    (tmp_path / "results.json").write_text(json.dumps(measured))
    (tmp_path / "out" / "old").touch()
    export.main([*arguments, "--report", str(tmp_path / "results.json"), "--overwrite"])
    assert "openai engine; of these weights." in (tmp_path / "out" / "README.md").read_text()
    assert not (tmp_path / "out" / "old").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "results.json"]


def test_a_report_that_an_older_version_wrote_is_quoted(report, tmp_path):
    written = json.loads(report.read_text())
    told = [[cell.pop("asked") for cell in run["cells"]] for run in written["runs"]]
    (tmp_path / "results.json").write_text(json.dumps(written))
    read = Report.load(tmp_path / "results.json")
    assert [[cell["asked"] for cell in run["cells"]] for run in read.runs] == told == [["exact 40", "exact 80"]] * 2


# ---------------------------------------------------------------------------------------------------- refusals


def test_an_output_that_exists_is_left_as_it_is(trained, tmp_path, capsys):
    (tmp_path / "thesis.tex").touch()
    assert "exists; use --overwrite" in refusal(capsys, "--checkpoint", trained, "--output", tmp_path)
    refused = refusal(capsys, "--checkpoint", trained, "--output", tmp_path, "--overwrite")
    assert "exists and is not an exported model" in refused
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda c: shutil.rmtree(c), "does not exist"),
        (lambda c: shutil.rmtree(c / "actor"), "has no actor/fsdp_config.json"),
        (lambda c: (c / "actor" / "fsdp_config.json").write_text("{}"), "has no world_size"),
        (lambda c: (c / "actor" / "model_world_size_2_rank_1.pt").unlink(), "lacks model_world_size_2_rank_1.pt;"),
        (lambda c: (c / "actor" / "huggingface" / "config.json").unlink(), "lacks huggingface/config.json"),
        (lambda c: (c / "actor" / "model_world_size_2_rank_1.pt").write_bytes(b"half"), "verl's merger failed on"),
        (lambda c: (c.parent / "config.yaml").unlink(), "give the run's configuration with --config"),
        (lambda c: (c.parent / "config.yaml").write_text("a: ["), "cannot be read as a configuration"),
        (lambda c: (c.parent / "config.yaml").write_text("[]"), "only runs of LCPORewardManager"),
        (lambda c: change(c, "reward.reward_manager.name", "naive"), "reward.reward_manager.name='naive'"),
        (lambda c: change(c, "actor_rollout_ref.model.lora_rank", 8), "LoRA"),
        (lambda c: change(c, "data.budget.low", 4000), "low is 4000 and high is 128"),
        (lambda c: change(c, "data.budget.lwo", 1), "data.budget.lwo is unknown"),
        (lambda c: change(c, "reward.reward_kwargs.exact.alpha", -1), "alpha is -1"),
        (lambda c: change(c, "actor_rollout_ref", {"model": {"path": "x"}}), "cannot be told as a model card"),
    ],
)
def test_a_checkpoint_that_cannot_become_a_model_is_refused(checkpoint, tmp_path, capsys, spoil, said):
    spoil(checkpoint)
    assert said in refusal(capsys, "--checkpoint", checkpoint, "--output", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def change(checkpoint: Path, key: str, value) -> None:
    config = OmegaConf.load(checkpoint.parent / "config.yaml")
    OmegaConf.update(config, key, value, merge=False, force_add=True)
    OmegaConf.save(config, checkpoint.parent / "config.yaml")


def test_a_whole_run_is_no_checkpoint_and_the_newest_is_named(checkpoint, tmp_path, capsys):
    (checkpoint.parent / "latest_checkpointed_iteration.txt").write_text("3")
    refused = refusal(capsys, "--checkpoint", checkpoint.parent, "--output", tmp_path / "out")
    assert f"such as {checkpoint}" in refused


def test_a_checkpoint_under_another_name_has_no_step(checkpoint, tmp_path, capsys):
    other = checkpoint.rename(checkpoint.with_name("best"))
    assert "is not called global_step_N" in refusal(capsys, "--checkpoint", other, "--output", tmp_path / "out")


OTHERS = json.dumps({
    "schema_version": 1,
    "settings": {"count": "response"},
    "runs": [{"name": "a", "config": {"model": "m", "model_hash": "0"}}, {"name": "b", "config": None}],
})  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("{", "is not a results.json"),
        ("[]", "is not a results.json"),
        ('{"schema_version": 2, "runs": []}', "has schema_version 2, not 1"),
        (OTHERS, "is of another model than this checkpoint (a is of m; b is of None)"),
    ],
)
def test_a_report_that_says_nothing_about_this_model_is_refused(trained, tmp_path, capsys, content, said):
    report = tmp_path / "results.json"
    if content is not None:
        report.write_text(content)
    assert said in refusal(capsys, "--checkpoint", trained, "--output", tmp_path / "out", "--report", report)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))


# ---------------------------------------------------------------------------------------------------- the card


def test_the_card_of_the_paper_s_run_has_its_header_and_knobs(tmp_path):
    write_config(tmp_path / "run", profile="gpu", base="agentica-org/DeepScaleR-1.5B-Preview")
    card = card_of(tmp_path / "run" / "global_step_700")
    header = yaml.safe_load(card.split("---")[1])
    assert header["base_model"] == "agentica-org/DeepScaleR-1.5B-Preview"
    assert (header["license"], header["library_name"]) == ("mit", "transformers")
    assert "lcpo" in header["tags"]
    assert "| 700 | 100 to 4000, uniform | exact 100 % | `gone.parquet` |" in card
    assert "`1[c] - 0.0003 abs(n_gold - n_y)`" in card
    assert "- `Think for 2048 tokens.` (about as many)" in card
    assert "for maximum" not in card
    assert "vllm serve m --max-model-len 5120" in card
    assert "128 prompts x 16 responses per step in mini-batches of 64 prompts" in card
    assert "Not measured." in card


def test_a_report_that_counts_other_tokens_than_training_did_is_refused(checkpoint, report, tmp_path, capsys):
    file = checkpoint.parent / "config.yaml"
    config = OmegaConf.load(file)
    config.reward.reward_kwargs.count = "thinking"
    OmegaConf.save(config, file)
    arguments = ["--checkpoint", checkpoint, "--output", tmp_path / "out", "--report", report]
    assert "draw it with python -m eval.report --count thinking" in refusal(capsys, *arguments)
    assert not (tmp_path / "out").exists()


def test_l1_max_tells_both_of_its_runs_and_the_model_that_they_began_with(tmp_path):
    exact = tmp_path / "exact" / "global_step_700"
    write_config(exact.parent, profile="gpu", base="hub/base")
    write_config(tmp_path / "max", "l1_max", "gpu", str(exact / "actor" / "huggingface"))
    card = card_of(tmp_path / "max" / "global_step_120")
    assert "| l1_exact | [hub/base](https://huggingface.co/hub/base) | 700 |" in card
    assert "| l1_max | `exact/global_step_700` | 120 | 100 to 4000, uniform | exact 50 %, max 50 % |" in card
    assert 'base_model: "hub/base"' in card
    assert "| l1_max | max | `1[c] clip(0.001 (n_gold - n_y) + 0.5, 0, 1)` |" in card
    assert "- `Think for 2048 tokens.` (about as many)" in card
    assert "- `Think for maximum 2048 tokens.` (at most as many)" in card
    assert "--max-model-len 5524" in card


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["reward.reward_kwargs.for_exact=exact_relative"], "`1[c] - 1 min(1, abs(n_gold - n_y) / n_gold)`"),
        (["data.budget.distribution=choices", "data.budget.choices=[512,1024,2048]"], "| 512, 1024, 2048 |"),
        (["data.budget.distribution=choices", "data.budget.choices=[512,1024,2048]"], "`Think for 1024 tokens.`"),
        (["data.budget.distribution=log_uniform"], "100 to 4000, log-uniform"),
        (
            ["data.budget.schedule=[{from_step: 2, high: 200}]"],
            "100 to 4000, uniform; from step 2 100 to 200, uniform",
        ),
        (["reward.reward_kwargs.count=thinking"], "A budget counts the tokens of the thought"),
        (["trainer.v1.lcpo.advantage=decoupled"], "GRPO with correctness and length normalised apart, 128"),
        (
            ["reward.reward_kwargs.count=thinking", f"{STOPS}.close_thinking=true", f"{STOPS}.solution_tokens=400"],
            "closed at their budget in training, and solutions ended after 400 tokens.",
        ),
        (
            ["reward.reward_kwargs.count=thinking", f"{STOPS}.close_thinking=true"],
            'extra_body={"thinking_token_budget": 2048},',
        ),
        (["reward.reward_kwargs.count=thinking"], "vllm serve m --max-model-len 5120\n"),
        ([f"{STOPS}.exact_overrun=30"], "were cut 30 tokens beyond their budget"),
        (["data.budget.low=100", "data.budget.high=110"], "`Think for 100 tokens.`"),
        (["data.budget.modes={exact: 3, none: 1}"], "exact 75 %, none 25 %"),
        (DIAL, "| 100 to 4000, uniform, low 512, high 3600, 0 |"),
        (DIAL, "- `Thinking effort: low.` (about 512 tokens)"),
        (DIAL, "- `Think for 0 tokens.` (no thought)"),
        ([*DIAL, "reward.reward_kwargs.for_exact=exact_relative"], "| zero | `1[c] - 1 min("),
        (LEVELS, "| low 512, high 3600 |"),
        (
            [*LEVELS, "reward.reward_kwargs.count=thinking", f"{STOPS}.close_thinking=true"],
            'extra_body={"thinking_token_budget": 512},',
        ),
        (["actor_rollout_ref.actor.use_kl_loss=false"], "learning rate 1e-06, seed 0."),
    ],
)
def test_the_card_follows_the_knobs(tmp_path, overrides, said):
    write_config(tmp_path / "run", "l1_exact", "gpu", "hub/base", *overrides)
    assert said in card_of(tmp_path / "run" / "global_step_9")


def test_a_model_without_budgets_is_not_asked_for_any(tmp_path):
    write_config(tmp_path / "run", "deepscaler_4k", "gpu")
    card = card_of(tmp_path / "run" / "global_step_1")
    assert "no budget" in card
    assert "Think for" not in card
    assert "| deepscaler_4k | none | `1[c]` |" in card


def test_hydra_s_own_record_serves_a_run_that_was_not_a_recipe(tmp_path):
    write_config(tmp_path / "run")
    config = OmegaConf.load(tmp_path / "run" / "config.yaml")
    del config.data["budget"], config.reward["reward_kwargs"]
    (tmp_path / "run" / "hydra" / ".hydra").mkdir(parents=True)
    OmegaConf.save(config, tmp_path / "run" / "hydra" / ".hydra" / "config.yaml")
    (tmp_path / "run" / "config.yaml").unlink()
    card = card_of(tmp_path / "run" / "global_step_9")
    assert "| each row's own | each row's own |" in card
    assert "| max | `1[c] clip(0.001 (n_gold - n_y) + 0.5, 0, 1)` |" in card
