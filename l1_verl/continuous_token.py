"""Which of verl's Continuous Token builders fits a tokenizer.

verl 0.9.1 builds the prompt of a rollout with a builder that knows how a model family separates its messages. It picks
the builder by ``model_type`` of ``config.json`` alone (``verl/utils/tokenizer/continuous_token_wiring.py``,
``_MODEL_TYPE_TO_FAMILY``). DeepSeek-R1's distills of Qwen, DeepScaleR and the L1 checkpoints have ``qwen2`` there but
DeepSeek's tokens, and Qwen's builder refuses them (verl issue 7637). This module goes by the tokens instead.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from verl.utils.tokenizer.continuous_token_wiring import (
    ContinuousTokenModelFamily,
    get_continuous_token_builder_class,
    infer_continuous_token_model_family,
)

#: The message tokens of a family, by a model type for which verl takes the family's builder.
FAMILY_TOKENS = {
    "qwen2": ("<|im_start|>", "<|im_end|>"),
    "deepseek_v3": ("<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
}


@lru_cache(maxsize=8)
def builder_model_type(tokenizer: Any, model_type: str | None) -> str | None:
    """The model type to give to verl, so that it takes the builder that fits ``tokenizer``.

    Only verl's builders for Qwen, for DeepSeek and for models that it does not know are exchanged for each other. Any
    other model type, of a vision-language model for example, is returned as it is.

    Args:
        tokenizer: the policy's Hugging Face tokenizer.
        model_type: ``model_type`` of the model's ``config.json``.

    Returns:
        A model type of the family whose message tokens the tokenizer has; ``None``, which gives verl's default
        builder, if it has those of no family.
    """
    exchangeable = {
        get_continuous_token_builder_class(family)
        for family in (
            ContinuousTokenModelFamily.QWEN,
            ContinuousTokenModelFamily.DEEPSEEK,
            ContinuousTokenModelFamily.DEFAULT,
        )
    }
    chosen_by_verl = get_continuous_token_builder_class(infer_continuous_token_model_family(hf_model_type=model_type))
    if chosen_by_verl not in exchangeable:
        return model_type
    fitting = (name for name, tokens in FAMILY_TOKENS.items() if all(_has(tokenizer, token) for token in tokens))
    found = next(fitting, None)
    if found == "qwen2" and len(tokenizer.encode("\n", add_special_tokens=False)) != 1:
        return None  # Qwen's builder puts this one token between messages.
    return found


def _has(tokenizer: Any, token: str) -> bool:
    """Whether ``token`` is one token. For a token that it lacks, a tokenizer gives None or its unknown token."""
    found = tokenizer.convert_tokens_to_ids(token)
    return found is not None and tokenizer.convert_ids_to_tokens(found) == token
