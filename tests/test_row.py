"""Rows of verl that other projects wrote: training and evaluation read the same out of them."""

from __future__ import annotations

import json

import pytest
from omegaconf import OmegaConf

from eval.samples import samples_of
from l1_verl.budget import Budget
from l1_verl.cli import InputError
from l1_verl.dataset import LCPODataset
from l1_verl.row import read_row, row_id

QUESTION = r"What is 1 + 1? Let's think step by step and output the final answer within \boxed{}."


def foreign(content: str = QUESTION, **changes):
    """A test row as verl's own examples write it: neither id, nor answer type, nor budget."""
    return {
        "data_source": "aime",
        "prompt": [{"role": "user", "content": content}],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": "2"},
        "extra_info": {"split": "test", "index": 0},
    } | changes


ROWS = {
    "verl's examples": (foreign(), None),
    "no extra_info": (foreign(extra_info=None), None),
    "a system message": (
        foreign(prompt=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]),
        None,
    ),
    "L1's authors, exact": (
        foreign(f"{QUESTION} Think for 512 tokens.", reward_model={"ground_truth": "2", "num_tokens": 512}),
        Budget("exact", 512),
    ),
    "L1's authors, max": (
        foreign(f"{QUESTION} Think for maximum 512 tokens.", reward_model={"ground_truth": "2", "num_tokens": -512}),
        Budget("max", 512),
    ),
    "a level in words and in its row": (
        foreign(
            f"{QUESTION} Thinking effort: low.",
            extra_info={"split": "test", "index": 0, "budget": {"mode": "level", "tokens": 512, "level": "low"}},
        ),
        Budget("level", 512, level="low"),
    ),
    "a gold that is a number": (foreign(reward_model={"style": "rule", "ground_truth": 2}), None),
    "an id that is a number": (foreign(extra_info={"split": "test", "index": 0, "id": 7}), None),
}


@pytest.mark.parametrize("name", ROWS)
def test_training_and_evaluation_ask_a_foreign_row_alike(name, tokenizer, tmp_path):
    row, budget = ROWS[name]
    (tmp_path / "rows.json").write_text(json.dumps(row))
    config = {"max_prompt_length": 128, "cache_dir": str(tmp_path / "cache"), "filter_overlong_prompts": False}
    [sample] = samples_of([row], 1, "config", 0)
    asked = sample.conversation(with_budget=True)
    assert asked[-1]["content"] == (QUESTION if budget is None else budget.append_to(QUESTION))
    assert sample.budget == budget
    if row["extra_info"] is not None:  # a row without takes part in training and draws
        item = LCPODataset(str(tmp_path / "rows.json"), tokenizer, OmegaConf.create(config))[0]
        assert item["raw_prompt"] == asked
        assert Budget.from_dict(item["extra_info"]["budget"]) == budget


def test_a_problem_without_an_id_is_the_same_under_every_budget():
    rows = [foreign(f"{QUESTION} {Budget('exact', tokens).sentence}") for tokens in (512, 1024)]
    assert len({row_id(row) for row in [*rows, foreign()]}) == 1
    assert row_id(foreign()) != row_id(foreign("What is 1 + 2?"))


def test_a_sentence_in_the_middle_of_a_question_is_part_of_it():
    content = "Somebody said: Think for 5 tokens. Why?"
    facts = read_row(foreign(content))
    assert (facts.budget, facts.messages[-1]["content"]) == (None, content)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"data_source": ""}, "data_source is ''"),
        ({"prompt": "1+1?"}, "prompt is '1\\+1\\?'"),
        ({"prompt": [{"role": "assistant", "content": "x"}]}, "it must be the user's, as text"),
        ({"reward_model": None}, "gold answer is None"),
        ({"extra_info": {"answer_type": "essay"}}, "answer type is 'essay'"),
    ],
)
def test_a_row_that_nobody_could_ask_or_grade_is_refused_by_both(change, why, tokenizer, tmp_path):
    row = foreign(**change)
    with pytest.raises(ValueError, match=why):
        read_row(row)
    with pytest.raises(InputError, match=f"row 0 .*{why}"):
        samples_of([row], 1, "config", 0)
