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
from pathlib import Path

import numpy as np

from eval.chat import Chat
from eval.engines.vllm_engine import VLLMEngine
from eval.report.measure.bootstrap import estimate, weights
from eval.samples import load_rows
from l1_verl import cli
from l1_verl.agent_loop import stop_at
from l1_verl.config import parse_budget, parse_reward, parse_stops
from recipes.preflight import compose_recipe

CONFIG = Path(__file__).parents[1] / "recipes" / "config"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, type=Path, help="parquet rows of data_prep, for training")
    parser.add_argument("--recipe", default="l1_max")
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("overrides", nargs="*", help="of the recipe, as in recipes/run_*.sh")
    args = parser.parse_args()
    config = compose_recipe(CONFIG, args.recipe, args.overrides)
    rollout = config.actor_rollout_ref.rollout
    reward, grading = parse_reward(config.reward.reward_kwargs)
    if grading.count == "thinking":
        raise cli.InputError("reward.reward_kwargs.count is thinking; this benchmark stops whole responses")
    stops = parse_stops(rollout, grading.count).model_copy(update={"stop_at_zero": True})
    sampler = parse_budget(config.data.budget).at(1)
    rows = load_rows(args.data)[: args.prompts]
    budgets = [sampler.draw(row["extra_info"]["id"]) for row in rows]
    questions = [row["prompt"][-1]["content"] for row in rows]
    asked = [b.append_to(q) if b else q for q, b in zip(questions, budgets, strict=True)]
    chat = Chat.load(args.model)
    prompts = [{"prompt_token_ids": chat.render([{"role": "user", "content": text}])} for text in asked]
    engine = VLLMEngine(args.model, chat, context=rollout.max_model_len)

    from vllm import SamplingParams

    def generate(limits: list[int]) -> tuple[float, list[int]]:
        """Seconds, and tokens of each prompt's responses."""
        engine.llm.reset_prefix_cache()
        sampling = {"temperature": rollout.temperature, "top_p": rollout.top_p, "top_k": rollout.top_k, "n": rollout.n}
        params = [SamplingParams(max_tokens=limit, detokenize=False, **sampling) for limit in limits]
        started = time.perf_counter()
        outputs = engine.llm.generate(prompts, params, use_tqdm=False)
        spent = time.perf_counter() - started
        return spent, [sum(len(sample.token_ids) for sample in output.outputs) for output in outputs]

    longest = config.data.max_response_length
    sides = {
        "whole": [longest] * len(rows),
        "stopped": [min(longest, stop_at(budget, reward, stops) or longest) for budget in budgets],
    }
    generate(sides["whole"])  # the first batch pays for allocation
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    tokens = {name: np.zeros(len(rows)) for name in sides}
    for _ in range(args.repeats):
        for name, limits in sides.items():
            spent, written = generate(limits)
            seconds[name].append(spent)
            tokens[name] += written
    engine.close()
    resamples = weights(len(rows), resamples=1000, seed=0)
    saved = 1 - (resamples @ tokens["stopped"]) / (resamples @ tokens["whole"])
    ratios = sorted(1 - stopped / whole for stopped, whole in zip(seconds["stopped"], seconds["whole"], strict=True))
    print(
        json.dumps(
            {
                "prompts": len(rows),
                "n": rollout.n,
                "repeats": args.repeats,
                "mean_tokens": tokens["whole"].sum() / (len(rows) * rollout.n * args.repeats),
                "tokens_saved": estimate(saved),
                "seconds_saved": {"median": statistics.median(ratios), "least": ratios[0], "most": ratios[-1]},
            }
        )
    )


if __name__ == "__main__":
    cli.run(main, "rollout_cap")
