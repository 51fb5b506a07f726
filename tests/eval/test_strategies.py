"""Strategies are generators: here a scripted model answers their requests, token by token."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.chat import Chat
from eval.engines import Completion, Request
from eval.samples import samples_of
from eval.strategies import Response, Sampling
from eval.strategies.registry import STRATEGIES
from l1_verl.budget import Budget
from l1_verl.cli import InputError
from recipes.tiny.tokenizer import build_tokenizer
from tests.eval.conftest import chat_with_spelled_tag

CHAT = Chat(build_tokenizer(), "tiny")
END = CHAT.tokenizer.eos_token_id
FORCING = ("hard-cap", "s1-truncate", "s1-wait")
Model = Callable[[Request], list[int]]


def ids(text: str) -> list[int]:
    return CHAT.encode(text)


def ask(name: str, row, model: Model, budget: int = 64, chat=CHAT, **knobs) -> tuple[Response, list[Request]]:
    """Runs one sample of a strategy against ``model``, which says what it would write if nothing stopped it."""
    sample = samples_of([row(1, Budget("exact", budget))], 1, "config", 0)[0]
    steps = STRATEGIES[name](sample, chat, sampling=Sampling(**knobs))
    requests = [next(steps)]
    while True:
        request = requests[-1]
        said = model(request)[: request.max_tokens]
        ends = [i for i, token in enumerate(said, start=1) if token in (END, *request.stop_token_ids)]
        ends += [i for i in range(1, len(said) + 1) if any(stop in chat.decode(said[:i]) for stop in request.stop)]
        stops = sorted(ends)
        said = said[: stops[0]] if stops else said
        try:
            requests.append(steps.send(Completion(len(said), said, None, stopped=bool(stops))))
        except StopIteration as end:
            return end.value, requests


def test_plain_counts_thought_and_solution_apart(row):
    response, requests = ask("plain", row, lambda _: [*ids("1:1+1=2\n</think>\n\\boxed{2}"), END])
    assert "Think for 64 tokens." in CHAT.decode(requests[0].prompt)
    assert response.text == "1:1+1=2\n</think>\n\\boxed{2}"
    assert response.thinking_tokens == len(ids("1:1+1=2\n</think>"))
    assert response.used_tokens == len(ids("1:1+1=2\n</think>\n\\boxed{2}")) + 1
    assert response.stopped


@pytest.mark.parametrize(("name", "knobs"), [("plain", {"max_budget_multiple": 2}), ("thinking-cap", {})])
def test_a_budget_of_0_closes_the_thought_in_the_prompt_and_leaves_the_answer_all_its_tokens(row, name, knobs):
    response, (request,) = ask(name, row, lambda _: [*ids("\n\\boxed{2}"), END], budget=0, **knobs)
    assert CHAT.decode(request.prompt).endswith("Think for 0 tokens.<think>\n</think>")
    assert request.max_tokens == Sampling().max_tokens
    assert (response.thinking_tokens, response.used_tokens) == (0, len(ids("\n\\boxed{2}")) + 1)


@pytest.mark.parametrize("name", FORCING)
def test_budget_forcing_refuses_a_budget_of_0(row, name):
    with pytest.raises(InputError, match=r"a budget of 0 tokens .* cannot hold the"):
        ask(name, row, lambda _: [END], budget=0)


def test_a_thought_that_never_closes_is_all_thinking(row):
    response, _ = ask("plain", row, lambda _: ids("1:2\n") * 100, max_tokens=50)
    assert (response.thinking_tokens, response.used_tokens, response.stopped) == (50, 50, False)


def test_an_exact_budget_caps_the_response_at_a_multiple(row):
    _, requests = ask("plain", row, lambda _: [END], budget=40, max_budget_multiple=2.0)
    assert requests[0].max_tokens == 80


def test_a_prompt_that_fills_the_context_is_refused(row):
    with pytest.raises(InputError, match="leaves no room"):
        ask("plain", row, lambda _: [END], context=5)


@pytest.mark.parametrize("name", FORCING)
def test_a_thought_at_its_limit_is_closed_and_the_boxed_answer_asked_for(row, name):
    def model(request):
        return [*ids("2}"), END] if CHAT.closes_thought(request.prompt) else ids("1:2\n") * 100

    response, requests = ask(name, row, model, budget=64, answer_tokens=8)
    assert response.text.endswith("\n</think>\n\n\\boxed{2}")
    assert 40 < response.used_tokens <= 64
    assert response.inserted_tokens == len(ids("\n</think>\n\n\\boxed{"))
    assert len(requests) == response.rounds == 2


@pytest.mark.parametrize("name", FORCING)
def test_a_solution_cut_at_the_limit_is_asked_for_its_answer_without_a_second_close(row, name):
    def model(request):
        if CHAT.decode(request.prompt).endswith("\\boxed{"):
            return [*ids("2}"), END]
        return ids("1:2\n</think>" + " the" * 100)

    response, _ = ask(name, row, model, budget=64, answer_tokens=8, max_waits=0)
    assert response.text.count("</think>") == 1
    assert response.text.endswith("\n\n\\boxed{2}")


def test_an_answer_that_is_there_is_not_asked_for_again(row):
    response, requests = ask("s1-truncate", row, lambda _: ids("</think>\\boxed{2}" + " the" * 100), answer_tokens=8)
    assert len(requests) == 1
    assert response.inserted_tokens == 0


@pytest.mark.parametrize(
    ("name", "asked"), [("hard-cap", True), ("thinking-cap", True), ("s1-truncate", False), ("s1-wait", False)]
)
def test_only_caps_tell_the_model_its_budget(row, name, asked):
    _, requests = ask(name, row, lambda _: [END])
    assert ("Think for 64 tokens." in CHAT.decode(requests[0].prompt)) is asked


def test_waiting_takes_back_the_close_and_goes_on(row):
    def model(request):
        asked = CHAT.decode(request.prompt).endswith("\\boxed{")
        return [*ids("2}" if asked else "1:2\n</think>\n\\boxed{2}"), END]

    response, _ = ask("s1-wait", row, model, budget=64, answer_tokens=8)
    thought, _, solution = response.text.partition("</think>")
    assert thought.startswith("1:2\nWait1:2\nWait")
    assert "</think>" not in solution
    assert "\\boxed{2}" in solution
    assert response.used_tokens <= 64


def test_waiting_ends_after_as_many_waits_as_asked_for(row):
    model = lambda _: [*ids("1:2\n</think>\n\\boxed{2}"), END]  # noqa: E731
    response, requests = ask("s1-wait", row, model, budget=200, max_waits=3)
    assert response.text.count("Wait") == 3
    assert len(requests) == 4
    assert response.stopped


def test_a_thought_that_ends_with_the_sequence_goes_on_too(row):
    response, _ = ask("s1-wait", row, lambda _: [*ids("1:2\n"), END], budget=64, answer_tokens=8)
    assert "Wait" in response.text
    assert END not in ids(response.text)


def test_a_budget_that_cannot_hold_the_close_is_refused(row):
    with pytest.raises(InputError, match="cannot hold"):
        ask("hard-cap", row, lambda _: [END], budget=3)


def test_a_thought_at_its_own_budget_is_closed_and_the_solution_comes_on_top(row):
    def model(request):
        return [*ids("\n\\boxed{2}"), END] if CHAT.closes_thought(request.prompt) else ids("1:2\n") * 100

    response, requests = ask("thinking-cap", row, model, budget=40)
    assert "Think for 40 tokens." in CHAT.decode(requests[0].prompt)
    assert response.text.endswith("</think>\n\\boxed{2}")
    assert (response.thinking_tokens, response.inserted_tokens) == (40, 1)
    assert response.used_tokens == 40 + len(ids("\n\\boxed{2}")) + 1
    assert response.stopped


def test_a_thought_that_closes_itself_in_time_is_left_as_it_is(row):
    def model(request):
        return [*ids("\\boxed{2}"), END] if CHAT.closes_thought(request.prompt) else ids("1:2\n</think> more")

    response, requests = ask("thinking-cap", row, model, budget=40)
    assert response.text == "1:2\n</think>\\boxed{2}"
    assert response.inserted_tokens == 0
    assert len(requests) == response.rounds == 2


def test_a_solution_may_close_another_thought_and_goes_on(row):
    response, requests = ask("thinking-cap", row, lambda _: [*ids("1</think>2</think>3"), END], budget=40)
    assert response.text == "1</think>1</think>2</think>3"
    assert response.thinking_tokens == len(ids("1</think>"))
    assert len(requests) == 2


def test_a_close_that_is_text_like_any_other_is_found_and_written_too(row):
    chat = chat_with_spelled_tag()
    response, _ = ask("thinking-cap", row, lambda _: ids(" the") * 100, budget=40, solution_tokens=5, chat=chat)
    assert (response.thinking_tokens, response.inserted_tokens, response.used_tokens) == (40, 1, 45)
    response, _ = ask("thinking-cap", row, lambda _: ids("1</think>2") * 9, budget=40, solution_tokens=5, chat=chat)
    assert (response.thinking_tokens, response.inserted_tokens) == (len(ids("1</think>")), 0)


def test_where_the_template_has_closed_the_thought_there_is_the_solution_alone(row):
    tokenizer = build_tokenizer()
    tokenizer.chat_template += "{{ '\\n</think>\\n\\n' }}"
    response, requests = ask(
        "thinking-cap",
        row,
        lambda _: [*ids("1:2\n" * 20 + "\\boxed{2}"), END],
        budget=10,
        chat=Chat(tokenizer, "closed"),
    )
    assert response.text == "1:2\n" * 20 + "\\boxed{2}"
    assert (response.thinking_tokens, response.inserted_tokens, len(requests)) == (0, 0, 1)
    assert response.stopped


def test_a_response_that_ends_within_its_thought_gets_no_solution(row):
    response, requests = ask("thinking-cap", row, lambda _: [*ids("1:2\n"), END], budget=40)
    assert response.stopped
    assert (response.thinking_tokens, len(requests)) == (response.used_tokens, 1)


def test_a_solution_ends_at_its_allowance_and_a_thought_leaves_room_for_it(row):
    response, _ = ask("thinking-cap", row, lambda _: ids("1:2\n") * 100, budget=40, solution_tokens=9)
    assert (response.thinking_tokens, response.used_tokens, response.stopped) == (40, 49, False)
    response, _ = ask("thinking-cap", row, lambda _: ids("1:2\n") * 100, budget=40, solution_tokens=9, max_tokens=30)
    assert (response.thinking_tokens, response.used_tokens) == (21, 30)


def test_a_response_with_no_room_for_a_thought_is_refused(row):
    with pytest.raises(InputError, match="leaves -1 for the thought"):
        ask("thinking-cap", row, lambda _: [END], budget=40, solution_tokens=9, max_tokens=8)


@given(
    budget=st.integers(1, 120),
    solution=st.none() | st.integers(1, 30),
    speech=st.lists(st.sampled_from([*ids("1:2\n the"), CHAT.end_of_thought, END]), min_size=1, max_size=40),
)
def test_whatever_the_model_writes_a_thought_never_exceeds_its_own_budget(row_of, budget, solution, speech):
    response, _ = ask(
        "thinking-cap", row_of, lambda _: speech * 20, budget=budget, solution_tokens=solution, max_tokens=100
    )
    assert response.thinking_tokens <= budget
    assert response.used_tokens <= 100
    assert solution is None or response.used_tokens - response.thinking_tokens <= solution


@given(
    name=st.sampled_from(FORCING),
    budget=st.integers(12, 120),
    answer_tokens=st.integers(1, 64),
    speech=st.lists(
        st.sampled_from([*ids("1:2\n the \\boxed{2}"), CHAT.end_of_thought, END]), min_size=1, max_size=40
    ),
)
def test_whatever_the_model_writes_the_budget_is_never_exceeded(row_of, name, budget, answer_tokens, speech):
    response, requests = ask(name, row_of, lambda _: speech * 20, budget=budget, answer_tokens=answer_tokens)
    assert response.used_tokens <= budget
    assert 0 <= response.thinking_tokens <= response.used_tokens
    assert all(request.max_tokens >= 1 for request in requests)


@pytest.fixture(scope="module")
def row_of():
    def make(number, budget):
        return {
            "data_source": "tiny",
            "prompt": [{"role": "user", "content": f"What is {number} + 1?"}],
            "reward_model": {"ground_truth": "2"},
            "extra_info": {"id": str(number), "answer_type": "math", "budget": budget.to_dict()},
        }

    return make


def test_the_papers_procedure_pastes_wait_until_the_budget_is_gone_and_adds_twenty_tokens(row):
    stop = CHAT.encode("<|im_start|><|im_end|>", special=True)
    bar = ids("<")[0]
    assert bar in stop

    def model(request):
        return ids(" 2") if request.temperature == 0 else [*ids("1:2\n"), bar]

    response, requests = ask("s1-paper", row, model, budget=20)
    assert response.text.count("Wait") == len(requests) - 2 == 3
    assert requests[-1].max_tokens == 20
    assert response.text.endswith("The final Answer is: 2")
    assert "</think>" not in response.text
    assert response.used_tokens == 20 + len(ids(" 2"))


def test_the_papers_procedure_ends_where_its_waits_have_filled_the_context(row):
    def model(request):
        return ids(" 2") if request.temperature == 0 else [ids("1")[0], ids("<")[0]]

    _, whole = ask("s1-paper", row, model, budget=60)
    context = len(whole[10].prompt) + whole[10].max_tokens
    _, requests = ask("s1-paper", row, model, budget=60, context=context)
    assert 3 < len(requests) < len(whole)
    assert max(len(request.prompt) + request.max_tokens for request in requests) <= context


def test_every_strategy_is_one_that_the_command_offers():
    assert set(STRATEGIES) == {"plain", *FORCING, "thinking-cap", "s1-paper"}
    assert all(callable(partial(strategy)) for strategy in STRATEGIES.values())
