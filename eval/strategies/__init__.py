"""Strategies: how a model is brought to spend a budget.

============  ==========================  ===================================================================
name          budget in the prompt        how the budget is kept
============  ==========================  ===================================================================
plain         yes, where the row has one  by the model alone; uncontrolled without a budget
hard-cap      yes                         by the model, and at the limit the thought is closed and answered
thinking-cap  yes, for the thought alone  a thought is closed at the limit, and the solution follows
s1-truncate   no                          the thought is closed and answered at the limit (budget forcing)
s1-wait       no                          as s1-truncate; a thought that ends early goes on after "Wait"
s1-paper      no                          budget forcing as the authors of L1 ran it, faults included
============  ==========================  ===================================================================

A strategy is written for one sample: a generator that yields requests and returns a :class:`Response`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace

from eval.chat import Chat
from eval.engines import Completion, Request
from eval.samples import Sample
from l1_verl.cli import InputError


@dataclass(frozen=True)
class Response:
    """A finished response.

    Attributes:
        text: what follows the prompt.
        used_tokens: n_y, all tokens of the response: thinking, solution, EOS and whatever was inserted.
        thinking_tokens: those up to and with the first ``</think>``; None where a server does not tell.
        inserted_tokens: those a strategy put in.
        stopped: True if the model ended it, False if a limit did.
        rounds: how many requests it took.
    """

    text: str
    used_tokens: int
    thinking_tokens: int | None
    inserted_tokens: int
    stopped: bool
    rounds: int


Steps = Generator[Request, Completion, Response]


@dataclass(frozen=True)
class Strategy:
    """A strategy and what it needs.

    Attributes:
        steps: (sample, chat, sampling=...) -> the sample's requests.
        options: the fields of :class:`Sampling` that it takes beside those of every strategy, with their defaults.
        continues: whether it continues responses up to a budget, so that it needs budgets and token ids.
    """

    steps: Callable[..., Steps]
    options: Mapping[str, float | None]
    continues: bool = True

    def __call__(self, sample: Sample, chat: Chat | None, *, sampling: Sampling) -> Steps:
        return self.steps(sample, chat, sampling=sampling)

    def complaint(self, samples: Iterable[Sample], *, token_ids: bool) -> str | None:
        """Why these samples cannot be run, or None.

        Args:
            samples: what is to be asked.
            token_ids: whether the engine takes and returns token ids.
        """
        if not self.continues:
            return None
        if not token_ids:
            return (
                "continues responses token by token; with --engine openai it needs --tokenizer and a server that "
                "takes token ids, such as `vllm serve`"
            )
        unbudgeted = next((sample for sample in samples if sample.budget is None), None)
        if unbudgeted is None:
            return None
        return f"needs a budget, and a row of {unbudgeted.data_source!r} has none; prepare the data with --budgets"


@dataclass(frozen=True)
class Sampling:
    """How responses are drawn.

    Args:
        temperature: >= 0.
        top_p: in (0, 1].
        max_tokens: most tokens of a response.
        max_budget_multiple: most tokens of a response as a multiple of its budget, if that is not 0; None for no such
            limit.
        context: most tokens of prompt and response together; None if unknown.
        answer_tokens: most tokens of an answer that is forced at the limit.
        max_waits: most times a thought is made to go on.
        solution_tokens: most tokens that follow a thought under a budget of its own; None for what is left.
    """

    temperature: float = 0.6
    top_p: float = 0.95
    max_tokens: int = 8192
    max_budget_multiple: float | None = None
    context: int | None = None
    answer_tokens: int = 32
    max_waits: int = 100
    solution_tokens: int | None = None

    def cap(self, sample: Sample, prompt_tokens: int) -> int:
        """Most tokens that the response to ``sample`` may have.

        Raises:
            InputError: the prompt fills the context.
        """
        cap = self.max_tokens
        if self.max_budget_multiple is not None and sample.budget is not None and not sample.zero:
            cap = min(cap, max(1, int(self.max_budget_multiple * sample.budget.tokens)))
        if self.context is not None:
            cap = min(cap, self.context - prompt_tokens)
        if cap < 1:
            raise InputError(
                f"a prompt of {sample.data_source} has {prompt_tokens} tokens and leaves no room in a context of "
                f"{self.context}; raise --max-model-len or drop that row"
            )
        return cap

    def request(self, sample: Sample, prompt: list[int] | list[dict[str, str]], max_tokens: int) -> Request:
        return Request(prompt, max_tokens, self.temperature, self.top_p, sample.seed, closed=sample.zero)


def continued(request: Request, prompt: list[int], max_tokens: int, round_: int) -> Request:
    """``request`` from a longer prompt; its own seed keeps a later round from repeating an earlier one's draws."""
    return replace(request, prompt=prompt, max_tokens=max_tokens, seed=(request.seed + round_) % 2**31)
