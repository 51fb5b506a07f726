"""Makes the trainer mode and the agent loop ``lcpo`` known to verl: ``VERL_USE_EXTERNAL_MODULES=l1_verl.plugin``.

verl imports such a module in every process that it starts, few of which train or generate. So this module imports next
to nothing: it has ours follow those of verl whose registries they enter, where those load.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence

FOLLOWERS = {"verl.trainer.ppo.v1": "l1_verl.trainer", "verl.experimental.agent_loop": "l1_verl.agent_loop"}


class _Loader(importlib.abc.Loader):
    """Loads a module as ``loader`` would, then imports ``follower``."""

    def __init__(self, loader: importlib.abc.Loader, follower: str) -> None:
        self._loader, self._follower = loader, follower

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self._loader.exec_module(module)
        importlib.import_module(self._follower)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, followed: str, follower: str) -> None:
        self._followed, self._follower = followed, follower

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._followed:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._follower)
        return spec


for _followed, _follower in FOLLOWERS.items():
    if _followed in sys.modules:
        importlib.import_module(_follower)
    else:
        sys.meta_path.insert(0, _Finder(_followed, _follower))
