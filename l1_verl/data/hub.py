"""Reading a data set from the Hugging Face hub; its libraries are imported only when a hub id is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from l1_verl.cli import InputError

_TIMEOUT_S = 10


def load(name: str, configs: Sequence[str | None], split: str) -> list[dict[str, Any]]:
    """The records of ``split`` of every one of ``configs`` of the data set ``name``.

    Raises:
        InputError: the hub is out of reach, or has no such data set, or does not let this account read it.
    """
    try:
        from huggingface_hub.constants import HF_HUB_OFFLINE
    except ImportError as error:
        raise InputError(f"{name} is a hub id, which needs `pip install datasets`, or give --input FILE") from error
    if not HF_HUB_OFFLINE:
        _refuse_unless_reachable(name)
    import datasets

    try:
        return [record for config in configs for record in datasets.load_dataset(name, config, split=split)]
    # The hub's libraries raise everything from OSError to their own; any of it ends the script with its first line.
    except Exception as error:
        raise InputError(f"{name} cannot be loaded from the hub: {_describe(error)}; or give --input FILE") from error


def _refuse_unless_reachable(name: str) -> None:
    """One request, so that a machine without network hears so in seconds and not after minutes of retries."""
    import huggingface_hub

    try:
        huggingface_hub.HfApi().dataset_info(name, timeout=_TIMEOUT_S)
    except Exception as error:  # as above
        raise InputError(
            f"{name} is not a file here, and the hub did not answer for it ({_describe(error)}); give --input FILE, "
            f"or set HF_HUB_OFFLINE=1 to use what the hub's cache holds"
        ) from error


def _describe(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
