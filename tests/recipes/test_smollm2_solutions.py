"""Solutions of GSM8K in the lengths that the supervised stage asks for."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_verl.cli import InputError
from l1_verl.grading import grade
from recipes.smollm2.solutions import Solution
from recipes.smollm2.supervised import BATCH, BELOW_MAXIMUM, BUDGETS, LONGEST_PROMPT, WITHIN, Examples

QUESTION = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. She was glad. How "
    "many clips did Natalia sell altogether in April and May?"
)
ANSWER = (
    "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nNatalia sold 48+24 = <<48+24=72>>72 clips altogether in April "
    "and May.\n#### 1,072"
)


def words(texts):
    return [len(text.split()) for text in texts]


def test_a_record_is_taken_apart():
    solution = Solution.of(QUESTION, ANSWER)
    assert solution.facts == (
        "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.",
        "She was glad.",
    )
    assert solution.steps[0] == "Natalia sold 48/2 = 24 clips in May."
    assert solution.equations == ("48/2 = 24.", "48+24 = 72.")
    assert solution.answer == "1072"


@pytest.mark.parametrize("answer", ["", "72", "#### 72", "Natalia sold 24.\n####"])
def test_a_record_without_steps_and_a_number_is_refused(answer):
    with pytest.raises(ValueError, match="must be steps"):
        Solution.of(QUESTION, answer)


@given(st.integers(0, 200), st.integers(0, 1000))
def test_every_text_ends_in_the_answer_and_tells_no_step_twice(tokens, seed):
    solution = Solution.of(QUESTION, ANSWER)
    lines = solution.closest(tokens, words, random.Random(seed)).split("\n")
    assert lines[-1] == r"The answer is \boxed{1072}."
    assert len(lines) == len(set(lines))
    assert all(
        (step in lines) != (short in lines) for step, short in zip(solution.steps, solution.equations, strict=True)
    )


def test_the_shortest_and_the_longest_text_answer_what_is_out_of_reach():
    solution, rng = Solution.of(QUESTION, ANSWER), random.Random(0)
    assert solution.closest(0, words, rng) == "48/2 = 24.\n48+24 = 72.\nThe answer is \\boxed{1072}."
    longest = solution.closest(10_000, words, rng)
    assert longest.startswith("Natalia sold clips")
    assert "Check: 48+24 = 72." in longest


def test_a_text_that_fits_is_as_long_as_was_asked():
    solution = Solution.of(QUESTION, ANSWER)
    for seed in range(20):
        # words() counts no newline, which closest() takes one token for
        text = solution.closest(40, words, random.Random(seed), within=5)
        assert abs(len(text.split()) - 1 - 40) <= 5


class Words:
    """A tokenizer whose tokens are words, with the calls that Examples makes."""

    eos_token = " <end>"

    def __call__(self, texts, add_special_tokens):
        return type("Encoded", (), {"input_ids": [text.split() for text in texts]})

    def apply_chat_template(self, messages, add_generation_prompt, tokenize):
        return messages[-1]["content"]


def record(sentences: int) -> dict[str, str]:
    days = range(1, sentences + 1)
    parts = [f"Ann has {n} apples and {n} pears on day {n} of the week and {n} plums too." for n in days]
    steps = [f"On day {n} she has {n}+{n} = <<{n}+{n}={2 * n}>>{2 * n} pieces of fruit in all." for n in days]
    return {"question": " ".join([*parts, "How many?"]), "answer": "\n".join([*steps, "#### 72"])}


def test_problems_with_long_prompts_are_not_learned_from():
    long = record(12)
    assert len(long["question"].split()) > LONGEST_PROMPT
    only = Examples([record(5), long], Words()).of_step(0, 3)
    assert only == Examples([record(5)], Words()).of_step(0, 3)
    with pytest.raises(InputError, match="none of 1 problems has a prompt of at most 128 tokens"):
        Examples([long], Words())


def test_examples_obey_their_budget_and_are_the_same_again():
    examples = Examples([record(6)], Words())
    drawn = examples.of_step(0, 3)
    assert drawn == examples.of_step(0, 3) != examples.of_step(0, 4)
    assert len(drawn) == BATCH
    for one in drawn:
        *_, budget, _ = one.prompt.split()
        used, maximum = len(one.response.split()), "maximum" in one.prompt
        assert BUDGETS[0] <= int(budget) <= BUDGETS[1]
        least, most = BELOW_MAXIMUM if maximum else (0, 0)
        # Words are no tokens: closest() takes one more for a text's newlines.
        assert least - WITHIN - 1 <= int(budget) - used <= most + WITHIN + 1
        assert grade(one.response, "72").correct
