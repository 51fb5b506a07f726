"""How every figure looks, on light and on dark paper."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

#: One panel per figure, narrow enough to be read on a phone; the page sets them side by side where there is room.
SIZE = (5.0, 3.4)
_PAPER = {"light": ("#ffffff", "#1f2328", "#d0d7de"), "dark": ("#161b22", "#e6edf3", "#3d444d")}
# Okabe and Ito's colours, told apart by colour-blind readers too; on dark paper the dark ones are lighter.
_COLOURS = {
    "light": ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6FDF", "#7F7F7F"),
    "dark": ("#4AA8E8", "#F0793A", "#2DC79B", "#E29BC4", "#F0B73A", "#8FD0F5", "#A895EE", "#A0A0A0"),
}


@dataclass(frozen=True)
class Drawing:
    """A figure that can be drawn on either paper.

    Attributes:
        name: file name without ending.
        title: what stands above it.
        caption: one sentence on what is seen.
        draw: draws it into the axes it is given.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Axes], None]

    def render(self, paper: str, form: str) -> bytes:
        """The figure as "svg" or "png" on "light" or "dark" paper."""
        background, ink, grid = _PAPER[paper]
        style = {
            "font.size": 10,
            "axes.titlesize": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
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
            "axes.prop_cycle": cycler(color=_COLOURS[paper]),
        }
        with matplotlib.rc_context(style):
            figure = Figure(figsize=SIZE, layout="constrained", dpi=150)
            axes = figure.add_subplot()
            self.draw(axes)
            axes.set_title(_plain(self.title))
            content = io.BytesIO()
            figure.savefig(content, format=form, metadata={"Date": None} if form == "svg" else None)
        return content.getvalue()


def data_uri(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


def colour(index: int) -> str:
    """The paper's own ``index``-th colour."""
    return f"C{index % len(_COLOURS['light'])}"


def log_tokens(axes: Axes) -> None:
    """A logarithmic x axis that says 500 and not 5 x 10^2."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def label(text: str) -> str:
    """A name given by a user, as text and never as mathematics."""
    return _plain(text if len(text) <= 34 else text[:33] + "…")


def _plain(text: str) -> str:
    return text.replace("$", r"\$")
