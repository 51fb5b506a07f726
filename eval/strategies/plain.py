"""The prompt asks for the budget and the model does as it likes."""

from __future__ import annotations

from eval.chat import Chat
from eval.engines import Completion
from eval.samples import Sample
from eval.strategies import Response, Sampling, Steps
from l1_verl.thought import THINK_END


def plain(sample: Sample, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """One request, with the budget's sentence where the sample has a budget."""
    if chat is None:
        completion = yield sampling.request(sample, sample.conversation(with_budget=True), sampling.cap(sample, 0))
        return _from_server(completion)
    prompt = chat.prompt_of(sample)
    completion = yield sampling.request(sample, prompt, sampling.cap(sample, len(prompt)))
    ids = completion.token_ids or []
    return Response(chat.decode(ids), len(ids), chat.thinking_tokens(prompt, ids), 0, completion.stopped, rounds=1)


def _from_server(completion: Completion) -> Response:
    text = completion.text or ""
    thinking = completion.thinking_tokens
    # A response cut before any close may be a thought that the server's template opened: that stays unknown.
    if thinking is None and completion.stopped and THINK_END not in text:
        thinking = 0
    return Response(text, completion.tokens, thinking, 0, completion.stopped, rounds=1)
