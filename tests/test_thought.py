from __future__ import annotations

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from l1_verl.thought import decode_tail

THINKING = "long thought " * 200


def byte_tokenizer(*, think_special: bool | None) -> PreTrainedTokenizerFast:
    """Bytes, an end token, and ``</think>`` as no token (None), as a plain one, or as a special one."""
    vocabulary = {char: n for n, char in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|end|>", special=True)])
    if think_special is not None:
        tokenizer.add_tokens([AddedToken("</think>", special=think_special, normalized=False)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")


@pytest.mark.parametrize("think_special", [None, False, True])
def test_only_what_follows_the_last_think_end_is_decoded(think_special: bool | None) -> None:
    tokenizer = byte_tokenizer(think_special=think_special)
    ids = tokenizer.encode(f"{THINKING}</think> no{THINKING}</think> it is \\boxed{{4}}<|end|>")
    text = decode_tail(tokenizer, ids)
    assert text.rpartition("</think>")[2] == " it is \\boxed{4}"
    assert "</think>" in text
    assert len(text) < len(THINKING)


@pytest.mark.parametrize("think_special", [None, False, True])
def test_a_response_without_think_end_is_decoded_whole(think_special: bool | None) -> None:
    tokenizer = byte_tokenizer(think_special=think_special)
    ids = tokenizer.encode(f"\\boxed{{4}} {THINKING}<|end|>")
    assert decode_tail(tokenizer, ids) == f"\\boxed{{4}} {THINKING}"


def test_a_final_part_longer_than_the_tail_is_decoded_whole() -> None:
    tokenizer = byte_tokenizer(think_special=None)
    ids = tokenizer.encode(f"thought</think>\\boxed{{4}} {THINKING}")
    assert decode_tail(tokenizer, ids).endswith(f"</think>\\boxed{{4}} {THINKING}")


def test_an_empty_response_is_empty() -> None:
    assert decode_tail(byte_tokenizer(think_special=False), []) == ""
