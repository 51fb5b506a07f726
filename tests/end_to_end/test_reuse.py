"""Another verl project, in its own folder, that has only installed this package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from l1_verl.budget import Budget
from tests.end_to_end.conftest import ROOT, Run, rollouts, steps
from tests.rows import row

pytestmark = pytest.mark.end_to_end

MANAGER = (
    "reward.reward_manager.source=importlib",
    "reward.reward_manager.name=LCPORewardManager",
    "reward.reward_manager.module.path=pkg://l1_verl.reward_manager",
)
# What README says for a project that uses the reward manager alone: verl's own loop refuses DeepSeek's tokens.
AGENT_LOOP = "actor_rollout_ref.rollout.agent.default_agent_loop=lcpo"
DATASET = ("data.custom_cls.path=pkg://l1_verl.dataset", "data.custom_cls.name=LCPODataset")


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the package as pip installs it, apart from this checkout."""
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*command, target, ROOT], check=True)
    return target


@pytest.fixture
def project(installed, tiny, tmp_path):
    """Starts verl's main_ppo there, with verl's own configuration and what CPU training needs of it."""
    runs = []

    def start(*overrides: str) -> Run:
        environment = {
            "PYTHONPATH": str(installed),
            "VERL_USE_EXTERNAL_MODULES": "l1_verl.cpu",
            "VERL_PLATFORM": "cpu",
            "TORCH_COMPILE_DISABLE": "1",
            "VERL_FILE_LOGGER_PATH": str(tmp_path / "metrics" / "1.jsonl"),
        }
        (tmp_path / "metrics").mkdir()
        command = [
            sys.executable, "-m", "verl.trainer.main_ppo", *_cpu_overrides(), *overrides,
            f"actor_rollout_ref.model.path={tiny / 'base'}", f"trainer.default_local_dir={tmp_path / 'run'}",
            f"hydra.run.dir={tmp_path / 'hydra'}", "trainer.logger=[console,file]", AGENT_LOOP,
            f"actor_rollout_ref.rollout.agent.agent_loop_config_path={installed / 'l1_verl' / 'agent_loops.yaml'}",
        ]  # fmt: skip
        os.chdir(tmp_path)
        runs.append(Run(command, tmp_path / "log", environment))
        return runs[-1]

    before = Path.cwd()
    yield start
    os.chdir(before)
    for run in runs:
        run.end()


def _cpu_overrides() -> list[str]:
    """Our CPU profile as overrides, since this project has none of our files."""
    script = (
        "import json, sys; from omegaconf import OmegaConf;"
        "print(json.dumps(OmegaConf.to_container(OmegaConf.load(sys.argv[1]))))"
    )
    profile = ROOT / "recipes" / "config" / "profile" / "cpu.yaml"
    node = json.loads(subprocess.run([sys.executable, "-c", script, profile], capture_output=True, check=True).stdout)
    overrides = [f"++{key}={value}" for key, value in _leaves(node)]
    return [
        *overrides, "algorithm.adv_estimator=grpo", "data.train_batch_size=4", "data.max_prompt_length=64",
        "data.max_response_length=48", "actor_rollout_ref.actor.ppo_mini_batch_size=4",
        "actor_rollout_ref.actor.strategy=fsdp2", "actor_rollout_ref.ref.strategy=fsdp2",
        "actor_rollout_ref.actor.use_dynamic_bsz=true", "actor_rollout_ref.rollout.name=vllm",
        "actor_rollout_ref.rollout.n=4", "actor_rollout_ref.rollout.max_model_len=128",
        "trainer.nnodes=1", "trainer.total_training_steps=2", "trainer.save_freq=-1", "trainer.test_freq=2",
        "trainer.val_before_train=false",
    ]  # fmt: skip


def _leaves(node, prefix=""):
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            # Quoted, since Hydra reads a comma as a list.
            yield f"{prefix}{key}", f"'{value}'" if isinstance(value, str) else json.dumps(value)


def test_our_reward_manager_works_with_verl_s_own_dataset(project, write, tmp_path):
    budget = Budget("exact", 40)
    rows = [row(index, "train", budget) for index in range(8)]
    for one in rows:
        one["prompt"][0]["content"] = budget.append_to(one["prompt"][0]["content"])
    file = write(rows)
    run = project(*MANAGER, f"data.train_files={file}", f"data.val_files={file}")
    run.wait()
    metrics = steps(tmp_path)
    assert sorted(metrics) == [1, 2]
    # Nonsense earns 1[c] - alpha |n_gold - n_y|, between nothing and 40 tokens of error.
    assert -0.0003 * 40 <= metrics[1]["critic/score/min"] <= metrics[1]["critic/score/max"] <= 0
    assert metrics[2]["val-aux/sums/budget_tokens/mean@1"] == 40.0
    assert run.left_after(20) == []


def test_our_dataset_works_with_verl_s_own_reward_manager(project, write, tmp_path):
    rows = [row(index) | {"data_source": "openai/gsm8k"} for index in range(8)]
    file = write(rows)
    project(
        *DATASET, "+data.budget.low=16", "+data.budget.high=48", f"data.train_files={file}", f"data.val_files={file}",
        f"trainer.rollout_data_dir={tmp_path / 'rollouts'}",
    ).wait()  # fmt: skip
    assert sorted(steps(tmp_path)) == [1, 2]
    asked = [sample["input"] for sample in rollouts(tmp_path / "rollouts", 1)]
    assert all("Think for " in prompt for prompt in asked)
