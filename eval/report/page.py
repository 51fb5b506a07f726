"""The HTML page: one file, no network, readable on a phone, light and dark. Text of models is escaped by Jinja."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.report.plots import Drawing, data_uri
from eval.report.tables import Table


def page(
    title: str,
    results: dict[str, Any],
    tables: Sequence[Table],
    figures: Sequence[Drawing],
    examples: Sequence[tuple[str, Sequence[dict[str, Any]]]],
) -> str:
    """The report as one HTML document; ``examples`` are (run name, samples)."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = [
        {
            "title": figure.title,
            "caption": figure.caption,
            "light": data_uri(figure.render("light", "svg")),
            "dark": data_uri(figure.render("dark", "svg")),
        }
        for figure in figures
    ]
    template = environment.get_template("page.html.j2")
    return template.render(title=title, results=results, tables=tables, figures=drawn, examples=examples)
