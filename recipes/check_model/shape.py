"""The sizes of a model against those of a run."""

from __future__ import annotations

from recipes.check_model.checkpoint import Checkpoint
from recipes.check_model.finding import Finding, Need

# vLLM fills its vocabulary up to a multiple of this before it is spread over GPUs.
_VLLM_VOCABULARY_STEP = 64
# RoPE types whose max_position_embeddings is the length after scaling (vllm/config/model.py).
_SCALED_ALREADY = ("default", "llama3", "longrope", "su", "mrope")


def context(checkpoint: Checkpoint, need: Need) -> Finding:
    """Prompt and response fit into the model's context."""
    name, wanted = "context", need.prompt_length + need.response_length
    most = _positions(checkpoint)
    if most is None:
        return Finding(name, "warn", "config.json does not name the longest context", "look it up in the model's card")
    if wanted > most:
        return Finding(
            name, "fail", f"prompt {need.prompt_length} + response {need.response_length} = {wanted} tokens, while "
            f"the model has {most} positions", "lower data.max_prompt_length or data.max_response_length",
        )  # fmt: skip
    if need.max_model_len is not None and wanted > need.max_model_len:
        return Finding(
            name, "fail", f"prompt {need.prompt_length} + response {need.response_length} = {wanted} tokens, while "
            f"vLLM is given {need.max_model_len}", f"set actor_rollout_ref.rollout.max_model_len={wanted}",
        )  # fmt: skip
    return Finding(name, "pass", f"{wanted} of {most} tokens")


def _positions(checkpoint: Checkpoint) -> int | None:
    most = getattr(checkpoint.config, "max_position_embeddings", None)
    rope = getattr(checkpoint.config, "rope_parameters", None) or {}
    kind = rope.get("rope_type", "default")
    if most is None or kind in _SCALED_ALREADY or not isinstance(rope.get("factor"), int | float):
        return most
    return int((rope.get("original_max_position_embeddings") or most) * rope["factor"])


def tensor_parallel(checkpoint: Checkpoint, need: Need) -> Finding:
    """vLLM can spread heads and vocabulary over the GPUs of one engine."""
    name, gpus, config = "tensor parallelism", need.tensor_parallel, checkpoint.config
    heads = getattr(config, "num_attention_heads", None)
    if not heads:
        return Finding(
            name, "warn", f"config.json names no attention heads (model type {config.model_type})",
            "look up in vLLM's documentation how it spreads this model",
        )  # fmt: skip
    groups = getattr(config, "num_key_value_heads", None) or heads
    vocabulary = -(-config.vocab_size // _VLLM_VOCABULARY_STEP) * _VLLM_VOCABULARY_STEP
    way_out = "set actor_rollout_ref.rollout.tensor_model_parallel_size=1"
    if heads % gpus:
        return Finding(name, "fail", f"{heads} attention heads cannot be spread over {gpus} GPUs", way_out)
    if groups % gpus and gpus % groups:
        return Finding(name, "fail", f"{groups} key-value heads cannot be spread over {gpus} GPUs", way_out)
    if vocabulary % gpus:
        return Finding(name, "fail", f"a vocabulary of {vocabulary} cannot be spread over {gpus} GPUs", way_out)
    return Finding(name, "pass", f"{heads} heads, {groups} key-value heads, vocabulary {vocabulary} over {gpus} GPUs")


def embedding_rows(checkpoint: Checkpoint, need: Need) -> Finding:
    """Every token has a row of the embedding."""
    name, rows = "embedding rows", checkpoint.config.vocab_size
    last = max(checkpoint.tokenizer.get_vocab().values())
    if last >= rows:
        return Finding(
            name, "fail", f"the tokenizer has a token {last}, but the embedding {rows} rows",
            "use the tokenizer that belongs to the model, or resize the embedding",
        )  # fmt: skip
    return Finding(name, "pass", f"{rows} for {last + 1} tokens")
