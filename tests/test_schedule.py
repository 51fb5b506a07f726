"""Budgets that depend on the training step, through verl's own trainer and loader up to where prompts are sent out."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from verl.trainer.ppo.v1.replay_buffer import ReplayBuffer, ReplayBufferAsync
from verl.trainer.ppo.v1.trainer_base import TRAINER_REGISTRY

from l1_verl.budget import Budget, BudgetSampler
from l1_verl.config import parse_budget
from l1_verl.trainer import LCPOTrainer, LCPOTrainerColocateAsync
from recipes.preflight import compose_recipe
from tests.rows import row

CONFIG = Path(__file__).parents[1] / "recipes" / "config"
SCHEDULE = "data.budget.schedule=[{from_step:2,low:8,high:12},{from_step:3,distribution:choices,choices:[500]}]"
RANGES = {1: (40, 128), 2: (8, 12), 3: (500, 500)}


@pytest.fixture
def trainer(tokenizer, write, tmp_path):
    """The trainer of a recipe as far as its data goes; 12 rows, 4 a step."""

    def make(*overrides, cls=LCPOTrainer, rows=12):
        config = compose_recipe(
            CONFIG,
            "l1_exact",
            [
                "profile=tiny", f"data.train_files={write(rows)}", f"data.val_files={write(rows)}",
                "data.max_prompt_length=128", "data.filter_overlong_prompts_workers=null",
                f"+data.cache_dir={tmp_path / 'cache'}", "data.train_batch_size=4",
                *overrides,
            ],
        )  # fmt: skip
        made = cls(config)
        made.tokenizer, made.processor = tokenizer, None
        made._init_dataloader()
        return made

    return make


def send(trainer, step, prompts=None):
    """(row, budget) of the prompts that the trainer sends out at ``step``."""
    trainer.global_steps = step
    batch = trainer._next_train_batch(prompts)
    for raw, extra in zip(batch["raw_prompt"], batch["extra_info"], strict=True):
        assert raw[-1]["content"].count("Think for") == 1
        assert raw[-1]["content"].endswith(f"Think for {extra['budget']['tokens']} tokens.")
    return [(extra["id"], extra["budget"]["tokens"]) for extra in batch["extra_info"]]


def test_every_step_asks_for_the_budgets_of_its_stage(trainer):
    scheduled = trainer(SCHEDULE)
    for step, (low, high) in RANGES.items():
        sent = send(scheduled, step)
        assert all(low <= tokens <= high for _, tokens in sent)
        assert sent == [(id_, scheduled._budgets.at(step).draw(id_).tokens) for id_, _ in sent]
    assert send(scheduled, 400)[0][1] == 500


def test_the_schedule_changes_no_row_and_no_budget_before_its_first_stage(trainer):
    plain, scheduled = trainer(), trainer(SCHEDULE)
    assert send(plain, 1) == send(scheduled, 1)
    assert [id_ for id_, _ in send(plain, 2)] == [id_ for id_, _ in send(scheduled, 2)]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_resumed_run_sends_what_an_uninterrupted_one_does_however_far_workers_read_ahead(trainer, workers):
    setting = (SCHEDULE, f"data.dataloader_num_workers={workers}")
    whole = trainer(*setting)
    expected = [send(whole, step) for step in (1, 2, 3)]
    interrupted, resumed = trainer(*setting), trainer(*setting)
    assert send(interrupted, 1) == expected[0]
    resumed.train_dataloader.load_state_dict(pickle.loads(pickle.dumps(interrupted.train_dataloader.state_dict())))
    assert [send(resumed, step) for step in (2, 3)] == expected[1:]
    for one in (whole, interrupted, resumed):
        list(one.train_dataloader_it)  # Workers that still have a batch to hand over end slowly.


def test_in_the_asynchronous_mode_a_prompt_has_the_budget_of_the_step_that_sends_it_out(trainer):
    asynchronous = trainer(SCHEDULE, cls=LCPOTrainerColocateAsync)
    assert asynchronous.config.data.gen_batch_size == 1  # verl's choice, for exact refills
    assert all(40 <= tokens <= 128 for _, tokens in send(asynchronous, 1, prompts=3))
    assert all(8 <= tokens <= 12 for _, tokens in send(asynchronous, 2, prompts=1))


def test_repeated_draws_of_a_row_stay_apart_in_every_stage(trainer):
    one_row = trainer("data.budget.draws=4", "data.budget.schedule=[{from_step:2,low:1000,high:9999}]", rows=1)
    (id_, first), *_ = sent = send(one_row, 2)
    assert len({tokens for _, tokens in sent}) == 4
    sampler = BudgetSampler(low=1000, high=9999)
    assert {tokens for _, tokens in sent} == {sampler.draw(id_, draw).tokens for draw in range(4)}
    assert first >= 1000


def test_a_stage_without_budgets_takes_the_sentence_away_and_a_later_one_brings_it_back(trainer):
    stages = "data.budget.schedule=[{from_step:2,modes:{none:1}},{from_step:3,modes:{max:1}}]"
    scheduled = trainer(stages)
    scheduled.global_steps = 2
    batch = scheduled._next_train_batch()
    assert [extra["budget"] for extra in batch["extra_info"]] == [None] * 4
    assert all(raw[-1]["content"].endswith("\\boxed{}.") for raw in batch["raw_prompt"])
    scheduled.global_steps = 3
    batch = scheduled._next_train_batch()
    assert all("Think for maximum " in raw[-1]["content"] for raw in batch["raw_prompt"])


def test_rows_with_a_budget_of_their_own_follow_no_schedule(trainer):
    rows = [row(index, "train", Budget("exact", 77)) for index in range(4)]
    assert {tokens for _, tokens in send(trainer(SCHEDULE, rows=rows), 3)} == {77}


def test_validation_rows_that_draw_keep_the_first_stage(trainer):
    drawn = [row["extra_info"]["budget"]["tokens"] for row in trainer(SCHEDULE).val_dataset]
    assert all(40 <= tokens <= 128 for tokens in drawn)


@pytest.mark.parametrize(
    ("cls", "buffer"), [(LCPOTrainer, ReplayBuffer), (LCPOTrainerColocateAsync, ReplayBufferAsync)]
)
def test_each_mode_is_verl_s_own_to_verl_and_gets_its_replay_buffer_on_cpu_too(trainer, cls, buffer):
    made = trainer(cls=cls)
    assert made.trainer_mode in verl_modes()
    assert type(made.replay_buffer) is buffer
    assert made.replay_buffer.poll_interval == 0.1


def verl_modes():
    return {name for name, cls in TRAINER_REGISTRY.items() if cls.__module__.startswith("verl.")}


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ([{"low": 10}], r"schedule\[0\]\.from_step is None; it must be a whole number > 1"),
        ([{"from_step": 1}], r"schedule\[0\]\.from_step is 1"),
        ([{"from_step": True}], r"schedule\[0\]\.from_step is True"),
        ([{"from_step": 9}, {"from_step": 9}], r"schedule\[1\]\.from_step is 9; it must be a whole number > 9"),
        ([{"from_step": 2, "seed": 1}], r"schedule\[0\]\.seed is unknown; allowed are distribution, low"),
        ([{"from_step": 2, "until": 3}], r"schedule\[0\]\.until is unknown"),
        ([{"from_step": 2, "low": 129}], r"schedule\[0\]: budget low is 129 and high is 128"),
        ({"from_step": 2}, r"schedule is .*it must be a list"),
        ([2], r"schedule\[0\] is 2; it must give values by name"),
    ],
)
def test_a_wrong_schedule_is_refused_by_its_place(schedule, message):
    with pytest.raises(ValueError, match=rf"data\.budget\.{message}"):
        parse_budget({"low": 40, "high": 128, "schedule": schedule})


def test_a_stage_begins_at_its_step_and_not_before():
    budgets = parse_budget({"schedule": [{"from_step": 10, "high": 200}, {"from_step": 20, "low": 150}]})
    highs = {step: (budgets.at(step).low, budgets.at(step).high) for step in (1, 9, 10, 19, 20, 10**6)}
    assert highs == {
        1: (100, 4000), 9: (100, 4000), 10: (100, 200), 19: (100, 200), 20: (150, 4000), 10**6: (150, 4000),
    }  # fmt: skip
