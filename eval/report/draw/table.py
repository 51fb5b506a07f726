"""A table as rows of texts, for the page and as markdown, and how an estimate is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Table:
    """Attributes:
    title: above it.
    note: one sentence below the title; may be empty.
    columns: heads.
    rows: texts.
    """

    title: str
    note: str
    columns: list[str]
    rows: list[list[str]]

    def markdown(self) -> str:
        def line(cells: Sequence[str]) -> str:
            return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

        lines = [f"## {self.title}", "", self.note, ""] if self.note else [f"## {self.title}", ""]
        return "\n".join([*lines, line(self.columns), line(["---"] * len(self.columns)), *map(line, self.rows), ""])


def format_estimate(estimate: dict[str, Any], kind: str, *, signed: bool = False) -> str:
    """``61.2 % [58.0, 64.1]``; a dash where there is nothing. A signed one says its plus."""
    if estimate["value"] is None:
        return "–"
    value = ("+" if signed and estimate["value"] > 0 else "") + number(estimate["value"], kind)
    if estimate["low"] is None:
        return value
    return f"{value} [{number(estimate['low'], kind, unit=False)}, {number(estimate['high'], kind, unit=False)}]"


def number(value: float, kind: str, *, unit: bool = True) -> str:
    if kind == "percent":
        return f"{100 * value:.1f}" + (" %" if unit else "")
    return f"{value:,.0f}" if kind == "tokens" else f"{value:.2f}"
