"""The tiny model's tokenizer: like that of DeepSeek-R1's distills of Qwen, with every number up to 199 one token."""

from __future__ import annotations

import json

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
from transformers import Qwen2Tokenizer

from l1_verl.budget import Budget
from recipes.tiny.arithmetic import Sum, prompt

# DeepSeek-R1's names, which its distills of Qwen, DeepScaleR and the L1 checkpoints have too.
BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
USER, ASSISTANT = "<｜User｜>", "<｜Assistant｜>"
LARGEST_NUMBER = 199

# DeepSeek-R1's template without tools: thoughts of earlier turns are left out, and the generation prompt opens the new
# one.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] }}{% endif %}"
    "{% if message['role'] == 'user' %}" + USER + "{{ message['content'] }}{% endif %}"
    "{% if message['role'] == 'assistant' %}{% set content = message['content'] %}"
    "" + ASSISTANT + "{{ content.split('</think>')[-1] }}" + EOS + "{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}" + ASSISTANT + "<think>\n{% endif %}"
)


def build_tokenizer() -> Qwen2Tokenizer:
    """A tokenizer that knows the words of the prompts; anything else falls to bytes.

    transformers loads the tokenizer of any Qwen2 model as ``Qwen2Tokenizer``, whatever class its files name, and that
    class splits numbers into digits. So it is one from the start, and numbers are added tokens.
    """
    example = Sum((7, 8, 5))
    texts = [prompt(example, budget) for budget in (None, Budget("exact", 1), Budget("max", 1))]
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    trained.train_from_iterator([*texts, example.response(40, Budget("exact", 40))] * 3, trainer)
    model = json.loads(trained.to_str())["model"]
    tokenizer = Qwen2Tokenizer(
        vocab=model["vocab"],
        merges=[tuple(pair) for pair in model["merges"]],  # type: ignore[misc]  # pairs, whatever its hint says
        bos_token=BOS,
        eos_token=EOS,
        pad_token=EOS,
        unk_token=None,  # type: ignore[arg-type]  # bytes leave nothing unknown
        chat_template=CHAT_TEMPLATE,
        model_max_length=512,
    )
    tokenizer.add_tokens([AddedToken(token, special=True, normalized=False) for token in (BOS, EOS, USER, ASSISTANT)])
    # Not special, as in DeepSeek-R1's tokenizer: decoding keeps the tags that grading looks for.
    tokenizer.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in ("<think>", "</think>")])
    numbers = [str(number) for number in range(LARGEST_NUMBER + 1)]
    tokenizer.add_tokens([AddedToken(number, special=False, normalized=False) for number in numbers])
    return tokenizer
