"""Small models in the form of published checkpoints: token names, templates, classes and files; random weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from l1_verl.budget import Budget
from recipes.tiny.arithmetic import Sum, prompt
from recipes.tiny.tokenizer import build_tokenizer

# DeepSeek-R1-Distill-Qwen-1.5B, without what it says about tools.
R1_TEMPLATE = (
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    "{% set ns = namespace(system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}"
    "{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}"
    "{%- for message in messages %}{%- if message['role'] == 'user' %}"
    "{{'<｜User｜>' + message['content']}}{%- endif %}"
    "{%- if message['role'] == 'assistant' %}{% set content = message['content'] %}{% if '</think>' in content %}"
    "{% set content = content.split('</think>')[-1] %}{% endif %}"
    "{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endfor -%}"
    "{% if add_generation_prompt %}{{'<｜Assistant｜><think>\\n'}}{% endif %}"
)

# Qwen3-8B, without what it says about tools. The model writes <think> itself.
QWEN3_TEMPLATE = (
    "{%- for message in messages %}{%- if message.role == 'assistant' %}"
    "{{- '<|im_start|>assistant\\n' + message.content.split('</think>')[-1].lstrip('\\n') + '<|im_end|>\\n' }}"
    "{%- else %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{%- endif %}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
    "{%- endif %}"
)

# SmolLM2-135M-Instruct, whose default system prompt is left out. It knows no tokens for a thought.
SMOLLM2_TEMPLATE = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


@dataclass(frozen=True, eq=False)
class Family:
    """What distinguishes the checkpoints of one family.

    Attributes:
        special: its special tokens, in the order of their ids after the vocabulary.
        plain: tokens that are one id each but are not special.
        splits_digits: whether the text is split at every digit, as SmolLM2's is, or as Qwen's.
        settings: ``tokenizer_config.json`` as published.
        model: class and configuration of the weights.
    """

    name: str
    special: tuple[str, ...]
    plain: tuple[str, ...]
    splits_digits: bool
    settings: dict[str, Any]
    model: type[PreTrainedModel]
    config: type[PretrainedConfig]

    @property
    def closes_thoughts(self) -> bool:
        """Whether ``</think>`` is one token."""
        return "</think>" in self.plain

    def save_tokenizer(self, folder: Path) -> None:
        """Writes ``tokenizer.json`` and ``tokenizer_config.json``, and no other file, as the hub has them."""
        raw = _byte_level_bpe(self.splits_digits)
        raw.add_tokens([AddedToken(token, special=True, normalized=False) for token in self.special])
        raw.add_tokens([AddedToken(token, special=False, normalized=False) for token in self.plain])
        folder.mkdir(parents=True, exist_ok=True)
        raw.save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text(json.dumps(self.settings))

    def save(self, folder: Path, **shape: int | bool) -> None:
        """Writes a checkpoint with random weights; ``shape`` changes the configuration."""
        self.save_tokenizer(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, config=self.config())
        torch.manual_seed(0)
        small = {
            "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 32, "max_position_embeddings": 512,
            "tie_word_embeddings": True, "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
        }  # fmt: skip
        self.model(self.config(**small | shape)).save_pretrained(folder)


def _byte_level_bpe(splits_digits: bool) -> Tokenizer:
    """A vocabulary of some 300 tokens without special ones."""
    if not splits_digits:
        parts = json.loads(build_tokenizer().backend_tokenizer.to_str())
        return Tokenizer.from_str(json.dumps(parts | {"added_tokens": []}))
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    raw.train_from_iterator([prompt(Sum((7, 8, 5)), Budget("exact", 64))] * 3, trainer)
    return raw


def _added(content: str) -> dict[str, Any]:
    flags = dict.fromkeys(("lstrip", "rstrip", "single_word"), False)
    return {"__type": "AddedToken", "content": content, "normalized": True, **flags}


BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
R1_DISTILL = Family(
    "r1_distill",
    (EOS, BOS, "<｜User｜>", "<｜Assistant｜>"),
    ("<think>", "</think>"),
    False,
    {
        # Published with this class, although the tokenizer is byte-level BPE.
        "tokenizer_class": "LlamaTokenizerFast", "legacy": True, "add_bos_token": True, "add_eos_token": False,
        "bos_token": _added(BOS), "eos_token": _added(EOS), "pad_token": _added(EOS), "unk_token": None,
        "clean_up_tokenization_spaces": False, "model_max_length": 16384, "sp_model_kwargs": {},
        "chat_template": R1_TEMPLATE,
    },
    Qwen2ForCausalLM,
    Qwen2Config,
)  # fmt: skip
QWEN3 = Family(
    "qwen3",
    ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    ("<think>", "</think>"),
    False,
    {
        "tokenizer_class": "Qwen2Tokenizer", "add_bos_token": False, "bos_token": None, "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>", "unk_token": None, "errors": "replace", "split_special_tokens": False,
        "clean_up_tokenization_spaces": False, "model_max_length": 131072, "chat_template": QWEN3_TEMPLATE,
    },
    Qwen3ForCausalLM,
    Qwen3Config,
)  # fmt: skip
SMOLLM2 = Family(
    "smollm2",
    ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    (),
    True,
    {
        "tokenizer_class": "GPT2Tokenizer", "bos_token": "<|im_start|>", "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>", "unk_token": "<|endoftext|>", "add_prefix_space": False,
        "clean_up_tokenization_spaces": False, "model_max_length": 8192, "chat_template": SMOLLM2_TEMPLATE,
    },
    LlamaForCausalLM,
    LlamaConfig,
)  # fmt: skip
FAMILIES = (R1_DISTILL, QWEN3, SMOLLM2)


def load_raw(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer exactly as ``tokenizer.json`` says."""
    return PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
