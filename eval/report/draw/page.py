"""The HTML page: one file, no network, readable on a phone, light and dark. Text of models is escaped by Jinja."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval.report.draw.hover import Point
from eval.report.draw.samples import packed
from eval.report.draw.table import Table
from eval.report.draw.tables import different_rules
from eval.report.measure.load import EXAMPLES_PER_CELL, Run

_SCRIPT = Path(__file__).with_name("browser.js")


@dataclass(frozen=True)
class Shown:
    """A figure as the page holds it: two data URIs, for light and for dark paper; ``fold`` as in ``Drawing``."""

    fold: str | None
    title: str
    caption: str
    light: str
    dark: str
    points: Sequence[Point]


def page(
    title: str,
    results: dict[str, Any],
    tables: Sequence[Table],
    figures: Sequence[Shown],
    runs: Sequence[Run],
) -> str:
    """The report as one HTML document, which holds the samples of ``runs`` too."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folds = {
        fold: [figure for figure in figures if figure.fold == fold] for fold in dict.fromkeys(f.fold for f in figures)
    }
    return environment.get_template("page.html.j2").render(
        title=title,
        results=results,
        tables=tables,
        shown=folds.pop(None, []),
        folds=folds,
        packed=packed(runs) if runs else None,
        script=Markup(_SCRIPT.read_text("utf-8")),
        texts_kept=EXAMPLES_PER_CELL,
        different_rules=different_rules(results["runs"]),
    )
