"""Each recipe, composed with verl's real configuration, against the paper's table of hyperparameters."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from recipes.preflight import compose_recipe

CONFIG = Path(__file__).parents[2] / "recipes" / "config"
RECIPES = ["l1_exact", "l1_max", "l1_exact_plus", "deepscaler_4k"]

# L1, section 4, and the authors' scripts/train/*.sh
SHARED = {
    "algorithm.adv_estimator": "grpo",
    "algorithm.use_kl_in_reward": False,
    "data.train_batch_size": 128,
    "data.max_prompt_length": 1024,
    "data.budget.low": 100,
    "data.budget.high": 4000,
    "data.budget.distribution": "uniform",
    "reward.reward_kwargs.exact.alpha": 0.0003,
    "reward.reward_kwargs.max.alpha": 0.001,
    "reward.reward_kwargs.max.delta": 0.5,
    "actor_rollout_ref.actor.ppo_mini_batch_size": 64,
    "actor_rollout_ref.actor.ppo_max_token_len_per_gpu": 32768,
    "actor_rollout_ref.actor.optim.lr": 1e-6,
    "actor_rollout_ref.actor.optim.weight_decay": 0.01,
    "actor_rollout_ref.actor.use_kl_loss": True,
    "actor_rollout_ref.actor.kl_loss_coef": 0.001,
    "actor_rollout_ref.actor.kl_loss_type": "low_var_kl",
    "actor_rollout_ref.actor.entropy_coeff": 0.001,
    "actor_rollout_ref.actor.clip_ratio": 0.2,
    "actor_rollout_ref.actor.grad_clip": 1.0,
    "actor_rollout_ref.actor.loss_agg_mode": "token-mean",
    "actor_rollout_ref.rollout.n": 16,
    "actor_rollout_ref.rollout.temperature": 0.6,
    "actor_rollout_ref.rollout.top_p": 1.0,
    "actor_rollout_ref.rollout.top_k": -1,
    "actor_rollout_ref.rollout.gpu_memory_utilization": 0.8,
    "actor_rollout_ref.rollout.val_kwargs.n": 16,
    "actor_rollout_ref.rollout.val_kwargs.temperature": 0.6,
    "trainer.n_gpus_per_node": 8,
    "trainer.nnodes": 1,
    "trainer.test_freq": 20,
}
BEYOND = {"zero": 0.0, "range": 0.0, "level": 0.0}
OWN = {
    "l1_exact": {
        "data.max_response_length": 4096,
        "actor_rollout_ref.rollout.tensor_model_parallel_size": 2,
        "trainer.total_training_steps": 700,
        "trainer.save_freq": 20,
        "data.budget.modes": {"exact": 1.0, "max": 0.0, "none": 0.0} | BEYOND,
    },
    "l1_max": {
        "data.max_response_length": 4500,
        "actor_rollout_ref.rollout.tensor_model_parallel_size": 1,
        "trainer.total_training_steps": 120,
        "trainer.save_freq": 60,
        "data.budget.modes": {"exact": 0.5, "max": 0.5, "none": 0.0} | BEYOND,
    },
    "l1_exact_plus": {
        "data.max_response_length": 4096,
        "trainer.total_training_steps": 500,
        "data.budget.modes": {"exact": 1.0, "max": 0.0, "none": 0.0} | BEYOND,
    },
    "deepscaler_4k": {
        "data.max_response_length": 4096,
        "trainer.total_training_steps": 700,
        "data.budget.modes": {"exact": 0.0, "max": 0.0, "none": 1.0} | BEYOND,
    },
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_hyperparameter_of_the_paper_is_in_the_composed_recipe(recipe):
    config = compose_recipe(CONFIG, recipe, [])
    expected = SHARED | OWN[recipe]
    assert {key: _get(config, key) for key in expected} == expected


def _get(config, key):
    value = OmegaConf.select(config, key)
    return OmegaConf.to_object(value) if OmegaConf.is_config(value) else value


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("profile", ["gpu", "tiny", "smollm2"])
def test_every_recipe_composes_with_every_profile(recipe, profile):
    config = compose_recipe(CONFIG, recipe, [f"profile={profile}"])
    assert config.trainer.device == ("cuda" if profile == "gpu" else "cpu")
    # The algorithm is the recipe's, whatever the hardware.
    assert _get(config, "data.budget.modes") == OWN[recipe]["data.budget.modes"]


def test_only_l1_max_on_the_embedded_model_differs_in_more_than_recipe_and_profile():
    def settings(recipe, profile):
        config = compose_recipe(CONFIG, recipe, [f"profile={profile}"])
        return [_get(config, f"actor_rollout_ref.actor.{key}") for key in ("optim.lr", "kl_loss_coef")]

    for profile in ("gpu", "smollm2"):
        assert settings("l1_max", profile) == settings("l1_exact", profile)
    assert settings("l1_max", "tiny") != settings("l1_exact", "tiny") == settings("deepscaler_4k", "tiny")


def test_a_misspelt_knob_is_refused_when_the_recipe_is_composed():
    with pytest.raises(Exception, match="alhpa"):
        compose_recipe(CONFIG, "l1_exact", ["reward.reward_kwargs.exact.alhpa=0.1"])


def test_the_documentation_names_every_key_that_a_run_on_cpu_cannot_try():
    gpu, cpu = (
        _leaves(OmegaConf.to_container(compose_recipe(CONFIG, "l1_exact", [f"profile={profile}"]), resolve=True))
        for profile in ("gpu", "cpu")
    )
    changed = {key for key in gpu.keys() | cpu.keys() if gpu.get(key) != cpu.get(key)}
    # Ray's own resources, and what follows from keys above them.
    changed = {key for key in changed if not key.startswith(("ray_kwargs.", "distillation."))}
    page = (CONFIG.parents[1] / "docs" / "train.md").read_text()
    named = "\n".join(line for line in page.splitlines() if line.startswith("| `"))
    assert {key for key in changed if not any(part in named for part in _names(key))} == set()


def _leaves(node, prefix=""):
    if not isinstance(node, dict):
        return {prefix: node}
    return {k: v for key, value in node.items() for k, v in _leaves(value, f"{prefix}.{key}".lstrip(".")).items()}


def _names(key):
    """The last name of a key, or the last two; ``ref.optim`` stands for what is below it."""
    parts = key.split(".")
    return {parts[-1]} if parts[-1] not in ("name", "path", "_target_", "lr") else {".".join(parts[-3:-1]), parts[-2]}
