"""verl's replay buffers with a shorter poll, for steps that take seconds (``trainer.v1.sampler.custom_sampler``)."""

from __future__ import annotations

from typing import Any

from verl.trainer.ppo.v1.replay_buffer import ReplayBuffer, ReplayBufferAsync


def fast_poll_replay_buffer(*, trainer_mode: str, **kwargs: Any) -> ReplayBuffer:
    """The buffer that verl takes for this mode, polling every 0.1 s.

    verl's own polls every 2 s (trainer/ppo/v1/replay_buffer.py:144), and a custom one is taken whatever the mode
    (trainer_base.py:153).
    """
    buffer = ReplayBuffer if trainer_mode == "sync" else ReplayBufferAsync
    return buffer(trainer_mode=trainer_mode, **{"poll_interval": 0.1, **kwargs})
