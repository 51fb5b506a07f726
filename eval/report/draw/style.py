"""How every figure looks, on light and on dark paper."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from eval.report.draw.hover import Point, points_of

#: One panel per figure, narrow enough to be read on a phone; the page sets them side by side where there is room.
SIZE = (5.0, 3.4)
_PAPER = {"light": ("#ffffff", "#1f2328", "#d0d7de"), "dark": ("#161b22", "#e6edf3", "#3d444d")}
# Okabe and Ito's colours, told apart by colour-blind readers too; on dark paper the dark ones are lighter.
_COLOURS = {
    "light": ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6FDF", "#7F7F7F"),
    "dark": ("#4AA8E8", "#F0793A", "#2DC79B", "#E29BC4", "#F0B73A", "#8FD0F5", "#A895EE", "#A0A0A0"),
}


@dataclass(frozen=True)
class Rendered:
    """A figure as files hold it, and its points."""

    png: bytes
    svg: bytes
    dark_svg: bytes
    points: list[Point]


@dataclass(frozen=True)
class Drawing:
    """A figure yet to be drawn.

    Attributes:
        name: file name without ending.
        title: what stands above it.
        caption: one sentence on what is seen.
        draw: draws it into the axes it is given.
        fold: what the page folds it under; None for a figure that is seen at once.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Axes], None]
    fold: str | None = None

    def render(self) -> Rendered:
        """The figure as PNG and SVG on light paper, and as SVG on dark paper."""
        background, ink, grid = _PAPER["light"]
        style = {
            "font.size": 10,
            "axes.titlesize": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.prop_cycle": cycler(color=_COLOURS["light"]),
            "grid.linewidth": 0.6,
            "legend.frameon": False,
            "legend.fontsize": 8.5,
            "svg.fonttype": "path",
            "svg.hashsalt": self.name,
            "figure.facecolor": background,
            "axes.facecolor": background,
            "savefig.facecolor": background,
            "text.color": ink,
            "axes.labelcolor": ink,
            "axes.edgecolor": ink,
            "xtick.color": ink,
            "ytick.color": ink,
            "grid.color": grid,
        }
        with matplotlib.rc_context(style):
            figure = Figure(figsize=SIZE, layout="constrained", dpi=150)
            axes = figure.add_subplot()
            self.draw(axes)
            axes.set_title(_plain(self.title))
            png, svg = io.BytesIO(), io.BytesIO()
            figure.savefig(png, format="png")
            figure.set_layout_engine("none")  # laid out once is enough
            figure.savefig(svg, format="svg", metadata={"Date": None})
            points = points_of(axes)
        return Rendered(png.getvalue(), svg.getvalue(), _on_dark_paper(svg.getvalue()), points)


def _on_dark_paper(svg: bytes) -> bytes:
    """The same drawing with its colours exchanged: drawing anew would take twice the time."""
    pairs = zip((*_PAPER["light"], *_COLOURS["light"]), (*_PAPER["dark"], *_COLOURS["dark"]), strict=True)
    exchange = {light.lower().encode(): dark.lower().encode() for light, dark in pairs}
    pattern = re.compile(b"|".join(map(re.escape, exchange)))
    return pattern.sub(lambda match: exchange[match[0]], svg)


def data_uri(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def colour(index: int) -> str:
    """The paper's own ``index``-th colour."""
    return f"C{index % len(_COLOURS['light'])}"


def log_tokens(axes: Axes) -> None:
    """A logarithmic x axis that says 500 and not 5 x 10^2."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 12 * low else (1, 3)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def label(text: str, longest: int = 34) -> str:
    """A name given by a user, as text and never as mathematics."""
    return _plain(text if len(text) <= longest else text[: longest - 1] + "…")


def _plain(text: str) -> str:
    return text.replace("$", r"\$")
