"""The agent loop ``lcpo``: rollouts of every model family, with limits that follow from the budget.

Tell verl where it is, and take it::

    actor_rollout_ref.rollout.agent.agent_loop_config_path=<path of l1_verl/agent_loops.yaml>
    actor_rollout_ref.rollout.agent.default_agent_loop=lcpo

It does what verl's ``single_turn_agent`` does, and four things more:

- Prompts are built as the tokenizer needs it (:mod:`l1_verl.continuous_token`), so that models with DeepSeek's tokens
  roll out on verl 0.9.1.
- With ``rollout.custom.lcpo.stop_at_zero`` a training rollout stops where its reward is 0 whatever follows,
  :meth:`l1_verl.rewards.LengthReward.zero_point`. Validation is not stopped.
- A budget of 0 gets a prompt that closes the thought at once, where the template has a way to (:func:`close_prompt`).
- With ``rollout.custom.lcpo.close_thinking`` a thought has n_gold tokens at most, in training and in validation. A
  longer one is closed with ``</think>``, and the solution follows (as in Elastic Reasoning, arXiv 2505.05315).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from omegaconf import DictConfig
from verl.experimental.agent_loop.agent_loop import AgentLoopOutput, register
from verl.experimental.agent_loop.single_turn_agent_loop import SingleTurnAgentLoop
from verl.experimental.agent_loop.tool_agent_loop import SPEC_DECODE_EXTRA_KEYS
from verl.workers.rollout.replica import TokenOutput

from l1_verl.budget import Budget
from l1_verl.config import Stops, parse_reward, parse_stops
from l1_verl.continuous_token import builder_model_type
from l1_verl.rewards import LengthReward
from l1_verl.thought import LIMIT, close_prompt, closed_by, require_think_end_id

#: Key that :class:`l1_verl.trainer.LCPOTrainer` adds to the batches it trains on: nothing that verl 0.9.1 hands to an
#: agent loop tells them from validation's.
TRAINING = "lcpo_training"

_THINKING, _CLOSED_AT = "lcpo_thinking", "lcpo_closed_at"


class Thinking(NamedTuple):
    """Limits of a rollout in two parts.

    Attributes:
        tokens: longest thought, ``</think>`` included.
        close: whether a longer one is closed and solved; otherwise the response ends there.
        response: longest response.
        solution: longest solution, ``None`` for what the response leaves.
    """

    tokens: int
    close: bool
    response: int
    solution: int | None


class Limits(NamedTuple):
    """What the configuration says about the length of rollouts."""

    reward: LengthReward
    stops: Stops
    thinking_counts: bool


_latest: tuple[DictConfig, Limits] | None = None


def limits_of(config: DictConfig) -> Limits:
    """Reads verl's whole configuration, once for as long as it is the same object.

    verl makes an agent loop for every trajectory, 2,048 at a step of the paper, all of one configuration.

    Raises:
        ValueError: a knob is unknown, outside its range, or contradicts another.
    """
    global _latest
    if _latest is None or _latest[0] is not config:
        reward, grading = parse_reward(config.reward.get("reward_kwargs"))
        stops = parse_stops(config.actor_rollout_ref.rollout, grading.count)
        _latest = config, Limits(reward, stops, grading.count == "thinking")
    return _latest[1]


@register("lcpo")
class LCPOAgentLoop(SingleTurnAgentLoop):
    """verl's single-turn rollout for every model family, with limits per sample.

    Args:
        tokenizer: the policy's tokenizer.
        processor: verl's processor; with one, verl's own choice of a prompt builder stands.
        hf_model_type: ``model_type`` of the model's ``config.json``.

    Raises:
        ValueError: a knob is unknown, outside its range, or contradicts another; or thinking alone is counted with a
            tokenizer that has ``</think>`` as several tokens.
    """

    def __init__(
        self, *args: Any, tokenizer: Any, processor: Any = None, hf_model_type: str | None = None, **kwargs: Any
    ) -> None:
        if processor is None:
            hf_model_type = builder_model_type(tokenizer, hf_model_type)
        super().__init__(*args, tokenizer=tokenizer, processor=processor, hf_model_type=hf_model_type, **kwargs)
        self._closes = False
        # verl takes the tokens of an output, and leaves the text that vLLM makes of every one of them.
        self._unread = {"detokenize": False} if self.rollout_config.get("name") == "vllm" else {}
        self._reward, self._stops, self._thinking_counts = limits_of(self.config)
        if self._thinking_counts:
            server: Any = ThinkingServer(self.server_manager, require_think_end_id(tokenizer), tokenizer.eos_token_id)
            self.server_manager = server

    async def ct_build_initial_tokens(self, *args: Any, **kwargs: Any) -> list[int]:
        """verl's prompt, with its thought closed where this rollout's budget is 0."""
        prompt_ids: list[int] = await super().ct_build_initial_tokens(*args, **kwargs)
        if self._closes:
            return close_prompt(self.tokenizer, prompt_ids, **self.apply_chat_template_kwargs)
        return prompt_ids

    async def run(self, sampling_params: dict[str, Any], priority: int = 0, **kwargs: Any) -> AgentLoopOutput:
        budget = Budget.from_dict((kwargs.get("extra_info") or {}).get("budget"))
        # verl makes an agent loop for every trajectory.
        self._closes = budget is not None and budget.tokens == 0
        limits = self._limits(budget, training=bool(kwargs.get(TRAINING)))
        # A dict of its own: verl hands the same one to all rollouts of a prompt.
        output = await super().run(sampling_params | self._unread | limits, priority, **kwargs)
        output.extra_fields.setdefault(LIMIT, limits.get("max_tokens", self.response_length))
        closed_at = output.extra_fields.pop(_CLOSED_AT, None)
        if closed_at is not None:
            output.response_mask[closed_at] = 0
        return output

    def _limits(self, budget: Budget | None, *, training: bool) -> dict[str, Any]:
        """Sampling parameters that end this rollout, none where only the longest response does."""
        if budget is None:
            return {}
        if self._stops.close_thinking:
            # A thought leaves room for the solution, however long a budget is.
            tokens = min(budget.tokens, self.response_length - (self._stops.solution_tokens or 1))
            return {_THINKING: Thinking(tokens, True, self.response_length, self._stops.solution_tokens)}
        if budget.tokens == 0:
            return {}  # the thought alone counts, and the prompt has closed it
        stop = stop_at(budget, self._reward, self._stops) if training else None
        if stop is None or stop >= self.response_length:
            return {}
        if self._thinking_counts:
            return {_THINKING: Thinking(stop, False, self.response_length, None)}
        return {"max_tokens": stop}


def stop_at(budget: Budget | None, reward: LengthReward, stops: Stops) -> int | None:
    """The number of counted tokens at which a training rollout stops, ``None`` for never.

    Example:
        >>> stop_at(Budget("max", 512), LengthReward(), Stops(stop_at_zero=True))
        1012
        >>> stop_at(Budget("exact", 512), LengthReward(), Stops(exact_overrun=100))
        612
    """
    limits = [reward.zero_point(budget)] if stops.stop_at_zero else []
    if budget is not None and budget.mode == "exact" and stops.exact_overrun is not None:
        limits.append(budget.tokens + stops.exact_overrun)
    return min((limit for limit in limits if limit is not None), default=None)


class ThinkingServer:
    """verl's server client, asked for a thought first and for its solution then where a request says so.

    Args:
        server: what has ``generate`` as ``verl.workers.rollout.llm_server.LLMServerClient`` has.
        think_end: the token ``</think>``.
        eos: the token that ends a response.
    """

    def __init__(self, server: Any, think_end: int, eos: int) -> None:
        self._server, self._think_end, self._eos = server, think_end, eos

    async def generate(
        self, request_id: str, *, prompt_ids: list[int], sampling_params: dict[str, Any], **kwargs: Any
    ) -> TokenOutput:
        """Thought and solution as one output; its log-prob of a ``</think>`` that the model did not write is 0.

        A prompt that has closed the thought is answered by a solution alone, which only its own limit ends.
        """
        params = dict(sampling_params)
        limits: Thinking | None = params.pop(_THINKING, None)

        async def ask(written: list[int], **more: Any) -> TokenOutput:
            return await self._server.generate(
                request_id, prompt_ids=prompt_ids + written, sampling_params=params | more, **kwargs
            )

        closed = closed_by(prompt_ids, self._think_end)
        if limits is None or (closed and limits.solution is None):
            return await ask([])
        if closed:
            output = await ask([], max_tokens=limits.solution)
            output.extra_fields[LIMIT] = limits.solution
            return output
        output = TokenOutput(token_ids=[], log_probs=[] if params.get("logprobs") else None)
        room = limits.tokens - limits.close
        if room > 0:
            output = await ask([], max_tokens=room, stop_token_ids=[self._think_end])
        thought = output.token_ids
        if thought[-1:] != [self._think_end]:
            if not limits.close or len(thought) < room or thought[-1:] == [self._eos]:
                output.extra_fields[LIMIT] = limits.tokens
                return output
            inserted = TokenOutput(token_ids=[self._think_end], log_probs=[0.0] if params.get("logprobs") else None)
            output = _joined(output, inserted)
            output.extra_fields[_CLOSED_AT] = len(thought)
        left = limits.response - len(output.token_ids)
        left = left if limits.solution is None else min(left, limits.solution)
        output.extra_fields[LIMIT] = len(output.token_ids) + left
        return _joined(output, await ask(output.token_ids, max_tokens=left))


def _joined(first: TokenOutput, then: TokenOutput) -> TokenOutput:
    """One output of two that follow each other."""
    preempted = [output.num_preempted for output in (first, then) if output.num_preempted is not None]
    extra = then.extra_fields | first.extra_fields
    if "max_global_steps" in then.extra_fields:
        extra["max_global_steps"] = then.extra_fields["max_global_steps"]
    for key in set(SPEC_DECODE_EXTRA_KEYS) & first.extra_fields.keys() & then.extra_fields.keys():
        extra[key] = first.extra_fields[key] + then.extra_fields[key]
    return TokenOutput(
        token_ids=[*first.token_ids, *then.token_ids],
        # An aborted part has neither tokens nor log-probs.
        log_probs=[*(first.log_probs or []), *(then.log_probs or [])] or None,
        routed_experts=first.routed_experts if then.routed_experts is None else then.routed_experts,
        stop_reason=then.stop_reason,
        num_preempted=sum(preempted) if preempted else None,
        extra_fields=extra,
    )
