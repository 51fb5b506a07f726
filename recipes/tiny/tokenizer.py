"""The tiny model's tokenizer: byte-level BPE with whole numbers as single tokens, as in Llama 3 (up to 3 digits)."""

from __future__ import annotations

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from l1_verl.budget import Budget
from recipes.tiny.arithmetic import Sum, prompt

BOS, EOS, USER, ASSISTANT = "<|begin|>", "<|end|>", "<|user|>", "<|assistant|>"
LARGEST_NUMBER = 199

# DeepSeek-R1's template in small: the generation prompt opens the thought.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}" + ASSISTANT + "{{ message['content'] }}" + EOS + "{% else %}"
    "" + USER + "{{ message['content'] }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}" + ASSISTANT + "<think>\n{% endif %}"
)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer that knows the numbers up to 199 and the words of the prompts; anything else falls to bytes."""
    tokenizer = Tokenizer(models.BPE())
    split = Regex(r"\d{1,3}| ?[A-Za-z']+|\n| ?[^\sA-Za-z\d]+|\s+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(split, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(token, special=True, normalized=False) for token in (BOS, EOS, USER, ASSISTANT)]
    # Not special, as in DeepSeek-R1's tokenizer: decoding keeps the tags that grading looks for.
    think = [AddedToken(token, special=False, normalized=False) for token in ("<think>", "</think>")]
    numbers = [str(n) for n in range(LARGEST_NUMBER + 1)]
    example = Sum((7, 8, 5))
    words = [prompt(example, None), prompt(example, Budget("exact", 1)), prompt(example, Budget("max", 1))]
    words.append(example.response(1).replace("</think>", ""))
    trainer = trainers.BpeTrainer(
        vocab_size=640,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(numbers + words * 3, trainer)
    tokenizer.add_tokens(think)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=EOS,
        chat_template=CHAT_TEMPLATE,
        model_max_length=512,
    )
