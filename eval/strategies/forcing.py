r"""Budget forcing: close a thought at its limit and ask for the boxed answer; make one that ends early go on.

The budget covers everything, thinking, solution and what is inserted, so that ``used <= budget`` always holds; that of
``thinking_cap`` covers the thought alone, and ``thinking <= budget`` holds.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

from eval.chat import Chat
from eval.engines import Completion, Request
from eval.strategies import Answer, Sampling, Steps, continued
from eval.tasks import Task
from l1_verl.cli import InputError
from l1_verl.thought import THINK_END

_BOX = "\n\n\\boxed{"
_CLOSE = f"\n{THINK_END}{_BOX}"
_WAIT = "Wait"


def hard_cap(task: Task, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """The prompt asks for the budget, and the limit holds it: obedience where it works, a guarantee where not."""
    return _forced(task, chat, sampling, with_budget=True, waits=0)


def s1_truncate(task: Task, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """The prompt says nothing of a budget; at the limit the thought is closed and the answer asked for."""
    return _forced(task, chat, sampling, with_budget=False, waits=0)


def s1_wait(task: Task, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """As ``s1_truncate``, but a thought that ends before the limit loses its ``</think>`` and goes on after "Wait"."""
    return _forced(task, chat, sampling, with_budget=False, waits=sampling.max_waits)


def thinking_cap(task: Task, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """The prompt asks for the budget, a thought that reaches it is closed, and the solution follows.

    What ``close_thinking`` does in training (l1_verl/agent_loop.py), after Elastic Reasoning (arXiv 2505.05315): a
    budget that leaves no room for the solution is lowered, and whatever is written before a ``</think>`` is a thought.
    """
    assert chat is not None
    assert task.budget is not None  # Strategy.complaint
    prompt = chat.render(task.conversation(with_budget=True))
    response = _Response(chat, prompt, sampling.cap(task, len(prompt)))
    close = len(chat.encode(THINK_END))
    thought = min(task.budget.tokens, response.left - (sampling.solution_tokens or 1))
    if thought < close:
        raise InputError(
            f"a budget of {task.budget.tokens} tokens ({task.data_source}) in a response of at most {response.left} "
            f"leaves {thought} for the thought, and closing it takes {close}; lower --solution-tokens, raise "
            "--max-tokens or --max-model-len, or drop such budgets from the data"
        )
    request = sampling.request(task, prompt, thought)
    yield from _go_on(response, _up_to_close(request, chat), thought - close)
    if not chat.closes_thought(response.ids):
        if response.stopped:
            return response.answer()
        response.insert(THINK_END)
    response.stopped = False
    yield from _go_on(response, request, min(response.left, sampling.solution_tokens or response.left))
    return response.answer()


@dataclass
class _Response:
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

    def answer(self) -> Answer:
        thinking = self.chat.thinking_tokens(self.prompt, self.ids)
        text = self.chat.decode(self.ids)
        return Answer(text, len(self.ids), thinking, self.inserted, self.stopped, self.rounds)


def _forced(task: Task, chat: Chat | None, sampling: Sampling, *, with_budget: bool, waits: int) -> Steps:
    assert chat is not None
    assert task.budget is not None  # Strategy.complaint
    prompt = chat.render(task.conversation(with_budget=with_budget))
    budget = min(task.budget.tokens, sampling.cap(task, len(prompt)))
    close = len(chat.encode(_CLOSE))
    if budget <= close:
        raise InputError(
            f"a budget of {budget} tokens ({task.data_source}) cannot hold the {close} tokens that close a thought "
            "and an answer; drop such budgets from the data"
        )
    response = _Response(chat, prompt, budget)
    request = sampling.request(task, prompt, budget)
    # Half of what is left at most goes to the forced answer, or a small budget would leave nothing to think with.
    reserve = close + min(sampling.answer_tokens, max(1, (budget - close) // 2))
    yield from _think(response, request, reserve, waits)
    if not response.stopped and not response.has_answer():
        response.insert(_CLOSE if response.in_thought() else _BOX)
        yield from _go_on(response, replace(request, stop=("\n\n",)), min(response.left, sampling.answer_tokens))
    return response.answer()


def _think(response: _Response, request: Request, reserve: int, waits: int) -> Generator[Request, Completion, None]:
    """Writes thought and solution until the model is done or only ``reserve`` tokens are left.

    With ``waits`` the model is stopped where it closes its thought, so that the close can be taken back.
    """
    wait = len(response.chat.encode(_WAIT))
    while True:
        asked = _up_to_close(request, response.chat) if waits > 0 else request
        yield from _go_on(response, asked, response.left - reserve)
        if not response.stopped or waits == 0:
            return
        if response.left - reserve > wait:
            response.take_back_end()
            response.insert(_WAIT)
            waits -= 1
        elif response.chat.closes_thought(response.ids):
            waits = 0  # no room to think on: what is left is for the solution
        else:
            return
        response.stopped = False


def _up_to_close(request: Request, chat: Chat) -> Request:
    if chat.end_of_thought is None:
        return replace(request, stop=(THINK_END,))
    return replace(request, stop_token_ids=(chat.end_of_thought,))


def _go_on(response: _Response, request: Request, room: int) -> Generator[Request, Completion, None]:
    """One more completion of at most ``room`` tokens."""
    if room < 1:
        return
    completion = yield continued(request, response.prompt + response.ids, room, response.rounds)
    response.ids += completion.token_ids or []
    response.rounds += 1
    response.stopped = completion.stopped
