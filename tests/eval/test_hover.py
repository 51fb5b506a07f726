"""The points of a figure: they lie on what is drawn and say what it is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from eval.report.draw.hover import MOST_POINTS
from eval.report.draw.style import Drawing, log_tokens


def render(draw):
    return Drawing("name", "Title", "Caption.", draw).render()


def bars(axes: Axes) -> None:
    axes.errorbar(
        [100, 1000],
        [0.5, 0.75],
        yerr=[[0.1, 0.25], [0.2, 0.05]],
        xerr=[[5, 5], [5, 5]],
        fmt="o",
        ms=8,
        color="#ff0000",
        label=r"before \$1",
    )
    log_tokens(axes)
    axes.set(xlabel="tokens used (mean, log scale)", ylabel="accuracy")


def test_a_point_tells_line_values_and_interval():
    texts = [point.text for point in render(bars).points]
    assert texts == [
        "before $1: tokens used 100, accuracy 0.5 [0.4, 0.7]",
        "before $1: tokens used 1,000, accuracy 0.75 [0.5, 0.8]",
    ]


def test_a_point_lies_on_its_mark():
    made = render(bars)
    image = imread(io.BytesIO(made.png))
    height, width = image.shape[:2]
    for point in made.points:
        pixel = image[int(point.top / 100 * height), int(point.left / 100 * width), :3]
        assert pixel == pytest.approx(to_rgb("#ff0000"), abs=0.02)


def test_lines_without_a_name_and_values_that_are_unknown_have_no_points():
    def draw(axes):
        axes.axhline(0)
        axes.plot([0, 1], [0, 1], ":")
        axes.plot([1, 2, 3], [1.0, np.nan, 3.0], label="named")

    assert [point.text for point in render(draw).points] == ["named:  1,  1", "named:  3,  3"]


def test_values_that_are_unknown_have_no_point_and_bars_without_length_no_interval():
    def draw(axes):
        values, ends = [1.0, np.nan, 2.0], [[0.5, np.nan, 0.0], [0.5, np.nan, 0.0]]
        axes.errorbar([1, 2, 3], values, yerr=ends, label="bars")
        axes.errorbar([1], [1], yerr=[[0], [0]], label="_private")
        axes.errorbar([4], [4], label="plain")
        axes.set(xlabel="x", ylabel="y")

    texts = [point.text for point in render(draw).points]
    assert texts == ["bars: x 1, y 1 [0.5, 1.5]", "bars: x 3, y 2", "plain: x 4, y 4"]


def test_what_lies_outside_the_figure_has_no_point():
    def draw(axes):
        axes.plot([0, 10, 100], [1, 2, 3], label="line")
        log_tokens(axes)
        axes.set(xlabel="x", ylabel="y")

    assert [point.text for point in render(draw).points] == ["line: x 10, y 2", "line: x 100, y 3"]


@pytest.mark.parametrize("steps", [MOST_POINTS, MOST_POINTS + 1, 700])
def test_a_long_curve_has_no_more_points_than_a_pointer_can_tell_apart(steps):
    points = render(lambda axes: axes.plot(range(steps), range(steps), label="curve")).points
    assert MOST_POINTS / 2 <= len(points) <= MOST_POINTS
