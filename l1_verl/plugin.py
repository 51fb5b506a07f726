"""Makes the trainer mode ``lcpo`` known to verl: ``VERL_USE_EXTERNAL_MODULES=l1_verl.plugin``.

verl imports such a module in every process that it starts, of which one runs the trainer. So this module imports next
to nothing: it has :mod:`l1_verl.trainer` follow ``verl.trainer.ppo.v1``, whose registry it enters, where that loads.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence

FOLLOWED = "verl.trainer.ppo.v1"


class _Loader(importlib.abc.Loader):
    """Loads a module as ``loader`` would, then imports :mod:`l1_verl.trainer`."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self._loader.exec_module(module)
        importlib.import_module("l1_verl.trainer")


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != FOLLOWED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


if FOLLOWED in sys.modules:
    importlib.import_module("l1_verl.trainer")
else:
    sys.meta_path.insert(0, _Finder())
