"""Axes of a plot: their scales, a line to compare with, names at the ends of lines."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tgan.benchmarks.page.content import Line, Plot
from tgan.benchmarks.page.tables import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Names at ends of lines: letters in a row, and a row's height as a share of the axis.
_END_WIDTH = 16
_END_ROW = 0.065
# Ticks with more letters than this altogether do not fit side by side.
_LEVEL_TICKS = 45
_TICK_WIDTH = 28


def finite(values: Sequence[float]) -> np.ndarray:
    """Values with a gap where one is not finite, which an axis could not hold."""
    array = np.array(values, np.float64)
    return np.where(np.isfinite(array), array, np.nan)


def is_sideways(plot: Plot) -> bool:
    """Whether values run to the right and categories down, where long names can be read."""
    return plot.kind == "points" and sum(map(len, plot.ticks)) > _LEVEL_TICKS


def set_scales(axes: "Axes", plot: Plot) -> None:
    """Linear or logarithmic axes, or one of categories; a scale without a place is not taken."""
    places, values = ("y", "x") if is_sideways(plot) else ("x", "y")
    if plot.log_y and any(y > 0 for line in plot.lines for y in line.y):
        _make_log(axes, values)
    if plot.ticks:
        names = [textwrap.fill(name, _TICK_WIDTH, break_on_hyphens=False) for name in plot.ticks]
        ends = (-0.5, len(names) - 0.5)
        axis = {"x": axes.xaxis, "y": axes.yaxis}[places]
        axis.set_ticks(range(len(names)), labels=names, linespacing=1.0)
        # Downwards the first category is the topmost.
        axes.set(**{f"{places}lim": ends[::-1] if is_sideways(plot) else ends})


def add_reference(axes: "Axes", plot: Plot) -> None:
    """The line across all values to compare with, and its name."""
    scale = axes.get_xscale() if is_sideways(plot) else axes.get_yscale()
    if plot.reference is None or (scale == "log" and plot.reference[0] <= 0):
        return
    value, name = plot.reference
    look = {"color": "#333333", "linewidth": 1, "linestyle": (0, (1, 1.5))}
    box = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1}
    if is_sideways(plot):
        axes.axvline(value, **look)
        place = {"transform": axes.get_xaxis_transform(), "ha": "center", "va": "bottom"}
        axes.text(*(value, 1.0, name), color="#333333", **place)
    else:
        axes.axhline(value, **look)
        place = {"transform": axes.get_yaxis_transform(), "va": "bottom"}
        axes.text(*(0.01, value, name), color="#333333", bbox=box, **place)


def name_ends(axes: "Axes", lines: Sequence[Line], *, colours: Mapping[str, str]) -> None:
    """Write every line's name right of the axes, level with its end but clear of the others."""
    axes.autoscale_view()
    ends = []
    for line in lines:
        points = np.stack([finite(line.x), finite(line.y)], axis=-1)
        heights = (axes.transData - axes.transAxes).transform(points)
        seen = np.isfinite(heights).all(axis=-1)
        if seen.any():
            ends.append((heights[seen][-1, 1], points[seen][-1], line.name))
    ends.sort(key=lambda end: end[0])
    names = [textwrap.fill(name, _END_WIDTH, break_on_hyphens=False) for _, _, name in ends]
    placed = _spread_out([end[0] for end in ends], [name.count("\n") + 1 for name in names])
    for (_, point, key), name, height in zip(ends, names, placed, strict=True):
        axes.annotate(
            name,
            *(point, (1.05, height)),
            textcoords="axes fraction",
            va="center",
            linespacing=1.0,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colours[key], "linewidth": 0.8, "shrinkB": 3},
        )


def _make_log(axes: "Axes", side: str) -> None:
    """A logarithmic axis with numbers as they are written in tables."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set(**{f"{side}scale": "log"})
    axes.autoscale_view()
    axis = {"x": axes.xaxis, "y": axes.yaxis}[side]
    low, high = sorted(axis.get_view_interval())
    # Powers of ten alone would leave a short axis with one number or none.
    steps = (1.0,) if high / low > 100 else (1.0, 2.0, 5.0) if high / low > 4 else range(1, 10)
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _shortest(value)))
    axis.set_minor_formatter(NullFormatter())


def _shortest(value: float) -> str:
    """A tick's number; on a very short axis some need more than one digit to differ."""
    exact = (digits for digits in (1, 2) if math.isclose(float(f"{value:.{digits - 1}e}"), value))
    return format_number(value, next(exact, 3))


def _spread_out(heights: Sequence[float], rows: Sequence[int]) -> list[float]:
    """Heights (sorted) moved apart by the rows of text there, at most up to 1."""
    needed = [_END_ROW * (a + b) / 2 for a, b in zip(rows, rows[1:], strict=False)]
    placed = list(heights)
    for place, gap in enumerate(needed, 1):
        placed[place] = max(placed[place], placed[place - 1] + gap)
    if placed:
        placed[-1] = min(placed[-1], 1.0)
    for place in reversed(range(len(needed))):
        placed[place] = min(placed[place], placed[place + 1] - needed[place])
    return placed
