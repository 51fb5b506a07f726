from __future__ import annotations

import asyncio

import pytest

from l1_verl.grading import Grade, GradingPool


def test_text_alone_decides_integers_without_starting_a_worker() -> None:
    with GradingPool() as pool:
        grades = pool.grade_many([r"\boxed{4}", r"\boxed{5}", "4"], ["4"] * 3, ["math"] * 3)
        assert [grade.correct for grade in grades] == [True, False, False]
        assert not pool._workers._alive


def test_the_pool_grades_by_algebra_and_remembers() -> None:
    with GradingPool() as pool:
        grades = pool.grade_many([r"\boxed{1/\sqrt{2}}"] * 16, [r"\frac{\sqrt2}{2}"] * 16, ["math"] * 16)
        assert grades == [Grade(True, r"1/\sqrt{2}", "ok")] * 16
        assert pool.counts == {"algebra": 1, "cache": 15}


def test_an_answer_beyond_the_limit_is_a_timeout_and_the_next_one_is_graded() -> None:
    with GradingPool(timeout=1.0) as pool:

        async def both() -> list[Grade]:
            towers = r"\boxed{9^{9^{9^9}}}", r"\boxed{2\sqrt{3}}"
            return list(await asyncio.gather(*(pool.grade(tower, r"\sqrt{12}") for tower in towers)))

        hopeless, fine = asyncio.run(both())
        assert hopeless.status == "timeout"
        assert not hopeless.correct
        assert fine.correct


@pytest.mark.parametrize(
    ("knob", "value"),
    [("workers", 0), ("workers", True), ("timeout", 0), ("timeout", float("inf")), ("memory_limit_mb", 511)],
)
def test_a_knob_out_of_range_is_refused_by_name_and_value(knob: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"grading {knob} is {value!r}"):
        GradingPool(**{knob: value})
