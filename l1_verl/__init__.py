"""l1_verl: budget-controlled reasoning (L1, arXiv 2503.04697) as a thin extension of verl.

``budget``, ``rewards``, ``adherence`` and ``grading`` need neither torch nor verl. ``reward_manager``, ``dataset``,
``agent_loop`` and ``trainer`` plug into verl by name, and ``cpu`` lets verl run where there is no accelerator.
"""

from pathlib import Path

#: For ``actor_rollout_ref.rollout.agent.agent_loop_config_path``: makes the agent loop ``lcpo`` known to verl.
AGENT_LOOPS = str(Path(__file__).with_name("agent_loops.yaml"))

__version__ = "0.1.0"
