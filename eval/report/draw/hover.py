"""The points of a figure in words, for the page to show under the pointer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D

#: Of one line: a training curve has hundreds, closer to each other than a pointer can tell.
MOST_POINTS = 60


@dataclass(frozen=True)
class Point:
    """A point of a figure.

    Attributes:
        left: its distance from the left edge, in per cent of the figure's width.
        top: its distance from the upper edge, in per cent of the figure's height.
        text: the line that it is on, its values and, where there is one, the interval.
    """

    left: float
    top: float
    text: str


def points_of(axes: Axes) -> list[Point]:
    """Every point of the named lines in ``axes``, as they lie once the figure's layout is done."""
    return [point for line, name, intervals in _named_lines(axes) for point in _points(axes, line, name, intervals)]


def _named_lines(axes: Axes) -> Iterator[tuple[Line2D, str, list[str]]]:
    """Lines that the legend names, with the interval of each point as text."""
    bars = {one.lines[0]: one for one in axes.containers if isinstance(one, ErrorbarContainer)}
    for line in axes.lines:
        bar = bars.get(line)
        name = str((line if bar is None else bar).get_label())
        if not name.startswith("_"):
            yield line, name, [] if bar is None else _intervals(bar)


def _intervals(bar: ErrorbarContainer) -> list[str]:
    """The ends of the vertical bars, which matplotlib keeps last; nothing for a point without a bar."""
    segments = bar.lines[2][-1].get_segments() if bar.has_yerr else []
    ends = [[height for _, height in segment] for segment in segments]
    return ["" if len(set(one)) < 2 else f" [{_number(one[0])}, {_number(one[1])}]" for one in ends]


def _points(axes: Axes, line: Line2D, name: str, intervals: list[str]) -> Iterator[Point]:
    x, y = (np.asarray(values, dtype=float) for values in (line.get_xdata(), line.get_ydata()))
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    assert axes.figure is not None
    to_figure = axes.transData + axes.figure.transFigure.inverted()
    for index in known[:: max(1, -(-len(known) // MOST_POINTS))]:
        left, bottom = to_figure.transform((x[index], y[index]))
        if not (0 <= left <= 1 and 0 <= bottom <= 1):  # 0 on a logarithmic axis
            continue
        interval = intervals[index] if intervals else ""
        at = f"{axes.get_xlabel().partition(' (')[0]} {_number(x[index])}"
        text = f"{name}: {at}, {axes.get_ylabel().partition(' (')[0]} {_number(y[index])}{interval}"
        yield Point(round(100 * left, 2), round(100 - 100 * bottom, 2), text.replace(r"\$", "$"))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
