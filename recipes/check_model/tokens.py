"""The tokenizer: right ids, a way back to the text, the end of a turn, padding, and the end of a thought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from l1_verl.budget import Budget
from l1_verl.data.rows import INSTRUCTION
from l1_verl.thought import THINK_END, think_end_id
from recipes.check_model.checkpoint import Checkpoint
from recipes.check_model.finding import Finding, Need

TEXTS = (
    "0 1 23 456 7890 3.14159 -1,234,567.89 2024-11-26 0x1F",
    "\\boxed{\\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}} $x_{1}^{2} \\in [0, \\infty)$ \\text{ and } \\leq",
    "Größe, naïve, Ελληνικά, русский, 数学题, ひらがな, العربية, 👍🏽 ½ × ≤ ∑ “quoted” – dash",
    "def f(x):\n    if x > 0:\n\treturn x ** 2  # a comment\n\n\n",
    "<think>\nOkay, let me see.\n\nWait, no.\n</think>\n\nThe answer is **20**.",
    "  two blanks,   three,\ttab,\r\nline  ",
    f"What is 7 + 8 + 5? {INSTRUCTION} {Budget('exact', 512).sentence}",
    f"What is 7 + 8 + 5? {INSTRUCTION} {Budget('max', 4000).sentence}",
)


def tokenizer_ids(checkpoint: Checkpoint, need: Need) -> Finding:
    """The tokenizer that transformers loads gives the ids of ``tokenizer.json``."""
    name = "ids of tokenizer.json"
    if checkpoint.raw is None:
        return Finding(
            name, "warn", "there is no tokenizer.json to compare with",
            "make sure by hand that transformers loads the tokenizer that the model was trained with",
        )  # fmt: skip
    texts = (*TEXTS, *need.prompts)
    for text in texts:
        ids = checkpoint.tokenizer.encode(text, add_special_tokens=False)
        wanted = checkpoint.raw.encode(text, add_special_tokens=False).ids
        if ids != wanted:
            at = _first_difference(ids, wanted)
            return Finding(
                name, "fail",
                f"transformers' {type(checkpoint.tokenizer).__name__} gives other ids from token {at} of "
                f"{text[:40]!r}: {ids[at : at + 3]} instead of {wanted[at : at + 3]}",
                "set tokenizer_class to PreTrainedTokenizerFast in tokenizer_config.json, or take another release of "
                "transformers",
            )  # fmt: skip
    return Finding(
        name, "pass", f"the same as transformers' {type(checkpoint.tokenizer).__name__} in {len(texts)} texts"
    )


def round_trip(checkpoint: Checkpoint, need: Need) -> Finding:
    """``decode(encode(text))`` is the text."""
    name, tokenizer = "decode(encode(text))", checkpoint.tokenizer
    texts = (*TEXTS, *need.prompts)
    for text in texts:
        back = tokenizer.decode(tokenizer.encode(text, add_special_tokens=False), clean_up_tokenization_spaces=False)
        if back != text:
            at = _first_difference(back, text)
            return Finding(
                name, "fail", f"{text[max(0, at - 10) : at + 20]!r} becomes {back[max(0, at - 10) : at + 20]!r}",
                "set tokenizer_class to PreTrainedTokenizerFast in tokenizer_config.json, or use another tokenizer",
            )  # fmt: skip
    return Finding(name, "pass", f"the text itself, {len(texts)} times")


def end_of_turn(checkpoint: Checkpoint, need: Need) -> Finding:
    """vLLM stops where the template ends the model's turn: at the tokenizer's EOS or one of the generation's."""
    name, tokenizer = "end of turn", checkpoint.tokenizer
    if tokenizer.eos_token_id is None:
        return Finding(name, "fail", "the tokenizer has no EOS token", "set eos_token in tokenizer_config.json")
    generated = _as_list(checkpoint.generation.eos_token_id)
    stops = {tokenizer.eos_token_id, *generated}
    shown = ", ".join(sorted(repr(tokenizer.convert_ids_to_tokens(stop)) for stop in stops))
    turn_end = _turn_end(checkpoint)
    if turn_end is not None and tokenizer.convert_tokens_to_ids(turn_end) not in stops:
        return Finding(
            name, "fail", f"the template ends the model's turn with {turn_end!r}, but vLLM stops at {shown} only",
            f"set eos_token in tokenizer_config.json, or eos_token_id in generation_config.json, to {turn_end!r}",
        )  # fmt: skip
    if generated and tokenizer.eos_token_id not in generated:
        return Finding(
            name, "warn", f"EOS is {tokenizer.eos_token!r} in the tokenizer, while the generation configuration has "
            f"{', '.join(repr(tokenizer.convert_ids_to_tokens(stop)) for stop in generated)}",
            "name the same token in both; vLLM stops at either",
        )  # fmt: skip
    return Finding(name, "pass", f"vLLM stops at {shown}")


def padding(checkpoint: Checkpoint, need: Need) -> Finding:
    """A pad token, the same in the tokenizer and in the generation configuration."""
    name, tokenizer = "padding", checkpoint.tokenizer
    generated = checkpoint.generation.pad_token_id
    if tokenizer.pad_token_id is None:
        return Finding(
            name, "warn", "the tokenizer has no pad token; verl takes EOS", "set pad_token in tokenizer_config.json"
        )
    if generated is not None and generated != tokenizer.pad_token_id:
        return Finding(
            name, "warn", f"pad is {tokenizer.pad_token!r} in the tokenizer, while the generation configuration has "
            f"{tokenizer.convert_ids_to_tokens(generated)!r}",
            "name the same token in both; verl takes the tokenizer's",
        )  # fmt: skip
    return Finding(name, "pass", repr(tokenizer.pad_token))


def closes_thought(checkpoint: Checkpoint, need: Need) -> Finding:
    """``</think>`` is one token, which counting and closing thoughts needs."""
    name = f"{THINK_END} is one token"
    found = think_end_id(checkpoint.tokenizer)
    if found is not None:
        return Finding(name, "pass", f"id {found}")
    pieces = " ".join(checkpoint.tokenizer.tokenize(THINK_END))
    if need.counts_thinking:
        return Finding(
            name, "fail", f"it is {pieces}, while the run counts or closes thoughts",
            "use reward.reward_kwargs.count=response and close_thinking=false, or another model",
        )  # fmt: skip
    return Finding(name, "warn", f"it is {pieces}", "count=thinking and close_thinking cannot be used with this model")


def _first_difference(one: Sequence[Any], other: Sequence[Any]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def _as_list(ids: int | list[int] | None) -> list[int]:
    return [] if ids is None else [ids] if isinstance(ids, int) else list(ids)


def _turn_end(checkpoint: Checkpoint) -> str | None:
    """The token after the model's own words, or ``None`` where the template writes none."""
    words = "The answer is 15."
    messages = [{"role": "user", "content": "What is 7 + 8?"}, {"role": "assistant", "content": words}]
    try:
        after = checkpoint.render(messages).rpartition(words)[2].lstrip()
    except Exception:  # the check of the template says why
        return None
    return max((mark for mark in checkpoint.marks if after.startswith(mark)), key=len, default=None)
