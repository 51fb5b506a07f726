"""LCPOAgentLoop on verl's own base class: what it asks of the server, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from verl.experimental.agent_loop import SingleTurnAgentLoop
from verl.experimental.agent_loop.agent_loop import DictConfigWrap, ToolListWrap
from verl.utils.dataset.rl_dataset import RLHFDataset
from verl.workers.rollout.replica import TokenOutput

from l1_verl.agent_loop import _THINKING, TRAINING, LCPOAgentLoop, Thinking, ThinkingServer, limits_of
from l1_verl.budget import Budget
from l1_verl.config import parse_reward
from l1_verl.thought import LIMIT, require_think_end_id, thinking_tokens
from recipes.tiny.pretrain import new_model
from recipes.tiny.tokenizer import build_tokenizer

TOKENIZER = build_tokenizer()
THINK_END, EOS = require_think_end_id(TOKENIZER), TOKENIZER.eos_token_id
WORD = TOKENIZER.convert_tokens_to_ids("7")
LONGEST = 64
MESSAGES = [{"role": "user", "content": "What is 7 + 8?"}]
SAMPLING = {"temperature": 1.0, "top_p": 1.0, "top_k": -1, "repetition_penalty": 1.0, "logprobs": True}


class Script:
    """A server whose model thinks for ``thought`` tokens and solves in ``solution``, wherever its thought ends."""

    def __init__(self, thought: int, solution: int) -> None:
        self._solution = [WORD] * solution + [EOS]
        self._all = [WORD] * thought + [THINK_END, *self._solution]
        self.requests: list[tuple[list[int], dict]] = []

    async def generate(self, request_id, *, prompt_ids, sampling_params, **_):
        self.requests.append((prompt_ids, sampling_params))
        # As verl's server does, which owns the copy that Ray brings it.
        limit = sampling_params.get("max_tokens", LONGEST)
        assert limit >= 1
        tokens = (self._solution if prompt_ids[-1] == THINK_END else self._all)[:limit]
        if THINK_END in tokens and THINK_END in sampling_params.get("stop_token_ids", []):
            tokens = tokens[: tokens.index(THINK_END) + 1]
        steps = {"min_global_steps": len(self.requests), "max_global_steps": len(self.requests)}
        return TokenOutput(token_ids=tokens, log_probs=[-1.0] * len(tokens), num_preempted=1, extra_fields=steps)


def config(reward=None, **stops):
    rollout = {"prompt_length": 64, "response_length": LONGEST, "custom": {"lcpo": stops}}
    return OmegaConf.create(
        {"actor_rollout_ref": {"rollout": rollout}, "reward": {"reward_kwargs": reward or {}}, "data": {}}
    )


def rollout(
    server, config, budget, *, training=True, loop=LCPOAgentLoop, sampling=SAMPLING, priority=0, model_type="qwen2"
):
    async def run():
        agent = loop(
            trainer_config=DictConfigWrap(config), server_manager=server, tokenizer=TOKENIZER, processor=None,
            dataset_cls=RLHFDataset, data_config=DictConfigWrap(config.data), hf_model_type=model_type,
            tools=ToolListWrap([]),
        )  # fmt: skip
        marks = {TRAINING: True} if training else {}
        extra = {"budget": budget.to_dict() if budget else None}
        return await agent.run(sampling, priority=np.int64(priority), raw_prompt=MESSAGES, extra_info=extra, **marks)

    before = dict(sampling)
    output = asyncio.run(run())
    assert sampling == before, "verl shares these among the rollouts of a prompt"
    assert len(output.response_ids) == len(output.response_mask) == len(output.response_logprobs or []) <= LONGEST
    return output


lengths, budgets = st.integers(0, 80), st.integers(1, 100)
KNOBS = {"max": {"alpha": 0.05, "delta": 0.5}, "max_plateau": {"margin": 0.25}}


@given(lengths, lengths, budgets, st.sampled_from(["response", "thinking"]), st.sampled_from(["max", "max_plateau"]))
def test_a_stopped_rollout_is_the_beginning_of_the_whole_one_and_earns_what_that_earns(
    thought, solution, tokens, count, for_max
):
    budget, kwargs = Budget("max", tokens), {"count": count, "for_max": for_max} | KNOBS
    reward, _ = parse_reward(kwargs)
    whole = rollout(Script(thought, solution), config(), budget, loop=SingleTurnAgentLoop, model_type="deepseek_v3")
    output = rollout(Script(thought, solution), config(kwargs, stop_at_zero=True), budget)
    ids = output.response_ids
    assert ids == whole.response_ids[: len(ids)]
    assert output.response_mask == [1] * len(ids)

    def used(ids):
        return thinking_tokens(ids, THINK_END) if count == "thinking" else len(ids)

    zero = reward.zero_point(budget)
    assert used(ids) <= zero
    for correct in (True, False):
        assert reward(correct, used(ids), budget) == reward(correct, used(whole.response_ids), budget)
    assert (len(ids) < len(whole.response_ids)) == (used(whole.response_ids) > zero)
    assert len(ids) <= output.extra_fields[LIMIT]
    if len(ids) < len(whole.response_ids):
        assert len(ids) == output.extra_fields[LIMIT]


@pytest.mark.parametrize("mode", ["exact", "max"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("reward", "stops"),
    [({}, {}), (KNOBS, {"stop_at_zero": True}), ({"count": "thinking"}, {"close_thinking": True})],
)
def test_a_budget_of_0_is_answered_at_once_and_no_limit_cuts_its_solution(mode, training, reward, stops):
    server = Script(30, 50)
    output = rollout(server, config(reward, **stops), Budget(mode, 0), training=training)
    (asked,) = server.requests
    assert TOKENIZER.decode(asked[0]).endswith("<think>\n</think>")
    assert "max_tokens" not in asked[1]
    assert output.prompt_ids == asked[0]
    assert output.response_ids == [WORD] * 50 + [EOS]
    assert output.response_mask == [1] * 51


def test_a_solution_under_a_budget_of_0_keeps_its_allowance():
    stops = {"close_thinking": True, "solution_tokens": 20}
    output = rollout(Script(30, 50), config({"count": "thinking"}, **stops), Budget("exact", 0))
    assert output.response_ids == [WORD] * 20
    assert output.extra_fields[LIMIT] == 20


@pytest.mark.parametrize(("engine", "spared"), [("vllm", {"detokenize": False}), ("sglang", {})])
def test_vllm_is_spared_the_text_that_nobody_reads(engine, spared):
    server, settings = Script(3, 3), config()
    settings.actor_rollout_ref.rollout.name = engine
    rollout(server, settings, None)
    assert server.requests[0][1] == SAMPLING | spared


def test_any_other_budget_leaves_the_thought_open():
    for budget in (None, Budget("max", 1), Budget("range", 9, least=3), Budget("level", 9, level="low")):
        server = Script(3, 3)
        rollout(server, config(), budget)
        assert TOKENIZER.decode(server.requests[0][0]).endswith("<think>\n")


@given(lengths, lengths, budgets, st.one_of(st.none(), st.integers(1, LONGEST - 1)), st.booleans())
def test_a_closed_thought_keeps_its_budget_and_the_solution_its_allowance(
    thought, solution, tokens, allowance, training
):
    server = Script(thought, solution)
    stops = {"close_thinking": True, "solution_tokens": allowance}
    output = rollout(server, config({"count": "thinking"}, **stops), Budget("exact", tokens), training=training)
    ids = output.response_ids
    room = min(tokens, LONGEST - (allowance or 1))
    kept = thinking_tokens(ids, THINK_END)
    assert kept == min(thought + 1, room)
    assert ids[kept - 1] == THINK_END
    assert len(ids) - kept == min(solution + 1, allowance or LONGEST, LONGEST - kept)
    # Only what the model wrote is trained on.
    forced = thought + 1 >= room
    assert [i for i, own in enumerate(output.response_mask) if not own] == ([room - 1] if forced else [])
    assert output.response_logprobs == [0.0 if not own else -1.0 for own in output.response_mask]
    assert (output.extra_fields[LIMIT] == len(ids)) == (
        ids[-1] != EOS or len(ids) - kept == (allowance or LONGEST - kept)
    )


def test_the_second_request_continues_the_first_and_their_facts_are_merged():
    server = Script(30, 5)
    output = rollout(server, config({"count": "thinking"}, close_thinking=True), Budget("max", 10))
    (prompt, thought), (longer, solution) = server.requests
    assert longer == [*prompt, *[WORD] * 9, THINK_END]
    assert (thought["max_tokens"], thought["stop_token_ids"], solution["max_tokens"]) == (9, [THINK_END], LONGEST - 10)
    assert "stop_token_ids" not in solution
    assert output.prompt_ids == prompt
    assert (output.extra_fields["min_global_steps"], output.extra_fields["max_global_steps"]) == (1, 2)
    assert output.metrics.num_preempted == 2


def test_a_budget_of_one_token_is_the_end_of_thought_itself():
    server = Script(30, 2)
    output = rollout(server, config({"count": "thinking"}, close_thinking=True), Budget("max", 1))
    assert output.response_ids == [THINK_END, WORD, WORD, EOS]
    assert output.response_mask == [0, 1, 1, 1]
    assert len(server.requests) == 1


@pytest.mark.parametrize("close", [True, False])
def test_a_prompt_that_has_closed_the_thought_is_answered_without_a_limit_of_the_thought(close):
    server = Script(0, 30)
    limits = {_THINKING: Thinking(10, close, LONGEST, None)}
    asked = ThinkingServer(server, THINK_END, EOS).generate("id", prompt_ids=[WORD, THINK_END], sampling_params=limits)
    assert asyncio.run(asked).token_ids == [WORD] * 30 + [EOS]
    assert server.requests == [([WORD, THINK_END], {})]


@pytest.mark.parametrize("tokens", [[WORD, EOS], [WORD] * 8 + [EOS], []])
def test_a_thought_that_ends_with_the_response_or_was_aborted_is_left_so(tokens):
    class Ending(Script):
        async def generate(self, request_id, **_):
            return TokenOutput(token_ids=tokens, log_probs=[-1.0] * len(tokens))

    output = rollout(Ending(0, 0), config({"count": "thinking"}, close_thinking=True), Budget("max", 10))
    assert output.response_ids == tokens
    assert output.response_mask == [1] * len(tokens)


@pytest.mark.parametrize(
    ("reward", "stops", "budget", "limit"),
    [
        ({}, {}, Budget("exact", 10), None),
        ({}, {"exact_overrun": 5}, Budget("exact", 10), 15),
        ({}, {"exact_overrun": 0}, Budget("exact", 10), 10),
        ({}, {"exact_overrun": LONGEST}, Budget("exact", 10), None),
        ({"for_exact": "max_plateau"}, {"exact_overrun": 50, "stop_at_zero": True}, Budget("exact", 8), 10),
        (KNOBS, {"exact_overrun": 5, "stop_at_zero": True}, Budget("max", 10), 20),
        (KNOBS, {"exact_overrun": 5}, Budget("max", 10), None),
        (KNOBS, {}, Budget("max", 10), None),
        (KNOBS, {"stop_at_zero": True}, None, None),
        ({"for_max": "none"}, {"stop_at_zero": True}, Budget("max", 10), None),
    ],
)
def test_where_a_training_rollout_is_stopped(reward, stops, budget, limit):
    server = Script(60, 1)
    rollout(server, config(reward, **stops), budget)
    assert [request.get("max_tokens") for _, request in server.requests] == [limit]


@pytest.mark.parametrize("count", ["response", "thinking"])
def test_validation_is_not_stopped(count):
    server = Script(60, 1)
    stopping = config(KNOBS | {"count": count}, stop_at_zero=True, exact_overrun=1)
    rollout(server, stopping, Budget("max", 10), training=False)
    assert [request for _, request in server.requests] == [SAMPLING]


@pytest.mark.parametrize(
    ("reward", "stops", "message"),
    [
        ({}, {"exact_overrun": -1}, r"exact_overrun is -1; it must be a whole number >= 0"),
        ({}, {"exact_overrun": 1.5}, "exact_overrun is 1.5"),
        ({}, {"exact_overun": 1}, r"rollout\.custom\.lcpo\.exact_overun is unknown; allowed are stop_at_zero"),
        ({}, {"stop_at_zero": 1}, "stop_at_zero is 1; it must be true or false"),
        (
            {"count": "thinking"},
            {"close_thinking": True, "stop_at_zero": True},
            "stop_at_zero is True, which close_thinking=true would ignore",
        ),
        ({}, {"close_thinking": True}, "set count=thinking"),
        ({"count": "thinking"}, {"close_thinking": "yes"}, "must be true or false"),
        ({"count": "thinking"}, {"solution_tokens": 5}, "needs close_thinking=true"),
        ({"count": "thinking"}, {"close_thinking": True, "solution_tokens": 0}, "solution_tokens is 0"),
        ({"count": "thinking"}, {"close_thinking": True, "solution_tokens": LONGEST}, "leaves no thinking"),
    ],
)
def test_knobs_that_cannot_work_are_refused(reward, stops, message):
    with pytest.raises(ValueError, match=message):
        rollout(Script(1, 1), config(reward, **stops), None)


def test_the_configuration_is_read_once_for_all_trajectories_and_anew_for_another_run():
    first, second = config({"count": "thinking"}), config(exact_overrun=5)
    read = limits_of(first)
    assert limits_of(first) is read
    assert limits_of(second).stops.exact_overrun == 5
    assert limits_of(first).thinking_counts


class RealServer:
    """vLLM in this process behind verl's ``generate``, with a stream of random numbers per request."""

    def __init__(self, llm) -> None:
        self._llm, self.generated = llm, 0

    async def generate(self, request_id, *, prompt_ids, sampling_params, priority, **_):
        from vllm import SamplingParams

        params = dict(sampling_params)
        params["logprobs"] = 0 if params["logprobs"] else None
        params = SamplingParams(**{"max_tokens": LONGEST} | params, seed=priority)
        found = self._llm.generate([{"prompt_token_ids": prompt_ids}], params, use_tqdm=False)[0].outputs[0]
        ids = list(found.token_ids)
        self.generated += len(ids)
        return TokenOutput(token_ids=ids, log_probs=[p[i].logprob for p, i in zip(found.logprobs, ids, strict=True)])


@pytest.fixture
def engine(tmp_path):
    from eval.chat import Chat
    from eval.engines.vllm_engine import VLLMEngine

    before = dict(os.environ)
    new_model(TOKENIZER, 0).save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    engine = VLLMEngine(str(tmp_path), Chat.load(str(tmp_path)), context=160)
    yield engine.llm
    engine.close()
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.end_to_end
def test_on_the_real_engine_the_same_seeds_earn_the_same_with_fewer_tokens_and_closed_thoughts_keep_their_budget(
    engine,
):
    # A model with random weights would seldom end anything.
    sampling = SAMPLING | {"logit_bias": {THINK_END: 3.0, EOS: 2.0}}
    reward, _ = parse_reward(KNOBS)
    asked = [Budget("max", tokens) for tokens in (4, 8, 16, 32)] * 4
    whole_server, server = RealServer(engine), RealServer(engine)
    rewards = []
    for seed, budget in enumerate(asked):
        more = {"sampling": sampling, "priority": seed}
        whole = rollout(whole_server, config(), budget, loop=SingleTurnAgentLoop, model_type="deepseek_v3", **more)
        output = rollout(server, config(KNOBS, stop_at_zero=True), budget, **more)
        assert output.response_ids == whole.response_ids[: reward.zero_point(budget)]
        rewards.append(reward(True, len(output.response_ids), budget))
        assert rewards[-1] == reward(True, len(whole.response_ids), budget)
    assert 0 in rewards
    assert max(rewards) > 0
    assert server.generated < whole_server.generated

    forced, allowance = 0, 6
    closing = config({"count": "thinking"}, close_thinking=True, solution_tokens=allowance)
    for seed, budget in enumerate(asked):
        output = rollout(RealServer(engine), closing, budget, sampling=sampling, priority=seed)
        thinking = thinking_tokens(output.response_ids, THINK_END)
        assert thinking <= budget.tokens
        assert len(output.response_ids) - thinking <= allowance
        assert all(p < 0 for p, own in zip(output.response_logprobs, output.response_mask, strict=True) if own)
        forced += 0 in output.response_mask
    assert 0 < forced < len(asked)
