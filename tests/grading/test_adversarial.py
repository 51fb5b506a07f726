"""No hang beyond the limit, no crash, no code run, nothing leaked: 10,000 hostile answers against hard golds."""

from __future__ import annotations

import gc
import random
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from l1_verl.grading import STATUSES, Grade, GradingPool
from l1_verl.grading.choice import extract_choice
from l1_verl.grading.equivalence.compare import compare
from l1_verl.grading.equivalence.prepare import prepare
from l1_verl.grading.extract import last_boxed
from tests.grading.adversarial import BOMBS, code, huge, medium, small

TIMEOUT_S = 1.0
MEMORY_MB = 1024
COUNT = 10_000
GOLDS = (r"\frac{\sqrt{3}}{2}", "x^2+1", r"(1, \sqrt{2})", "42", r"\{1, \pi\}", "[0, e)", "y = 7x+5", r"\text{even}")


def _hostile(mark: Path) -> list[str]:
    rng = random.Random(0)
    makers = [lambda: small(rng)] * 92 + [lambda: code(rng, str(mark))] * 5 + [lambda: medium(rng)]
    makers += [lambda: huge(rng)] * 2
    return [rng.choice(makers)() for _ in range(COUNT - len(BOMBS))] + list(BOMBS)


@dataclass(frozen=True)
class _Held:
    """What a process holds on to: memory, open files, children."""

    resident: int
    files: int
    children: frozenset[psutil.Process]

    @classmethod
    def now(cls) -> _Held:
        process = psutil.Process()
        return cls(process.memory_info().rss, process.num_fds(), frozenset(process.children(recursive=True)))


@pytest.mark.slow
def test_ten_thousand_hostile_answers_end_in_time_and_leave_nothing_behind(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    answers = _hostile(mark)
    responses = [f"</think>\\boxed{{{answer}}}" for answer in answers]
    golds = [GOLDS[n % len(GOLDS)] for n in range(len(answers))]
    gc.collect()
    before, cpu = _Held.now(), time.process_time()
    with GradingPool(workers=2, timeout=TIMEOUT_S, memory_limit_mb=MEMORY_MB) as pool:
        grades = pool.grade_many(responses, golds, ["math"] * len(answers))
        workers = _Held.now().children - before.children
        worker_cpu = sum(worker.cpu_times().user for worker in workers)
        worker_resident = max(worker.memory_info().rss for worker in workers)
    cpu = time.process_time() - cpu
    left = psutil.wait_procs(_Held.now().children - before.children, timeout=0)[1]
    gc.collect()
    after = _Held.now()
    timeouts = [answer for answer, grade in zip(answers, grades, strict=True) if grade.status == "timeout"]

    assert len(grades) == COUNT
    assert {grade.status for grade in grades} <= set(STATUSES)
    assert [(answer, gold) for answer, gold, grade in zip(answers, golds, grades, strict=True) if grade.correct] == []
    assert not mark.exists()
    # Nearly all cost milliseconds of text or algebra; what does not is stopped at its limit. CPU time, as a busy
    # machine is not a failure.
    assert cpu < 0.003 * COUNT
    assert worker_cpu < 0.01 * COUNT
    assert len(timeouts) < 0.005 * COUNT
    assert worker_resident < MEMORY_MB * 2**20
    # A fork server and multiprocessing's resource tracker stay for the next pool; no worker does.
    assert sum("forkserver" in " ".join(child.cmdline()) for child in left) <= 1
    assert len(left) <= 2
    assert after.files - before.files < 8
    assert after.resident - before.resident < 200 * 2**20


@pytest.mark.parametrize("bomb", ["9^{9^{9^9}}", "(10^{10})!", r"\sum_{k=1}^{10^{9}} \frac{1}{k^2}"])
def test_a_bomb_never_takes_more_memory_than_a_worker_may_have(bomb: str) -> None:
    with GradingPool(timeout=1.0, memory_limit_mb=512) as pool:
        grade = pool.grade_many([rf"\boxed{{{bomb}}}"], [r"\sqrt{2}"], ["math"])[0]
        assert not grade.correct
        assert pool.grade_many([r"\boxed{\frac{2}{\sqrt{2}}}"], [r"\sqrt{2}"], ["math"])[0].correct


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200))
def test_any_text_is_extracted_and_compared_without_an_error(text: str) -> None:
    last_boxed(text)
    extract_choice(text)
    assert compare(prepare(text), prepare("x^2+1")) in (True, False, None)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="\\boxed{}fra123 ()[],.$^_-+=%", max_size=80))
def test_an_answer_equals_itself_whatever_it_is(text: str) -> None:
    prepared = prepare(text)
    assert compare(prepared, prepared) is (bool(prepared))


@pytest.mark.parametrize(
    "text", ["{" * 10**5, "\\boxed{" * 10**5, "\\boxed{" * 10**5 + "}" * 10**5, "(" * 10**6, "a " * 5 * 10**5]
)
def test_megabytes_of_garbage_cost_less_than_a_second_of_cpu(text: str) -> None:
    began = time.process_time()
    with GradingPool() as pool:
        grades = pool.grade_many([text, f"\\boxed{{{text}}}"], ["x+1"] * 2, ["math"] * 2)
        pool.grade_many([text, f"Answer: {text}"], ["A"] * 2, ["choice"] * 2)
    assert all(isinstance(grade, Grade) and not grade.correct for grade in grades)
    assert time.process_time() - began < 1
