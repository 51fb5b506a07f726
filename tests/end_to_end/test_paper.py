"""The paper's recipes as they are: one step each, with the hardware and the number of prompts of this machine.

The model has the shape of DeepSeek-R1-Distill-Qwen-1.5B (12 heads in 2 groups, untied embeddings with more rows than
the tokenizer has tokens) but two thin layers with random weights, and a tokenizer in R1's published form.
"""

from __future__ import annotations

import pytest
from omegaconf import OmegaConf
from transformers import AutoConfig

from l1_verl.budget import Budget
from recipes.tiny.arithmetic import split
from recipes.tiny.data import write_benchmark
from tests.end_to_end.conftest import budget_of, make_home, rollouts, starting, steps
from tests.families import R1_DISTILL

pytestmark = pytest.mark.end_to_end

PROMPTS = 4
# What this machine is too small for: prompts per step, and tokens per micro-batch.
HARDWARE = (
    f"data.train_batch_size={PROMPTS}", f"actor_rollout_ref.actor.ppo_mini_batch_size={PROMPTS // 2}",
    "actor_rollout_ref.actor.ppo_max_token_len_per_gpu=6144", "trainer.total_training_steps=1",
)  # fmt: skip
SHAPE = {
    # Two rows more than tokens. In verl vLLM samples tokens only, while the actor's probabilities are over all rows. A
    # trained model gives the other rows next to nothing, this one a share of 2 in 344.
    "vocab_size": 344, "hidden_size": 384, "intermediate_size": 512, "num_hidden_layers": 2,
    "num_attention_heads": 12, "num_key_value_heads": 2, "max_position_embeddings": 131072,
    "tie_word_embeddings": False, "rope_theta": 10000.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = make_home(tmp_path_factory.mktemp("paper"), lambda folder: R1_DISTILL.save(folder, **SHAPE))
    (home / "data" / "validation.parquet").unlink()
    write_benchmark(home / "data" / "validation.parquet", split(0, 600)[1][:1], [Budget("exact", 512)])
    return home


@pytest.mark.parametrize(("recipe", "longest"), [("l1_exact", 4096), ("l1_max", 4500)])
def test_the_recipe_trains_a_step_as_the_paper_sets_it(recipe, longest, home, tmp_path):
    folder = tmp_path / "run"
    with starting(home, tmp_path, HARDWARE, PROFILE="cpu") as start:
        run = start(f"run_{recipe}.sh", folder, f"trainer.rollout_data_dir={folder / 'rollouts'}")
        run.wait(1800)
        assert run.left_after(20) == []

    config = OmegaConf.load(folder / "config.yaml")
    assert (config.data.max_prompt_length, config.data.max_response_length) == (1024, longest)
    assert (config.actor_rollout_ref.rollout.n, config.actor_rollout_ref.rollout.val_kwargs.n) == (16, 16)
    assert config.trainer.val_before_train

    samples = rollouts(folder / "rollouts", 1)
    assert len(samples) == PROMPTS * 16
    budgets = [budget_of(sample["input"]) for sample in samples]
    assert all(100 <= budget <= 4000 for budget in budgets)
    assert len(set(budgets)) == PROMPTS
    modes = {"max" if "for maximum" in sample["input"] else "exact" for sample in samples}
    assert modes <= ({"exact"} if recipe == "l1_exact" else {"exact", "max"})

    metrics = steps(folder)
    assert metrics[0]["val-aux/tiny/exact-512/budget_tokens/mean@16"] == 512
    step = metrics[1]
    assert step["training/rollout_probs_diff_max"] < 1e-3
    # Two mini-batches: the first sees the policy that wrote the batch, the second a policy that moved.
    assert step["actor/ppo_kl"] != 0
    assert step["actor/kl_loss"] >= 0
    assert step["actor/entropy"] > 0
    assert step["actor/kl_coef"] == 0.001
    assert step["actor/lr"] == 1e-6
    assert 0 < step["response_length/mean"] <= step["response_length/max"] <= longest
    assert step["val-aux/tiny/exact-512/used_tokens/mean@16"] > 0

    actor = folder / "global_step_1" / "actor"
    saved = {path.name.split("_world_size")[0] for path in actor.glob("*_world_size_1_rank_0.pt")}
    assert saved == {"model", "optim", "extra_state"}
    assert AutoConfig.from_pretrained(actor / "huggingface").vocab_size == SHAPE["vocab_size"]
    assert list((actor / "huggingface").glob("*.safetensors"))
