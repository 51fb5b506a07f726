"""The prompt asks for the budget and the model does as it likes."""

from __future__ import annotations

from eval.chat import Chat
from eval.engines import Completion
from eval.strategies import Answer, Sampling, Steps
from eval.tasks import Task
from l1_verl.thought import THINK_END


def plain(task: Task, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """One request, with the budget's sentence where the task has a budget."""
    conversation = task.conversation(with_budget=True)
    if chat is None:
        completion = yield sampling.request(task, conversation, sampling.cap(task, 0))
        return _from_server(completion)
    prompt = chat.render(conversation)
    completion = yield sampling.request(task, prompt, sampling.cap(task, len(prompt)))
    ids = completion.token_ids or []
    return Answer(chat.decode(ids), len(ids), chat.thinking_tokens(prompt, ids), 0, completion.stopped, rounds=1)


def _from_server(completion: Completion) -> Answer:
    text = completion.text or ""
    thinking = completion.thinking_tokens
    # A response cut before any close may be a thought that the server's template opened: that stays unknown.
    if thinking is None and completion.stopped and THINK_END not in text:
        thinking = 0
    return Answer(text, completion.tokens, thinking, 0, completion.stopped, rounds=1)
