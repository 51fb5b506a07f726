"""Solutions of GSM8K in the lengths that the supervised stage asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_verl.budget import Budget
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


BUDGET = Budget("exact", 100)


@given(st.integers(0, 200), st.sampled_from(["exact", "max"]))
def test_every_text_opens_with_its_plan_ends_in_the_answer_and_tells_no_step_twice(tokens, mode):
    solution = Solution.of(QUESTION, ANSWER)
    lines = solution.closest(Budget(mode, 100), tokens, words).split("\n")
    assert lines[-1] == r"The answer is \boxed{1072}."
    assert len(lines) == len(set(lines))
    told = [step in lines for step in solution.steps]
    short = [equation in lines for equation in solution.equations]
    left_out = len(told) - sum(told) - sum(short)
    assert told == [False] * left_out + [not one for one in short[left_out:]]
    parts = {"fact": sum(fact in lines for fact in solution.facts), "full step": sum(told)}
    parts["check"] = sum(line.startswith("Check: ") for line in lines)
    parts["last step"] = sum(short) if left_out else 0
    counted = ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in parts.items() if n)
    assert lines[0] == f"{'In' if mode == 'exact' else 'At most'} 100 tokens: {counted or 'short steps'}."


def test_the_shortest_and_the_longest_text_answer_what_is_out_of_reach():
    solution = Solution.of(QUESTION, ANSWER)
    shortest = "In 100 tokens: 1 last step.\n48+24 = 72.\nThe answer is \\boxed{1072}."
    assert solution.closest(BUDGET, 0, words) == shortest
    longest = solution.closest(BUDGET, 10_000, words)
    assert longest.startswith("In 100 tokens: 2 facts, 2 full steps, 2 checks.\nNatalia sold clips")
    assert "Check: 48+24 = 72." in longest


def test_steps_are_left_out_only_where_the_whole_solution_is_too_long():
    solution = Solution.of(QUESTION, ANSWER)
    whole = "In 100 tokens: short steps.\n48/2 = 24.\n48+24 = 72.\nThe answer is \\boxed{1072}."
    size = len(whole.split()) - 1
    assert solution.closest(BUDGET, size, words) == whole
    assert "1 last step" in solution.closest(BUDGET, size - 4, words)


@pytest.mark.parametrize("tokens", range(30, 60, 5))
def test_a_text_that_fits_is_as_long_as_was_asked(tokens):
    # words() counts no newline, which closest() takes one token for
    text = Solution.of(QUESTION, ANSWER).closest(BUDGET, tokens, words, within=6)
    assert abs(len(text.split()) - 1 - tokens) <= 6


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
        assert one.response.startswith(("At most" if "maximum" in one.prompt else "In") + f" {budget} tokens: ")
        used, maximum = len(one.response.split()), "maximum" in one.prompt
        assert BUDGETS[0] <= int(budget) <= BUDGETS[1]
        least, most = BELOW_MAXIMUM if maximum else (0, 0)
        # Words are not tokens: closest() takes one more for a text's newlines.
        assert least - WITHIN - 1 <= int(budget) - used <= most + WITHIN + 1
        assert grade(one.response, "72").correct
