"""The task's functions, loaded as lm-evaluation-harness loads them: by path."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from l1_verl.budget import Budget

ROOT = Path(__file__).parents[2]
TASK = ROOT / "eval/lm_harness/l1_budget.py"


@pytest.fixture(scope="module")
def task():
    pytest.importorskip("datasets")
    spec = importlib.util.spec_from_file_location("l1_budget", TASK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    module._pool().close()


def test_a_row_asks_for_its_budget_and_is_judged_by_l1_verl(task, row):
    asked = row(1, Budget("exact", 512))
    assert task.question(asked).endswith("Think for 512 tokens.")
    assert task.judge(asked, ["</think> \\boxed{\\frac{4}{2}}"]) == {"acc": 1.0, "no_answer": 0.0}
    assert task.judge(asked, ["nothing"]) == {"acc": 0.0, "no_answer": 1.0}


_JUDGE = r"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("l1_budget", sys.argv[1])
task = importlib.util.module_from_spec(spec)
spec.loader.exec_module(task)
row = {"reward_model": {"ground_truth": r"\sqrt{12}"}, "extra_info": {"answer_type": "math"}}
for response in (r"\boxed{9^{9^{9^9}}}", r"\boxed{2\sqrt{3}}"):
    print(task.judge(row, [response])["acc"])
"""


def test_an_answer_that_takes_for_ever_to_compare_is_wrong_and_the_next_one_is_judged():
    """In a process of its own, which has to end by itself as well."""
    done = subprocess.run(
        [sys.executable, "-c", _JUDGE, str(TASK)], cwd=ROOT, capture_output=True, text=True, timeout=90
    )
    assert (done.returncode, done.stdout.split()) == (0, ["0.0", "1.0"]), done.stderr
