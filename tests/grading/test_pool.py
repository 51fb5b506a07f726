from __future__ import annotations

import asyncio
import os

import psutil
import pytest

from l1_verl.grading import Grade, GradingPool

pytestmark = pytest.mark.slow


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


def test_a_timeout_is_not_remembered() -> None:
    with GradingPool(timeout=0.5) as pool:
        for _ in range(2):
            assert pool.grade_many([r"\boxed{9^{9^{9^9}}}"], ["x"], ["math"])[0].status == "timeout"
        assert pool.counts == {"algebra": 2}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_no_verdict_depends_on_the_questions_before(order: tuple[int, int]) -> None:
    for gold, right, wrong in ((r"\sqrt{144}", "12", "1 2"), (r"\frac{31}{\sqrt4}", "31/2", "3 1/2")):
        asked = [(right, True), (wrong, False)]
        with GradingPool() as pool:
            for answer, correct in (asked[place] for place in order):
                assert pool.grade_many([rf"\boxed{{{answer}}}"], [gold], ["math"])[0].correct is correct


def test_the_last_of_many_golds_counts_and_none_uses_up_the_time_of_another() -> None:
    golds = [rf"{n}\sqrt{{3}}" for n in range(1, 300)]
    with GradingPool(workers=2, timeout=2.0) as pool:
        assert pool.grade_many([r"\boxed{\sqrt{268203}}"], [golds], ["math"])[0].correct  # 299 sqrt(3)
        golds.insert(0, "9^{9^{9^9}}")
        assert pool.grade_many([r"\boxed{\sqrt{3 \cdot 89401}}"], [golds], ["math"])[0].correct


def _descendants() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "l1_verl.grading.worker" in " ".join(process.cmdline())
    ]


@pytest.mark.parametrize("whom", ["the worker", "the one that answers"])
def test_a_question_whose_process_is_killed_from_outside_is_asked_once_more(whom: str) -> None:
    before = set(_descendants())
    with GradingPool(timeout=60.0) as pool:
        assert pool.grade_many([r"\boxed{1/\sqrt2}"], [r"\frac{\sqrt2}{2}"], ["math"])[0].correct
        worker, child = sorted(set(_descendants()) - before, key=lambda process: process.create_time())

        async def killed() -> list[Grade]:
            slow = asyncio.create_task(pool.grade(r"\boxed{\int_0^1 \sin(x^3) e^{x^2} dx}", r"\sqrt{31}"))
            await asyncio.sleep(0.3)
            (worker if whom == "the worker" else child).kill()
            return [await slow, await pool.grade(r"\boxed{1/\sqrt3}", r"\frac{\sqrt3}{3}")]

        slow, fine = asyncio.run(killed())
        assert slow.status != "timeout"
        assert fine.correct
    assert psutil.wait_procs([worker, child], timeout=30)[1] == []


def test_a_pool_that_is_closed_says_so_to_who_waits_and_to_who_comes_later() -> None:
    pool = GradingPool(timeout=60.0)

    async def closed() -> None:
        waiting = asyncio.create_task(pool.grade(r"\boxed{9^{9^{9^9}}}", "x"))
        await asyncio.sleep(3)
        await asyncio.to_thread(pool.close)
        with pytest.raises(RuntimeError, match="the grading pool is closed; make a new one"):
            await waiting

    asyncio.run(closed())
    with pytest.raises(RuntimeError, match="the grading pool is closed; make a new one"):
        pool.grade_many([r"\boxed{1/\sqrt2}"], [r"\frac{\sqrt2}{2}"], ["math"])
    assert pool.grade_many([r"\boxed{4}"], ["4"], ["math"])[0].correct
    pool.close()


def test_a_process_that_is_forked_from_the_pool_s_own_is_told_to_make_another() -> None:
    with GradingPool() as pool:
        assert pool.grade_many([r"\boxed{1/\sqrt2}"], [r"\frac{\sqrt2}{2}"], ["math"])[0].correct
        child = os.fork()
        if child == 0:
            try:
                pool.grade_many([r"\boxed{1/\sqrt3}"], [r"\frac{\sqrt3}{3}"], ["math"])
            except RuntimeError as error:
                os._exit(0 if "forked" in str(error) else 2)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert pool.grade_many([r"\boxed{1/\sqrt3}"], [r"\frac{\sqrt3}{3}"], ["math"])[0].correct
