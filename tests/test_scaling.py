"""docs/scaling.md says what benchmarks/scaling.py computes, from the paper's run and the recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scaling import (
    MEMORY,
    MODELS,
    PAPER_GPUS,
    PAPER_HOURS,
    PEAK,
    STATE_BYTES_BESIDE_VLLM,
    Model,
    Run,
    tables,
    utilisation,
)

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return {name: Model.of(name) for name in MODELS}


@pytest.fixture(scope="module")
def run() -> Run:
    return Run.of("l1_exact")


def test_the_page_has_every_table_as_it_is_computed(run, models):
    page = PAGE.read_text()
    for table in tables(run, list(models.values())):
        assert table in page


def test_the_shapes_have_the_published_numbers_of_parameters(models):
    assert {name: model.parameters for name, model in models.items()} == {
        "1.5B": 1_777_088_000, "7B": 7_615_616_512, "Qwen3-8B": 8_190_735_360,
    }  # fmt: skip


def test_the_run_is_the_paper_s(run):
    assert (run.steps, run.responses, run.mean) == (700, 128 * 16, 110 + 2050)
    # of the 3,901 whole numbers from 100 to 4,000
    assert run.variance == (3901**2 - 1) / 12


def test_the_share_of_the_peak_explains_the_paper_s_hours(run, models):
    share = utilisation(run, models["1.5B"])
    assert 700 * run.flops(models["1.5B"]) / (8 * PEAK * share) / 3600 == pytest.approx(PAPER_HOURS)
    # Six passes of two FLOPs a weight, embedding left out, explain all but what attention adds.
    weights = 1_777_088_000 - 151_936 * 1536
    plain = 700 * 2048 * 2160 * 12 * weights / (PAPER_GPUS * PEAK * PAPER_HOURS * 3600)
    assert plain < share < 1.1 * plain


def test_the_reference_model_is_offloaded_in_fp32_as_the_page_assumes(run):
    engine = run.config.actor_rollout_ref.ref.fsdp_config
    # verl/workers/engine/fsdp/transformer_impl.py: bfloat16 only where model_dtype is null
    assert (engine.forward_only, engine.model_dtype) == (True, "fp32")


def test_the_recipe_s_share_for_vllm_leaves_room_for_the_states_of_every_model(run, models):
    left = (1 - run.config.actor_rollout_ref.rollout.gpu_memory_utilization) * MEMORY
    beside = {name: STATE_BYTES_BESIDE_VLLM * model.parameters / 8 for name, model in models.items()}
    spare = {name: round((left - bytes_) / 1e9, 1) for name, bytes_ in beside.items()}
    assert spare == {"1.5B": 13.3, "7B": 4.6, "Qwen3-8B": 3.7}
