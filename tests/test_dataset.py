"""LCPODataset over verl's own, on real parquet: which rows draw, what the model reads, and what is refused."""

from __future__ import annotations

import json
import pickle

import pytest
from omegaconf import OmegaConf
from torchdata.stateful_dataloader import StatefulDataLoader
from verl.utils.dataset.rl_dataset import collate_fn

from l1_verl.budget import Budget, BudgetSampler
from l1_verl.dataset import LCPODataset, ask_drawn
from tests.rows import row


@pytest.fixture
def dataset(tokenizer, write, tmp_path):
    def make(rows, budget=None, **data):
        config = {"max_prompt_length": 128, "filter_overlong_prompts": True, "cache_dir": str(tmp_path / "cache")}
        config |= {"filter_overlong_prompts_workers": None, "budget": {"low": 40, "high": 128} | (budget or {})}
        return LCPODataset(write(rows), tokenizer, OmegaConf.create(config | data))

    return make


def asked(item) -> str:
    return item["raw_prompt"][-1]["content"]


def budgets(dataset) -> list:
    return [dataset[i]["extra_info"]["budget"] for i in range(len(dataset))]


def test_a_training_row_draws_its_budget_and_the_prompt_ends_with_its_sentence(dataset):
    item = dataset(3)[1]
    budget = BudgetSampler(low=40, high=128).draw(item["extra_info"]["id"])
    assert item["extra_info"]["budget"] == budget.to_dict()
    assert asked(item) == (
        "What is 1 + 1? Let's think step by step and output the final answer within \\boxed{}. " + budget.sentence
    )


def test_a_row_with_a_budget_keeps_it(dataset):
    assert budgets(dataset([row(0, "train", Budget("max", 77))])) == [{"mode": "max", "tokens": 77}]


def test_a_benchmark_row_without_a_budget_stays_without_one(dataset):
    item = dataset([row(0, "test")])[0]
    assert item["extra_info"]["budget"] is None
    assert asked(item).endswith("\\boxed{}.")


def test_another_project_s_benchmark_whose_rows_know_no_budgets_stays_without_one(tokenizer, tmp_path):
    rows = [row(0, "test")]
    rows[0]["extra_info"] = {"split": "test", "index": 0}
    (tmp_path / "rows.json").write_text(json.dumps(rows[0]))
    config = {"max_prompt_length": 128, "cache_dir": str(tmp_path / "cache"), "filter_overlong_prompts": False}
    assert (
        LCPODataset(str(tmp_path / "rows.json"), tokenizer, OmegaConf.create(config))[0]["extra_info"]["budget"]
        is None
    )


def test_draws_repeat_the_drawing_rows_only_and_each_time_with_a_fresh_budget(dataset):
    many = dataset([row(i) for i in range(20)] + [row(99, "test", Budget("exact", 64))], {"draws": 3})
    assert len(many) == 3 * 20 + 1
    ids = [many[i]["extra_info"]["id"] for i in range(len(many))]
    assert max(ids.count(id_) for id_ in ids) == 3
    per_row = {id_: {str(b) for i, b in zip(ids, budgets(many), strict=True) if i == id_} for id_ in ids}
    assert sum(len(drawn) == 3 for drawn in per_row.values()) > 15


def test_a_loop_over_the_rows_ends_with_the_last_draw(dataset):
    assert len(list(dataset(3, {"draws": 2}))) == 6


def test_any_number_of_workers_reads_the_same_budgets_in_the_same_order(dataset):
    rows = dataset(12)

    def read(workers):
        loader = StatefulDataLoader(rows, batch_size=4, num_workers=workers, collate_fn=collate_fn)
        return [(e["id"], e["budget"]["tokens"]) for batch in loader for e in batch["extra_info"]]

    assert read(0) == read(1) == read(3)


def test_a_resumed_loader_goes_on_with_the_rows_and_budgets_of_an_uninterrupted_one(dataset):
    def loader():
        return StatefulDataLoader(dataset(12, {"draws": 2}), batch_size=4, num_workers=0, collate_fn=collate_fn)

    def read(batches):
        return [(e["id"], e["budget"]["tokens"]) for batch in batches for e in batch["extra_info"]]

    interrupted = iter(first := loader())
    begun = read([next(interrupted), next(interrupted)])
    resumed = loader()
    resumed.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
    assert begun + read(resumed) == read(loader())


def test_a_prompt_that_fits_only_without_its_sentence_is_left_out(dataset, tokenizer):
    bare = len(tokenizer.apply_chat_template(row(7)["prompt"], add_generation_prompt=True, tokenize=True)["input_ids"])
    assert len(dataset([row(7)], max_prompt_length=bare + 1)) == 0
    full = dataset([row(7)])
    whole = tokenizer.apply_chat_template(full[0]["raw_prompt"], add_generation_prompt=True, tokenize=True)[
        "input_ids"
    ]
    assert len(dataset([row(7)], max_prompt_length=len(whole) + 8)) == 1


def test_room_is_left_for_the_longest_sentence_of_any_stage(dataset, tokenizer):
    bare = len(tokenizer.apply_chat_template(row(7)["prompt"], add_generation_prompt=True, tokenize=True)["input_ids"])
    limit = bare + len(tokenizer(" " + Budget("max", 128).sentence, add_special_tokens=False)["input_ids"])
    longer = {"schedule": [{"from_step": 2, "high": 10**9}, {"from_step": 3, "high": 50}]}
    assert len(dataset([row(7)], max_prompt_length=limit)) == 1
    assert len(dataset([row(7)], longer, max_prompt_length=limit)) == 0


def test_a_schedule_that_no_trainer_follows_gives_out_no_row(dataset):
    rows = dataset([row(0), row(1, "train", Budget("max", 77))], {"schedule": [{"from_step": 2, "high": 50}]})
    with pytest.raises(ValueError, match=r"data\.budget\.schedule is set, .*trainer_mode=lcpo"):
        rows[0]
    assert rows[1]["extra_info"]["budget"] == {"mode": "max", "tokens": 77}
    rows.asks = True
    assert 40 <= rows[0]["extra_info"]["budget"]["tokens"] <= 128


def test_a_trainer_that_follows_the_schedule_gets_rows_that_do_not_ask_yet(dataset):
    rows = dataset([row(0), row(1, "train", Budget("max", 77))], {"schedule": [{"from_step": 2, "high": 50}]})
    rows.asks = False
    assert "Think for" not in asked(rows[0])
    assert "Think for maximum 77 tokens." in asked(rows[1])
    later = ask_drawn(rows[0], BudgetSampler(low=500, high=500))
    assert asked(later).endswith("Think for 500 tokens.")
    assert later["extra_info"]["budget"] == {"mode": "exact", "tokens": 500}
    assert ask_drawn(rows[1], BudgetSampler(low=500, high=500)) == rows[1]


def test_reading_a_row_twice_adds_its_sentence_once(dataset):
    rows = dataset(1)
    assert asked(rows[0]) == asked(rows[0])
    assert asked(rows[0]).count("Think for") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_source": ""}, "data_source is ''"),
        ({"reward_model": {"style": "rule", "ground_truth": ""}}, "row 1"),
        ({"reward_model": {"style": "rule", "ground_truth": None}}, "row 1"),
        ({"prompt": [{"role": "assistant", "content": "Hi."}]}, "last message"),
    ],
)
def test_a_row_that_could_not_be_graded_is_refused_when_the_data_is_read(dataset, change, message):
    with pytest.raises(ValueError, match=message) as refusal:
        dataset([row(0), row(1) | change])
    assert "row 1" in str(refusal.value)


def test_a_row_with_an_impossible_budget_is_refused_by_its_position(dataset):
    broken = row(1)
    broken["extra_info"]["budget"] = {"mode": "exact", "tokens": -1}
    with pytest.raises(ValueError, match=r"row 1 .*tokens is -1"):
        dataset([row(0), broken])


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"low": 129}, r"data\.budget low is 129 and high is 128"),
        ({"draws": 0}, r"data\.budget\.draws is 0"),
        ({"lowest": 1}, r"data\.budget\.lowest is unknown; allowed are draws, schedule, distribution, low"),
    ],
)
def test_a_wrong_knob_is_refused_when_the_data_is_read(dataset, knobs, message):
    with pytest.raises(ValueError, match=message):
        dataset(2, knobs)
