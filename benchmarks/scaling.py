"""What a run needs, computed: tokens, hours and memory by model and GPUs. docs/scaling.md explains the terms.

python -m benchmarks.scaling
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from l1_verl.config import parse_budget
from recipes.preflight import compose_recipe

#: NVIDIA's figures for one H100 SXM: bfloat16 without sparsity, memory and its bandwidth.
PEAK, MEMORY, BANDWIDTH = 989.4e12, 80e9, 3.35e12

#: What the authors report: 8 H100 for 48 h (L1-Exact), then for 4 h (L1-Max). github.com/cmu-l3/l1, issue 17
PAPER_GPUS, PAPER_HOURS, PAPER_MAX_HOURS = 8, 48, 4

#: Tokens that L1-Exact and L1-Max used at four budgets, mean of four mathematics benchmarks: the paper's Figure 2
BUDGETS, EXACT_USED, MAX_USED = (512, 1024, 2048, 3600), (618, 1218, 1818, 3443), (314, 681, 990, 2067)

#: Mean of the 38,965 prompts of DeepScaleR, sentence included, by the tokenizer of SmolLM2
PROMPT = 110

#: Forward passes that a response costs: vLLM, old log-probabilities, reference, and forward + backward of the update
PASSES = 1 + 1 + 1 + 3

#: On the GPUs: fp32 weights, gradients, and two moments of Adam. verl frees the gradients after each mini-batch.
STATE_BYTES, STATE_BYTES_BESIDE_VLLM = 4 + 4 + 8, 4 + 8

#: In the memory of the hosts: the reference model, in fp32
REFERENCE_BYTES = 4

#: fp32 weights, two moments of Adam, and the Hugging Face folder
CHECKPOINT_BYTES = 4 + 8 + 4

_QWEN = {"tie_word_embeddings": False, "head_dim": 128}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "1.5B": ("Qwen2Config", _QWEN | {"hidden_size": 1536, "num_hidden_layers": 28, "num_attention_heads": 12,
        "num_key_value_heads": 2, "intermediate_size": 8960, "vocab_size": 151936}),
    "7B": ("Qwen2Config", _QWEN | {"hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 152064}),
    "Qwen3-8B": ("Qwen3Config", _QWEN | {"hidden_size": 4096, "num_hidden_layers": 36, "num_attention_heads": 32,
        "num_key_value_heads": 8, "intermediate_size": 12288, "vocab_size": 151936}),
}  # fmt: skip


@dataclass(frozen=True)
class Model:
    """A model as arithmetic sees it."""

    name: str
    parameters: int
    layers: int
    hidden: int
    width: int
    vocabulary: int
    kv_bytes: int

    @classmethod
    def of(cls, name: str) -> Model:
        """Counts the parameters of the real class, without memory for them."""
        import torch
        import transformers

        kind, shape = MODELS[name]
        with torch.device("meta"):
            model = transformers.AutoModelForCausalLM.from_config(getattr(transformers, kind)(**shape))
        c = model.config
        kv = 2 * c.num_hidden_layers * c.num_key_value_heads * shape["head_dim"] * 2
        width = c.num_attention_heads * shape["head_dim"]
        return cls(name, model.num_parameters(), c.num_hidden_layers, c.hidden_size, width, c.vocab_size, kv)

    def forward(self, mean: float, variance: float) -> float:
        """FLOPs of one pass over a sequence: 2 (N - V h) S + 2 L a E[S^2]; looking up an embedding costs none."""
        matrices = self.parameters - self.vocabulary * self.hidden
        return 2 * matrices * mean + 2 * self.layers * self.width * (mean**2 + variance)


@dataclass(frozen=True)
class Run:
    """A recipe as arithmetic sees it: B prompts, n responses each, of ``mean`` tokens with the prompt."""

    config: DictConfig
    mean: float
    variance: float

    @classmethod
    def of(cls, recipe: str) -> Run:
        """A recipe whose responses are as long as asked: budgets uniform in [low, high]."""
        config = compose_recipe(Path(__file__).parents[1] / "recipes" / "config", recipe, ["profile=gpu"])
        budget = parse_budget(config.data.budget).at(1)
        spread = budget.high - budget.low + 1
        return cls(config, PROMPT + (budget.low + budget.high) / 2, (spread**2 - 1) / 12)

    @property
    def responses(self) -> int:
        return self.config.data.train_batch_size * self.config.actor_rollout_ref.rollout.n

    @property
    def steps(self) -> int:
        return self.config.trainer.total_training_steps

    def flops(self, model: Model) -> float:
        """Of one step."""
        return self.responses * PASSES * model.forward(self.mean, self.variance)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    run, models = Run.of("l1_exact"), [Model.of(name) for name in MODELS]
    print("\n\n".join(tables(run, models)))


def utilisation(run: Run, model: Model) -> float:
    """Share of the GPUs' peak that the paper's run reached, everything it did included."""
    return run.steps * run.flops(model) / (PAPER_GPUS * PEAK * PAPER_HOURS * 3600)


def tables(run: Run, models: Sequence[Model]) -> list[str]:
    u = utilisation(run, models[0])
    return [_paper(run, models[0], u), _hours(run, models, u), _memory(run, models), _limits(run, models, u)]


def _paper(run: Run, model: Model, u: float) -> str:
    tokens = run.responses * run.mean
    seconds = PAPER_HOURS * 3600 / run.steps
    predicted = max_hours(model, u)
    return _table(
        ("the paper's run", "value"),
        [
            ("N, parameters", f"{model.parameters:,}"),
            ("responses per step, B n", f"{run.responses:,}"),
            ("tokens per step, B n S", f"{tokens / 1e6:.2f} M"),
            (f"tokens in {run.steps} steps", f"{run.steps * tokens / 1e9:.2f} G"),
            ("FLOPs per step", f"{run.flops(model):.2e}"),
            ("seconds per step", f"{seconds:.0f}"),
            ("tokens per second and GPU", f"{tokens / seconds / PAPER_GPUS:,.0f}"),
            ("u, share of the peak", f"{100 * u:.1f} %"),
            (f"hours of L1-Max at this u (reported: {PAPER_MAX_HOURS})", f"{predicted:.1f}"),
        ],
    )


def max_hours(model: Model, u: float) -> float:
    """Hours of L1-Max, half of whose responses are as long as L1-Exact's and half as L1-Max's were measured."""
    import numpy as np

    config = Run.of("l1_max").config
    budgets = np.arange(config.data.budget.low, config.data.budget.high + 1)
    used = np.concatenate([np.interp(budgets, BUDGETS, lengths) for lengths in (EXACT_USED, MAX_USED)])
    run = Run(config, PROMPT + float(used.mean()), float(used.var()))
    return run.steps * run.flops(model) / (PAPER_GPUS * PEAK * u * 3600)


def _hours(run: Run, models: Sequence[Model], u: float) -> str:
    gpus = (8, 16, 32, 64)
    rows = []
    for model in models:
        hours = [run.steps * run.flops(model) / (g * PEAK * u * 3600) for g in gpus]
        rows.append((model.name, f"{run.flops(model):.1e}", *(f"{h:.0f}" for h in hours), f"{8 * hours[0]:,.0f}"))
    return _table(("model", "FLOPs per step", *(f"hours on {g} GPUs" for g in gpus), "GPU hours"), rows)


def _memory(run: Run, models: Sequence[Model]) -> str:
    longest = run.config.actor_rollout_ref.actor.ppo_max_token_len_per_gpu
    rows = []
    for model in models:
        states = [STATE_BYTES * model.parameters / gpus for gpus in (8, 64)]
        beside = [STATE_BYTES_BESIDE_VLLM * model.parameters / gpus for gpus in (8, 64)]
        updates = [t * (4 * model.vocabulary + 2 * model.hidden * model.layers) for t in (longest, longest // 2)]
        checkpoint = CHECKPOINT_BYTES * model.parameters
        rows.append([
            model.name,
            *(f"{state / 1e9:.1f} GB" for state in states),
            *(f"{math.floor(100 * (1 - state / MEMORY)) / 100:.2f}" for state in beside),
            *(f"{update / 1e9:.0f} GB" for update in updates),
            f"{REFERENCE_BYTES * model.parameters / 1e9:.0f} GB",
            f"{checkpoint / 1e9:.0f} GB",
            f"{checkpoint * (run.steps // run.config.trainer.save_freq) / 1e12:.1f} TB",
        ])  # fmt: skip
    head = ("model", "states on 8", "on 64", "vLLM's share on 8", "on 64", f"update, t = {longest:,}")
    return _table((*head, f"t = {longest // 2:,}", "reference", "checkpoint", "all of a run"), rows)


def _limits(run: Run, models: Sequence[Model], u: float) -> str:
    rollout, data = run.config.actor_rollout_ref.rollout, run.config.data
    tp, mini_batch = rollout.tensor_model_parallel_size, run.config.actor_rollout_ref.actor.ppo_mini_batch_size
    rows = []
    for model in models:
        room = (rollout.gpu_memory_utilization * MEMORY * tp - 2 * model.parameters) / model.kv_bytes
        floor = data.max_response_length * 2 * model.parameters / tp / BANDWIDTH
        for gpus in (8, 64):
            rows.append([
                model.name,
                str(gpus),
                f"{run.responses * tp / gpus:.0f}",
                f"{room / (data.max_prompt_length + data.max_response_length):.0f}",
                f"{mini_batch * rollout.n * run.mean / gpus / 1e3:.0f} k",
                f"{run.flops(model) / (gpus * PEAK * u):.0f}",
                f"{floor:.1f}",
            ])  # fmt: skip
    head = (
        "model",
        "GPUs",
        "responses per engine",
        "that fit",
        "tokens per mini-batch and GPU",
        "s per step",
        "decoding, s",
    )
    return _table(head, rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


if __name__ == "__main__":
    main()
