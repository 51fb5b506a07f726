"""verl's replay buffer with a shorter poll, for steps that take seconds (``trainer.v1.sampler.custom_sampler``)."""

from __future__ import annotations

from typing import Any

from verl.trainer.ppo.v1.replay_buffer import ReplayBuffer


class FastPollReplayBuffer(ReplayBuffer):
    """Polls every 0.1 s; verl's own polls every 2 s (trainer/ppo/v1/replay_buffer.py:144)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"poll_interval": 0.1, **kwargs})
