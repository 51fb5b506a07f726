"""The tokenizer's side of a conversation: prompts into tokens, tokens into thought and solution."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.samples import Sample
from l1_verl.cli import InputError
from l1_verl.thought import (
    THINK_END,
    THINK_START,
    close_prompt,
    closed_by,
    decode,
    opened_by,
    prompt_tokens,
    think_end_id,
    thinking_tokens,
)


class Chat:
    """A tokenizer with a chat template.

    Args:
        tokenizer: a transformers tokenizer.
        name: the model's name, for messages.

    Raises:
        InputError: the tokenizer has no chat template.
    """

    def __init__(self, tokenizer: Any, name: str) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise InputError(
                f"the tokenizer of {name} has no chat template, so a conversation cannot be put before the model; "
                "save one with it (tokenizer.chat_template = ...; tokenizer.save_pretrained(...))"
            )
        self.tokenizer = tokenizer
        self.name = name
        #: id of the ``</think>`` token; None where the tag is spelled with several.
        self.end_of_thought = think_end_id(tokenizer)

    @classmethod
    def load(cls, model: str) -> Chat:
        """The tokenizer of a model folder or hub id.

        Raises:
            InputError: there is none.
        """
        from transformers import AutoTokenizer

        try:
            return cls(AutoTokenizer.from_pretrained(model), model)
        except (OSError, ValueError) as error:
            where = model if Path(model).is_dir() else f"{model} (no folder here)"
            raise InputError(f"no tokenizer at {where}: {str(error).splitlines()[0]}") from None

    def render(self, messages: Sequence[dict[str, str]], *, closed: bool = False) -> list[int]:
        """Token ids of the conversation, up to where the model begins to answer.

        Args:
            messages: the conversation.
            closed: whether the prompt closes the thought, where the template has a way to.
        """
        ids = prompt_tokens(self.tokenizer, messages)
        return close_prompt(self.tokenizer, ids) if closed else ids

    def prompt_of(self, sample: Sample, *, with_budget: bool = True) -> list[int]:
        """Token ids of a sample's prompt; where it asks for a budget of 0, with the thought closed."""
        return self.render(sample.conversation(with_budget=with_budget), closed=with_budget and sample.zero)

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=special))

    def decode(self, ids: Sequence[int]) -> str:
        return decode(self.tokenizer, ids)

    def opens_thought(self, prompt: Sequence[int]) -> bool:
        """True if the template itself opens the thought, as DeepSeek-R1's does."""
        return opened_by(self.tokenizer, prompt)

    def closed_thought(self, prompt: Sequence[int]) -> bool:
        """True if the template itself has closed the thought, as Qwen3's does with ``enable_thinking=false``."""
        return self.end_of_thought is not None and closed_by(prompt, self.end_of_thought)

    def closes_thought(self, ids: Sequence[int]) -> bool:
        return self.end_of_thought in ids if self.end_of_thought is not None else THINK_END in self.decode(ids)

    def in_thought(self, prompt: Sequence[int], response: Sequence[int]) -> bool:
        """True if prompt or response opened a thought that the response has not closed."""
        opened = self.opens_thought(prompt) or self.decode(response[:8]).lstrip().startswith(THINK_START)
        return opened and len(response) > 0 and not self.closes_thought(response)

    def thinking_tokens(self, prompt: Sequence[int], response: Sequence[int]) -> int:
        """Tokens of ``response`` up to and with its first ``</think>``, as rewards count them.

        Without ``</think>`` all of them count. Two kinds of response have no thought, so that none count: one whose
        prompt closed the thought already, and one that opened none of a model that spells the tag in several tokens.
        """
        if self.end_of_thought is not None:
            return thinking_tokens(response, self.end_of_thought, closed=self.closed_thought(prompt))
        if not self.closes_thought(response):
            return len(response) if self.in_thought(prompt, response) else 0
        lengths = range(1, len(response))
        return 1 + bisect_left(lengths, True, key=lambda length: self.closes_thought(response[:length]))
