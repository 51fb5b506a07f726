from __future__ import annotations

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from l1_verl.budget import Budget
from l1_verl.thought import Count, close_prompt, closed_by, counted_tokens, decode_tail, think_end_id

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


_QWEN3 = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
# As Qwen3's later templates: the thought is opened, or opened and closed.
_OPENING = _QWEN3.replace("{% endif %}{% endif %}", "{% else %}<think>\n{% endif %}{% endif %}")
_PLAIN = _QWEN3.partition("{% if enable_thinking")[0] + "{% endif %}"
_R1 = _PLAIN.replace("assistant\n", "assistant\n<think>\n")


@pytest.mark.parametrize(
    ("template", "end"),
    [
        (_QWEN3, "assistant\n<think>\n\n</think>\n\n"),
        (_OPENING, "assistant\n<think>\n\n</think>\n\n"),
        (_R1, "assistant\n<think>\n</think>"),
        (_PLAIN, "assistant\n"),  # a model without tags is left to the words of its prompt
    ],
)
def test_a_prompt_is_closed_as_its_template_does_or_where_it_opens_a_thought(template: str, end: str) -> None:
    tokenizer = byte_tokenizer(think_special=False)
    tokenizer.chat_template = template
    messages = [{"role": "user", "content": "1 + 1? Think for 0 tokens."}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    closed = close_prompt(tokenizer, prompt)
    assert tokenizer.decode(closed).endswith(f"Think for 0 tokens.<|im_end|>\n<|im_start|>{end}")
    assert closed_by(closed, think_end_id(tokenizer)) == ("</think>" in end)


def test_a_tokenizer_without_the_tag_as_one_token_closes_nothing() -> None:
    tokenizer = byte_tokenizer(think_special=None)
    tokenizer.chat_template = _R1
    assert close_prompt(tokenizer, [5, 6]) == [5, 6]


@pytest.mark.parametrize(
    ("thinking", "count", "tokens", "counted"),
    [
        (None, "response", 0, 90),
        (30, "response", 64, 90),
        (30, "thinking", 64, 30),
        (30, "thinking", None, 30),
        (30, "response", 0, 29),
        (1, "response", 0, 0),
        (0, "thinking", 0, 0),
    ],
)
def test_what_counts_is_the_response_or_the_thought_and_under_0_the_thought_alone(
    thinking: int | None, count: Count, tokens: int | None, counted: int
) -> None:
    budget = None if tokens is None else Budget("max", tokens)
    assert counted_tokens(90, thinking, count=count, budget=budget) == counted
