"""Thinking budgets: what a prompt asks for, and how training draws it."""

from l1_verl.budget.budgets import (
    MODES,
    Budget,
    Mode,
    budget_in,
    read_budget,
    read_budgets,
    with_budget,
    without_budget,
)
from l1_verl.budget.sampler import DISTRIBUTIONS, BudgetSampler, Distribution

__all__ = [
    "DISTRIBUTIONS",
    "MODES",
    "Budget",
    "BudgetSampler",
    "Distribution",
    "Mode",
    "budget_in",
    "read_budget",
    "read_budgets",
    "with_budget",
    "without_budget",
]
