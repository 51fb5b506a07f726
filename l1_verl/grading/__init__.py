r"""Was the final answer right? Extraction, equivalence, and a pool of workers that cannot hang.

    >>> from l1_verl.grading import grade
    >>> grade(r"<think>2+2=4</think> \boxed{4}", "4").correct
    True

``grade`` is for one response, ``GradingPool`` for many; both have limits of time and memory. Reward functions for verl
and TRL are in :mod:`l1_verl.grading.api`. The rules are in docs/grading.md.
"""

from l1_verl.grading.api import grade, is_gradable
from l1_verl.grading.grader import ANSWER_TYPES, STATUSES, Grade, check_gold
from l1_verl.grading.pool import GradingPool

__all__ = ["ANSWER_TYPES", "STATUSES", "Grade", "GradingPool", "check_gold", "grade", "is_gradable"]
