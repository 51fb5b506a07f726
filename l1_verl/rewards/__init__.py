"""Length rewards: pure functions of (correct, used, budget), and the one that a sample's mode picks."""

from l1_verl.rewards.formulas import (
    REWARDS,
    Reward,
    lcpo_exact,
    lcpo_exact_relative,
    lcpo_max,
    lcpo_max_additive,
    lcpo_max_plateau,
    lcpo_max_sigmoid,
    uncontrolled,
)
from l1_verl.rewards.length_reward import LengthReward

__all__ = [
    "REWARDS",
    "LengthReward",
    "Reward",
    "lcpo_exact",
    "lcpo_exact_relative",
    "lcpo_max",
    "lcpo_max_additive",
    "lcpo_max_plateau",
    "lcpo_max_sigmoid",
    "uncontrolled",
]
