"""Makes the trainer modes of :mod:`l1_verl.trainer` known to verl: ``VERL_USE_EXTERNAL_MODULES=l1_verl.plugin``.

verl 0.9.1 takes a trainer by a registered name only (``verl/trainer/main_ppo.py``, ``trainer.v1.trainer_mode``), so
``l1_verl.trainer`` must be imported before verl looks the name up. verl imports this module in every process that it
starts, and only one of them trains. ``verl.trainer.ppo.v1`` takes seconds to import, so this module does not import it
but waits for it: when verl imports its own trainers, ours are imported right after them. If verl took a trainer class
by its full name, as it takes ``agent_loop_manager_class``, this module could go.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence

VERL_TRAINERS, OURS = "verl.trainer.ppo.v1", "l1_verl.trainer"


class _Loader(importlib.abc.Loader):
    """Loads verl's trainers as ``loader`` would, then imports ours."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self._loader.exec_module(module)
        importlib.import_module(OURS)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds verl's trainers, once."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != VERL_TRAINERS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


if VERL_TRAINERS in sys.modules:
    importlib.import_module(OURS)
else:
    sys.meta_path.insert(0, _Finder())
