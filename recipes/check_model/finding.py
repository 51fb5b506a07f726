"""What a check is asked, and what it answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Need:
    """What a run needs of its model.

    Attributes:
        prompt_length: longest prompt in tokens, ``data.max_prompt_length``.
        response_length: longest response in tokens, ``data.max_response_length``.
        tensor_parallel: GPUs that one vLLM engine is spread over.
        template_arguments: further arguments of the chat template, ``data.apply_chat_template_kwargs``.
        counts_thinking: whether the run counts or closes thoughts, which it does by the token ``</think>``.
        requires_think_end: whether an answer counts only after ``</think>``.
        prompts: prompts of the data.
        max_model_len: the context that vLLM is given, ``None`` for the model's own.
    """

    prompt_length: int = 1024
    response_length: int = 4096
    tensor_parallel: int = 2
    template_arguments: dict[str, Any] = field(default_factory=dict)
    counts_thinking: bool = False
    requires_think_end: bool = True
    prompts: tuple[str, ...] = ()
    max_model_len: int | None = None

    def __post_init__(self) -> None:
        for name in ("prompt_length", "response_length", "tensor_parallel"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be >= 1")


@dataclass(frozen=True)
class Finding:
    """The answer of one check.

    Attributes:
        check: its name.
        status: ``fail`` where a run would end or would train on something else than what is meant.
        value: what was found.
        way_out: what to do about it; empty for ``pass``.
    """

    check: str
    status: Status
    value: str
    way_out: str = ""

    def __str__(self) -> str:
        return f"{self.status}  {self.check}: {self.value}" + (f"; {self.way_out}" if self.way_out else "")

    def to_dict(self) -> dict[str, str]:
        return asdict(self)
