"""What can be read of a model without loading it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

_MEBIBYTE = 2**20


def fingerprint(model: str) -> str | None:
    """A hash that changes when the weights in a folder do; None for a hub id.

    The ends of each weights file and its size stand for it: reading 15 GB to begin a run would take a minute.
    """
    folder = Path(model)
    if not folder.is_dir():
        return None
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin"), *folder.glob("*.gguf")]):
        size = path.stat().st_size
        digest.update(f"{path.name}/{size}/".encode())
        with path.open("rb") as weights:
            digest.update(weights.read(_MEBIBYTE))
            weights.seek(max(0, size - _MEBIBYTE))
            digest.update(weights.read(_MEBIBYTE))
    return digest.hexdigest()[:16]


def model_context(model: str) -> int | None:
    """The model's own limit on prompt and response together; None where its configuration does not say."""
    folder = Path(model)
    if folder.is_dir():
        try:
            value = json.loads((folder / "config.json").read_text()).get("max_position_embeddings")
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return value if isinstance(value, int) else None
    from transformers import AutoConfig

    value = getattr(AutoConfig.from_pretrained(model), "max_position_embeddings", None)
    return value if isinstance(value, int) else None
