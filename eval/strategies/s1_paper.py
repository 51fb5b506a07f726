r"""Budget forcing as the authors of L1 ran it as their baseline, faults included, to show what the faults cost.

What differs from ``s1-wait``: the prompt is DeepSeek-R1's spelled out by hand and gets a second BOS; generation stops
at the ordinary tokens that ``<|im_start|><|im_end|>`` falls into ("<", "|", "im", ...), so a bare ``|x|`` is taken for
the end of a thought; a thought is never closed; the answer is asked for in a user's turn that names no ``\\boxed``;
and the twenty tokens of the answer come on top of the budget. They drew one response per problem: ``--samples 1``.

Source: scripts/baselines/eval_s1.py of the authors' repository at 93dd330.
"""

from __future__ import annotations

from dataclasses import replace

from eval.chat import Chat
from eval.samples import Sample
from eval.strategies import Response, Sampling, Steps, continued

_PROMPT = "<｜begin▁of▁sentence｜><｜User｜>\n{problem}<｜Assistant｜><think>\n"
_STOP = "<|im_start|><|im_end|>"
_ASK = "\n<｜User｜>The final Answer is:"
_ROUNDS, _ANSWER_TOKENS = 100, 20


def s1_paper(sample: Sample, chat: Chat | None, *, sampling: Sampling) -> Steps:
    """Up to a hundred rounds of "Wait" until the budget is spent, then an answer in twenty greedy tokens."""
    assert chat is not None
    assert sample.budget is not None  # Strategy.complaint
    text = _PROMPT.format(problem=sample.messages[-1]["content"])
    prompt = chat.encode(text, special=True)
    reserve = _ANSWER_TOKENS + len(chat.encode(_ASK))
    left = min(sample.budget.tokens, sampling.cap(sample, len(prompt) + reserve))
    request = replace(sampling.request(sample, prompt, left), stop_token_ids=tuple(chat.encode(_STOP, special=True)))
    written: list[int] = []
    rounds = 0
    while True:
        completion = yield continued(request, chat.encode(text, special=True), left, rounds)
        ids = completion.token_ids or []
        written, rounds, left = written + ids, rounds + 1, left - len(ids)
        said = chat.decode(ids[:-1] if ids and ids[-1] in request.stop_token_ids else ids)
        longer = text + said + "Wait"
        if sampling.context is not None:
            # Every "Wait" takes context and no budget; theirs was never full, and a full one ends the thought.
            left = min(left, sampling.context - len(chat.encode(longer, special=True)) - reserve)
        if left <= 0 or rounds > _ROUNDS:
            break
        text = longer
        request = replace(request, min_tokens=1)
    text += said + _ASK
    asked = replace(request, temperature=0.0, stop_token_ids=(), stop=("\n",), min_tokens=0)
    completion = yield continued(asked, chat.encode(text, special=True), _ANSWER_TOKENS, rounds)
    final = completion.token_ids or []
    written += final
    return Response(
        # They grade the prompt along with the answer; its empty \\boxed{} is the last box where the model wrote none.
        text=text + chat.decode(final).split("\n")[0],
        used_tokens=len(written),
        thinking_tokens=chat.thinking_tokens(prompt, written),
        inserted_tokens=0,
        stopped=completion.stopped,
        rounds=rounds + 1,
    )
