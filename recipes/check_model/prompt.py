"""The prompt of a rollout: the budget's sentence, verl's builder, and who opens the thought."""

from __future__ import annotations

import re

from verl.utils.tokenizer.continuous_token_wiring import create_continuous_token_builder

from l1_verl.budget import Budget
from l1_verl.continuous_token import builder_model_type
from l1_verl.data.rows import INSTRUCTION
from recipes.check_model.checkpoint import Checkpoint
from recipes.check_model.finding import Finding, Need

QUESTION = f"What is 7 + 8? {INSTRUCTION}"
_EXACTLY = re.compile(r"think for exactly \S+ tokens", re.IGNORECASE)
_SHOWN = 60


def question(budget: Budget) -> list[dict[str, str]]:
    return [{"role": "user", "content": budget.append_to(QUESTION)}]


def template(checkpoint: Checkpoint, need: Need) -> Finding:
    """The chat template renders, with the budget's sentence whole and last in the user's turn."""
    name = "chat template"
    if not checkpoint.tokenizer.chat_template:
        return Finding(name, "fail", "the tokenizer has none", "add chat_template.jinja to the folder")
    messages = question(Budget("exact", 512))
    try:
        rendered = checkpoint.render(messages, add_generation_prompt=True, **need.template_arguments)
    except Exception as error:  # whatever the template's author lets it raise
        return Finding(name, "fail", f"it fails with {error}", "mend chat_template.jinja")
    _, found, after = rendered.partition(messages[0]["content"])
    if not found or messages[0]["content"] in after:
        return Finding(
            name, "fail", f"the question and its budget do not stand once and whole in {_short(rendered)}",
            "mend chat_template.jinja",
        )  # fmt: skip
    if not after.lstrip().startswith(checkpoint.marks):
        return Finding(
            name, "warn", f"after the budget's sentence comes text: {_short(after)}",
            "let the user's turn end with the sentence, as the models were trained",
        )  # fmt: skip
    return Finding(name, "pass", f"the budget's sentence is followed by {_short(after)}")


def builder(checkpoint: Checkpoint, need: Need) -> Finding:
    """verl can build a rollout's prompt, and builds the tokens of the template."""
    name, tokenizer = "verl's prompt builder", checkpoint.tokenizer
    messages = question(Budget("exact", 512))
    model_type = builder_model_type(tokenizer, checkpoint.config.model_type)
    try:
        made = create_continuous_token_builder(
            tokenizer, hf_model_type=model_type, chat_template_kwargs=need.template_arguments
        )
        ids = made.build_initial_tokens(messages)
        rendered = checkpoint.render(messages, add_generation_prompt=True, **need.template_arguments)
    except Exception as error:  # builders and templates raise what they like
        return Finding(
            name, "fail", f"it fails with {error}", "use a tokenizer whose chat template renders a conversation"
        )
    if ids != tokenizer.encode(rendered, add_special_tokens=False):
        return Finding(name, "fail", f"{type(made).__name__} builds other tokens than the template", "report it to us")
    return Finding(name, "pass", type(made).__name__)


def opens_thought(checkpoint: Checkpoint, need: Need) -> Finding:
    """Whether the prompt or the model writes ``<think>``."""
    name = "who opens the thought"
    opened, closed = "<think>", "</think>"
    try:
        rendered = checkpoint.render(
            question(Budget("exact", 512)), add_generation_prompt=True, **need.template_arguments
        )
    except Exception:  # the check of the template says why
        return Finding(name, "fail", "the chat template does not render", "see the check of the chat template")
    last = rendered.rpartition(QUESTION)[2]
    if closed in last:
        return Finding(
            name, "warn", f"nobody: the prompt closes the thought at once: {_short(last)}",
            "give the template the argument that lets the model think, such as enable_thinking=true",
        )  # fmt: skip
    if last.rstrip().endswith(opened):
        return Finding(name, "pass", "the prompt")
    if opened in checkpoint.marks:
        return Finding(name, "pass", "the model")
    if not need.requires_think_end:
        return Finding(name, "pass", f"nobody: {opened} is not a token of this tokenizer")
    return Finding(
        name, "warn", f"nobody: {opened} is not a token of this tokenizer, while only answers after {closed} count",
        "set reward.reward_kwargs.require_think_end=false",
    )  # fmt: skip


def wording(checkpoint: Checkpoint, need: Need) -> Finding:
    """Prompts ask "Think for N tokens."; the published models do not obey "Think for exactly N tokens."."""
    name = "wording of the budget"
    texts = [*need.prompts, str(checkpoint.tokenizer.chat_template or "")]
    found = next(filter(None, map(_EXACTLY.search, texts)), None)
    if found:
        return Finding(
            name, "warn", f"a prompt asks {found[0]!r}",
            f"ask {Budget('exact', 512).sentence!r}, which L1's models were trained on; they do not obey other words",
        )  # fmt: skip
    return Finding(name, "pass", f"nothing else asks for a length ({len(need.prompts)} prompts of the data)")


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
