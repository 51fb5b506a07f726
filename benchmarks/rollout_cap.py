"""What stopping rollouts that can earn nothing more saves in generation: same engine, prompts and budgets, in one run.

    python -m benchmarks.rollout_cap --model DIR --data FILE.parquet --recipe l1_max profile=tiny [OVERRIDE ...]

Budgets, reward, lengths and sampling are those of the recipe. Both sides run in turn ``--repeats`` times. Tokens are
those of all repeats, with a 95 % bootstrap interval over prompts; seconds are the ratios of neighbouring runs: median,
least and most. Training gains more than generation does: its passes over what was generated shrink too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from eval.chat import Chat
from eval.engines.vllm_engine import VLLMEngine
from eval.report.measure.bootstrap import estimate, weights
from eval.samples import load_rows
from l1_verl import cli
from l1_verl.agent_loop import stop_at
from l1_verl.budget import Budget, with_budget
from l1_verl.config import parse_budget, parse_reward, parse_stops
from recipes.preflight import compose_recipe

CONFIG = Path(__file__).parents[1] / "recipes" / "config"


def main() -> None:
    args = _parse()
    config = compose_recipe(CONFIG, args.recipe, args.overrides)
    rollout = config.actor_rollout_ref.rollout
    rows = load_rows(args.data)[: args.prompts]
    sampler = parse_budget(config.data.budget).at(1)
    budgets = [sampler.draw(row["extra_info"]["id"]) for row in rows]
    chat = Chat.load(args.model)
    asked = [with_budget(row["prompt"], budget) for row, budget in zip(rows, budgets, strict=True)]
    prompts = [{"prompt_token_ids": chat.render(conversation)} for conversation in asked]
    sides = _limits(config, budgets)
    engine = VLLMEngine(args.model, chat, context=rollout.max_model_len)
    _generate(engine, prompts, sides["whole"], rollout)  # the first batch pays for allocation
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    tokens = {name: np.zeros(len(rows)) for name in sides}
    for _ in range(args.repeats):
        for name, limits in sides.items():
            spent, written = _generate(engine, prompts, limits, rollout)
            seconds[name].append(spent)
            tokens[name] += written
    engine.close()
    responses = len(rows) * rollout.n * args.repeats
    found = {"prompts": len(rows), "n": rollout.n, "repeats": args.repeats}
    print(json.dumps(found | {"mean_tokens": tokens["whole"].sum() / responses} | _saved(seconds, tokens)))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, type=Path, help="parquet rows of data_prep, for training")
    parser.add_argument("--recipe", default="l1_max")
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("overrides", nargs="*", help="of the recipe, as in recipes/run_*.sh")
    return parser.parse_args()


def _limits(config: DictConfig, budgets: Sequence[Budget | None]) -> dict[str, list[int]]:
    """The longest response to each prompt, for both sides."""
    reward, grading = parse_reward(config.reward.reward_kwargs)
    if grading.count == "thinking":
        raise cli.InputError("reward.reward_kwargs.count is thinking; this benchmark stops whole responses")
    stops = parse_stops(config.actor_rollout_ref.rollout, grading.count).model_copy(update={"stop_at_zero": True})
    longest = config.data.max_response_length
    return {
        "whole": [longest] * len(budgets),
        "stopped": [min(longest, stop_at(budget, reward, stops) or longest) for budget in budgets],
    }


def _generate(
    engine: VLLMEngine, prompts: list[dict[str, Any]], limits: list[int], rollout: DictConfig
) -> tuple[float, list[int]]:
    """Seconds, and tokens of each prompt's responses."""
    from vllm import SamplingParams

    engine.llm.reset_prefix_cache()
    sampling = {"temperature": rollout.temperature, "top_p": rollout.top_p, "top_k": rollout.top_k, "n": rollout.n}
    params = [SamplingParams(max_tokens=limit, detokenize=False, **sampling) for limit in limits]
    started = time.perf_counter()
    outputs = engine.llm.generate(prompts, params, use_tqdm=False)
    spent = time.perf_counter() - started
    return spent, [sum(len(sample.token_ids) for sample in output.outputs) for output in outputs]


def _saved(seconds: dict[str, list[float]], tokens: dict[str, NDArray[np.float64]]) -> dict[str, Any]:
    """The shares of tokens and of seconds that stopping saves."""
    resamples = weights(len(tokens["whole"]), resamples=1000, seed=0)
    saved = 1 - (resamples @ tokens["stopped"]) / (resamples @ tokens["whole"])
    ratios = sorted(1 - stopped / whole for stopped, whole in zip(seconds["stopped"], seconds["whole"], strict=True))
    return {
        "tokens_saved": estimate(saved),
        "seconds_saved": {"median": statistics.median(ratios), "least": ratios[0], "most": ratios[-1]},
    }


if __name__ == "__main__":
    cli.run(main, "rollout_cap")
