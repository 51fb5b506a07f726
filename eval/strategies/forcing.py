r"""Budget forcing: close a thought at its limit and ask for the boxed answer; make one that ends early go on.

The budget covers everything, thinking, solution and what is inserted, so that ``used <= budget`` always holds; that of
``thinking_cap`` covers the thought alone, and ``thinking <= budget`` holds.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

from eval.chat import Chat
from eval.engines import Completion, Request
from eval.samples import Sample
from eval.strategies import Response, Sampling, Steps, continued
from l1_verl.cli import InputError
from l1_verl.thought import THINK_END

_BOX = "\n\n\\boxed{"
_CLOSE = f"\n{THINK_END}{_BOX}"
_WAIT = "Wait"


def hard_cap(sample: Sample, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """The prompt asks for the budget, and the limit holds it: obedience where it works, a guarantee where not."""
    return _forced(sample, chat, sampling, with_budget=True, waits=0)


def s1_truncate(sample: Sample, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """The prompt says nothing of a budget; at the limit the thought is closed and the answer asked for."""
    return _forced(sample, chat, sampling, with_budget=False, waits=0)


def s1_wait(sample: Sample, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """As ``s1_truncate``, but a thought that ends before the limit loses its ``</think>`` and goes on after "Wait"."""
    return _forced(sample, chat, sampling, with_budget=False, waits=sampling.max_waits)


def thinking_cap(sample: Sample, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """The prompt asks for the budget, a thought that reaches it is closed, and the solution follows.

    What ``close_thinking`` does in training (l1_verl/agent_loop.py), after Elastic Reasoning (arXiv 2505.05315): a
    budget that leaves no room for the solution is lowered, and whatever is written before a ``</think>`` is a thought.
    Where the template has closed the thought, there is the solution alone.
    """
    assert chat is not None
    prompt = chat.prompt_of(sample)
    draft = _Draft(chat, prompt, sampling.cap(sample, len(prompt)))
    request = sampling.request(sample, prompt, draft.left)
    if not chat.closed_thought(prompt):
        yield from _capped_thought(draft, request, sample, sampling)
        if not chat.closes_thought(draft.ids):
            if draft.stopped:
                return draft.finished()
            draft.insert(THINK_END)
    draft.stopped = False
    yield from _go_on(draft, request, min(draft.left, sampling.solution_tokens or draft.left))
    return draft.finished()


def _capped_thought(
    draft: _Draft, request: Request, sample: Sample, sampling: Sampling
) -> Generator[Request, Completion, None]:
    """Writes a thought that has room left for its close within the budget, and for a solution within the response."""
    assert sample.budget is not None  # Strategy.complaint
    close = len(draft.chat.encode(THINK_END))
    thought = min(sample.budget.tokens, draft.left - (sampling.solution_tokens or 1))
    if thought < close:
        raise InputError(
            f"a budget of {sample.budget.tokens} tokens ({sample.data_source}) in a response of at most {draft.left} "
            f"leaves {thought} for the thought, and closing it takes {close}; lower --solution-tokens, raise "
            "--max-tokens or --max-model-len, or drop such budgets from the data"
        )
    yield from _go_on(draft, _up_to_close(request, draft.chat), thought - close)


@dataclass
class _Draft:
    """What has been written so far, by the model and by the strategy."""

    chat: Chat
    prompt: list[int]
    budget: int
    ids: list[int] = field(default_factory=list)
    inserted: int = 0
    rounds: int = 0
    stopped: bool = False

    @property
    def left(self) -> int:
        return self.budget - len(self.ids)

    def insert(self, text: str) -> None:
        added = self.chat.encode(text)
        self.ids += added
        self.inserted += len(added)

    def take_back_end(self) -> None:
        """Drops what ended the thought: ``</think>``, in one token or several, or the end of the sequence."""
        ends = {self.chat.end_of_thought, *self.chat.tokenizer.all_special_ids}
        while self.ids and self.ids[-1] in ends:
            self.ids.pop()
        before, closed, _ = self.chat.decode(self.ids).rpartition(THINK_END)
        while closed and len(self.chat.decode(self.ids)) > len(before):
            self.ids.pop()

    def in_thought(self) -> bool:
        return self.chat.in_thought(self.prompt, self.ids)

    def has_answer(self) -> bool:
        r"""True if a complete ``\boxed{...}`` stands outside the thought."""
        if self.in_thought():
            return False
        solution = self.chat.decode(self.ids).rpartition(THINK_END)[2]
        _, box, answer = solution.partition("\\boxed{")
        return bool(box) and answer.count("}") > answer.count("{")

    def finished(self) -> Response:
        thinking = self.chat.thinking_tokens(self.prompt, self.ids)
        text = self.chat.decode(self.ids)
        return Response(text, len(self.ids), thinking, self.inserted, self.stopped, self.rounds)


def _forced(sample: Sample, chat: Chat | None, sampling: Sampling, *, with_budget: bool, waits: int) -> Steps:
    assert chat is not None
    assert sample.budget is not None  # Strategy.complaint
    prompt = chat.prompt_of(sample, with_budget=with_budget)
    budget = min(sample.budget.tokens, sampling.cap(sample, len(prompt)))
    close = len(chat.encode(_CLOSE))
    if budget <= close:
        raise InputError(
            f"a budget of {budget} tokens ({sample.data_source}) cannot hold the {close} tokens that close a thought "
            "and an answer; drop such budgets from the data"
        )
    draft = _Draft(chat, prompt, budget)
    request = sampling.request(sample, prompt, budget)
    # Half of what is left at most goes to the forced answer, or a small budget would leave nothing to think with.
    reserve = close + min(sampling.answer_tokens, max(1, (budget - close) // 2))
    yield from _think(draft, request, reserve, waits)
    if not draft.stopped and not draft.has_answer():
        draft.insert(_CLOSE if draft.in_thought() else _BOX)
        yield from _go_on(draft, replace(request, stop=("\n\n",)), min(draft.left, sampling.answer_tokens))
    return draft.finished()


def _think(draft: _Draft, request: Request, reserve: int, waits: int) -> Generator[Request, Completion, None]:
    """Writes thought and solution until the model is done or only ``reserve`` tokens are left.

    With ``waits`` the model is stopped where it closes its thought, so that the close can be taken back.
    """
    wait = len(draft.chat.encode(_WAIT))
    while True:
        asked = _up_to_close(request, draft.chat) if waits > 0 else request
        yield from _go_on(draft, asked, draft.left - reserve)
        if not draft.stopped or waits == 0:
            return
        if draft.left - reserve > wait:
            draft.take_back_end()
            draft.insert(_WAIT)
            waits -= 1
        elif draft.chat.closes_thought(draft.ids):
            waits = 0  # no room to think on: what is left is for the solution
        else:
            return
        draft.stopped = False


def _up_to_close(request: Request, chat: Chat) -> Request:
    if chat.end_of_thought is None:
        return replace(request, stop=(THINK_END,))
    return replace(request, stop_token_ids=(chat.end_of_thought,))


def _go_on(draft: _Draft, request: Request, room: int) -> Generator[Request, Completion, None]:
    """One more completion of at most ``room`` tokens."""
    if room < 1:
        return
    completion = yield continued(request, draft.prompt + draft.ids, room, draft.rounds)
    draft.ids += completion.token_ids or []
    draft.rounds += 1
    draft.stopped = completion.stopped
