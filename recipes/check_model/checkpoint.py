"""Tokenizer and configuration of a checkpoint, from a folder or from the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from huggingface_hub import HfApi, snapshot_download
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer, GenerationConfig, PretrainedConfig, PreTrainedTokenizerBase

T = TypeVar("T")

# Everything of a checkpoint but its weights.
_FILES = ("*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken")
# One of these holds the vocabulary.
_VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tiktoken.model", "spiece.model")
# Seconds to wait for the hub's first answer.
_HUB_TIMEOUT = 5.0


@dataclass(frozen=True)
class Checkpoint:
    """What is known of a model without its weights.

    Attributes:
        name: as the user gave it.
        tokenizer: as transformers loads it, so as verl and vLLM use it.
        raw: ``tokenizer.json`` as it stands, or ``None`` where there is none.
        config: ``config.json``, of the text part where the model has others.
        generation: ``generation_config.json``, or what transformers and vLLM derive from ``config`` without one.
    """

    name: str
    tokenizer: PreTrainedTokenizerBase
    raw: Tokenizer | None
    config: PretrainedConfig
    generation: GenerationConfig

    def render(self, messages: list[dict[str, str]], **arguments: Any) -> str:
        """The text that the chat template makes of ``messages``."""
        return str(self.tokenizer.apply_chat_template(messages, tokenize=False, **arguments))

    @property
    def marks(self) -> tuple[str, ...]:
        """Tokens that stand apart from text: special ones and others added to the vocabulary."""
        added = self.tokenizer.get_added_vocab()
        return tuple(dict.fromkeys([*self.tokenizer.all_special_tokens, *added]))


def load_checkpoint(name: str) -> Checkpoint:
    """Reads what ``name`` has besides weights.

    Args:
        name: a folder, or the id of a model on the hub.

    Raises:
        ValueError: no such model, no network, or a file that cannot be read; one line with the way out.
    """
    folder = _folder(name)
    config = _read(name, "config.json", lambda: AutoConfig.from_pretrained(folder))
    tokenizer = _read(name, "the tokenizer", lambda: AutoTokenizer.from_pretrained(folder))
    raw_file = folder / "tokenizer.json"
    raw = _read(name, "tokenizer.json", lambda: Tokenizer.from_file(str(raw_file))) if raw_file.is_file() else None
    if (folder / "generation_config.json").is_file():
        generation = _read(name, "generation_config.json", lambda: GenerationConfig.from_pretrained(folder))
    else:
        generation = GenerationConfig.from_model_config(config)
    return Checkpoint(name, tokenizer, raw, config.get_text_config(), generation)


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ValueError(f"{name} has no config.json; it must be a Hugging Face model folder")
        if not any((folder / vocabulary).is_file() for vocabulary in _VOCABULARIES):
            raise ValueError(f"{name} has no tokenizer ({', '.join(_VOCABULARIES)}); copy it from the model's base")
        return folder
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
        raise ValueError(f"{name} does not exist; give a Hugging Face model folder, or an id such as Qwen/Qwen3-8B")
    try:
        HfApi().model_info(name, timeout=_HUB_TIMEOUT)
        silence: Exception | None = None
    except (OSError, ValueError, httpx.HTTPError) as unreachable:
        silence = unreachable
    try:
        # Where the hub does not answer, what was downloaded before still does.
        return Path(snapshot_download(name, allow_patterns=list(_FILES), local_files_only=silence is not None))
    except (OSError, ValueError, httpx.HTTPError) as missing:
        raise ValueError(
            f"{name} is neither a folder nor a model that the hub gives out ({_first_line(silence or missing)}); give "
            "a folder, check the network, or log in with `hf auth login`"
        ) from None


def _read(name: str, what: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except Exception as error:  # tokenizers raises Exception itself, and each tokenizer class its own
        raise ValueError(f"{name}: {what} cannot be read: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".:") if lines else type(error).__name__
