"""Configuration nodes as types: unknown keys and values of another type are refused, each with its full name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, cast, get_args

from omegaconf import DictConfig, OmegaConf
from pydantic import BaseModel, ConfigDict, ValidationError

# pydantic's error types in our words, filled from the error's context
_WORDS = {
    "bool_type": "it must be true or false",
    "int_type": "it must be a whole number",
    "float_type": "it must be a number",
    "finite_number": "it must be a finite number",
    "greater_than": "it must be {number} > {gt:g}",
    "greater_than_equal": "it must be {number} >= {ge:g}",
    "list_type": "it must be a list",
    "dict_type": "it must give values by name",
    "model_type": "it must give values by name",
}


class Node(BaseModel):
    """A node of verl's configuration that this package reads. Each field's docstring says what it does."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)

    @classmethod
    def read(cls, key: str, node: DictConfig | Mapping[str, Any] | None) -> Self:
        """The node at ``key``; what it does not say has its default.

        Raises:
            ValueError: an unknown key, or a value outside its range, with full name, value and what is allowed.
        """
        try:
            return cls.model_validate(plain(node))
        except ValidationError as error:
            raise ValueError(cls._told(key, error)) from None

    @classmethod
    def _told(cls, key: str, error: ValidationError) -> str:
        first = error.errors(include_url=False)[0]
        inner = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        where, kind, context = key + inner, first["type"], first.get("ctx") or {}
        if kind == "extra_forbidden":
            return f"{where} is unknown; allowed are {', '.join(cls.model_fields)}"
        if kind == "value_error":
            return (
                f"{where}.{context['error']}" if not str(context["error"]).startswith(key) else str(context["error"])
            )
        if kind == "literal_error":
            options = get_args(cls.model_fields[str(first["loc"][0])].annotation)
            return f"{where} is {first['input']!r}; it must be one of {', '.join(options)}"
        number = "a whole number" if type(first["input"]) is int else "a number"
        rule = _WORDS.get(kind, first["msg"].replace("Input should be", "it must be")).format(number=number, **context)
        return f"{where} is {first['input']!r}; {rule}"


def plain(node: DictConfig | Mapping[str, Any] | None) -> dict[str, Any]:
    """A node as a dictionary, interpolations resolved; None as an empty one."""
    if isinstance(node, DictConfig):
        return cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
    return dict(node or {})
