r"""Grading in one call: a response, a reward function for verl, a reward function for TRL. All under a pool's limits.

verl, without any other part of this package::

    reward.custom_reward_function.path=pkg://l1_verl.grading.api
    reward.custom_reward_function.name=compute_score

TRL::

    from l1_verl.grading.api import accuracy_reward
    GRPOTrainer(model, reward_funcs=accuracy_reward, train_dataset=dataset_with_a_column_solution)
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from l1_verl.grading.grader import Grade
from l1_verl.grading.pool import GradingPool

_lock = threading.Lock()
_shared: tuple[int, GradingPool] | None = None


def shared_pool() -> GradingPool:
    """The pool that the functions here use: one per process, made when first asked for, with one worker."""
    global _shared
    with _lock:
        if _shared is None or _shared[0] != os.getpid():
            _shared = os.getpid(), GradingPool()
        return _shared[1]


def grade(response: str, gold: Any, answer_type: str = "math", *, require_think_end: bool = False) -> Grade:
    r"""Grades one response. For many, a ``GradingPool`` of several workers is faster.

    The comparison has a limit of 5 seconds of computing and 2 GiB of memory, in another process.

    Args:
        response: the model's text, thinking included.
        gold: the gold answer, or several, as ``gold_answers`` reads them.
        answer_type: "math" (boxed) or "choice" (an option A to J).
        require_think_end: whether a response without ``</think>`` has no answer.

    Raises:
        ValueError: as ``check_gold``.

    Example:
        >>> grade(r"<think>...</think> \boxed{0.5}", r"\frac12")
        Grade(correct=True, answer='0.5', status='ok')
    """
    return shared_pool().grade_many([response], [gold], [answer_type], require_think_end=require_think_end)[0]


def is_gradable(gold: Any, answer_type: str = "math") -> bool:
    r"""Whether a gold answer can be told from other answers: boxed it is correct, and each gold of it can be read.

    Example:
        >>> is_gradable("x^2+1"), is_gradable(r"a \mho b @@ \frac{")
        (True, False)
    """
    return shared_pool().gradable_many([gold], [answer_type])[0]


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    *,
    require_think_end: bool = False,
    **_: Any,
) -> dict[str, Any]:
    """verl's ``custom_reward_function``: 1 for a right answer, 0 for any other.

    Args:
        data_source: not used; verl passes it.
        solution_str: the response.
        ground_truth: the gold answer, or several.
        extra_info: the row's; ``answer_type`` in it is "math" (default) or "choice".
        require_think_end: set it with ``reward.custom_reward_function.reward_kwargs.require_think_end``.

    Returns:
        ``score`` and ``acc`` as verl logs them, and whether the answer was missing or timed out.

    Raises:
        ValueError: as ``check_gold``.
    """
    answer_type = (extra_info or {}).get("answer_type") or "math"
    found = grade(solution_str, ground_truth, answer_type, require_think_end=require_think_end)
    return {
        "score": float(found.correct),
        "acc": float(found.correct),
        "no_answer": float(found.status == "no_answer"),
        "grade_timeout": float(found.status == "timeout"),
    }


def accuracy_reward(
    completions: Sequence[str | Sequence[Mapping[str, str]]],
    solution: Sequence[Any],
    answer_type: Sequence[str | None] | None = None,
    **_: Any,
) -> list[float | None]:
    """A reward function of TRL's trainers: 1 for a right answer, 0 for any other, ``None`` for a row without a gold.

    Args:
        completions: texts, or conversations whose last message is graded.
        solution: the data set's column of gold answers.
        answer_type: the data set's column of that name, if it has one: "math" (default) or "choice".

    Raises:
        ValueError: as ``check_gold``.
    """
    texts = [text if isinstance(text, str) else text[-1]["content"] for text in completions]
    types = [kind or "math" for kind in answer_type or [None] * len(texts)]
    rows = [row for row, gold in enumerate(solution) if gold is not None]
    grades = shared_pool().grade_many(
        [texts[row] for row in rows], [solution[row] for row in rows], [types[row] for row in rows]
    )
    rewards: list[float | None] = [None] * len(texts)
    for row, found in zip(rows, grades, strict=True):
        rewards[row] = float(found.correct)
    return rewards
