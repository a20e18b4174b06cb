"""Plots of a report as SVG pictures, in all of which a name has the same look."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from tgan.benchmarks.page.axes import add_reference, finite, is_sideways, name_ends, set_scales
from tgan.benchmarks.page.content import Plot
from tgan.benchmarks.page.tables import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# On white each has a contrast of 3 or more, and any two differ by 20 or more (CIE 1976) also for
# the three kinds of colour blindness as Machado et al. 2009 simulate them.
COLOURS = ["#4d4d4d", "#f04a00", "#0a28e0", "#0099cc", "#9e4cea", "#661a00", "#c4806a", "#4d0066"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "h"]
# Of the page and its plots: a sans serif that the reader's system has.
FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif'
# Inches; small, because a page scales them to the width of a phone too.
_WIDTH = 5.4
_HEIGHT = 3.4
_CATEGORY_HEIGHT = 0.3
_RC = {
    "svg.fonttype": "none",
    # Ids in a picture are the same each time; those of other pictures are none of its business.
    "svg.hashsalt": "tgan",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "axes.edgecolor": "#767676",
    "axes.formatter.useoffset": False,
    "lines.markersize": 4.5,
    "lines.linewidth": 1.6,
}
# More lines than this cannot be told apart by names at their ends.
_MOST_ENDS = 6


@dataclass(frozen=True)
class Style:
    """A look in plots; a hollow one has dashed lines and markers that are not filled."""

    colour: str
    marker: str
    is_hollow: bool = False


def numbered_style(number: int, *, is_hollow: bool = False) -> Style:
    """One look of many; the first ones, as many as there are colours, differ in their colours."""
    row, column = divmod(number, len(COLOURS))
    return Style(COLOURS[column], MARKERS[row % len(MARKERS)], is_hollow)


def styles_of(names: Iterable[str], known: Mapping[str, Style]) -> dict[str, Style]:
    """A look for every name: its known one, or the next whose marker no known look has."""
    others = list(dict.fromkeys(name for name in names if name not in known))
    rows = 1 + max((MARKERS.index(style.marker) for style in known.values()), default=-1)
    first = rows * len(COLOURS)
    return {**known, **{name: numbered_style(first + n) for n, name in enumerate(others)}}


def draw(plot: Plot, *, styles: Mapping[str, Style]) -> str | None:
    """A plot as an SVG picture; None where it has no points.

    Args:
        styles: of every line, by name.
    """
    import matplotlib
    from matplotlib.figure import Figure

    if not any(np.isfinite(line.y).any() for line in plot.lines):
        return None
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        figure = Figure(figsize=_size(plot), layout="constrained")
        axes = figure.add_subplot()
        names = plot.x_label, plot.y_label
        below, above = reversed(names) if is_sideways(plot) else names
        axes.set_xlabel(below)
        # Above the axis a long name has room, and is read without turning one's head.
        axes.set_title(above, loc="left")
        KINDS[plot.kind](axes, plot, styles)
        set_scales(axes, plot)
        add_reference(axes, plot)
        if has_names_at_ends(plot):
            name_ends(axes, plot.lines, colours={n: s.colour for n, s in styles.items()})
        file = StringIO()
        figure.savefig(
            file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
        )
    # matplotlib knows no generic name for the font of the reader's system.
    return file.getvalue().replace(
        "</style>", f"text {{font-family: {FONTS} !important}}</style>", 1
    )


def has_names_at_ends(plot: Plot) -> bool:
    """Whether lines are named where they end, so that no legend is needed."""
    return plot.kind == "lines" and len(plot.lines) <= _MOST_ENDS


def needs_legend(plot: Plot) -> bool:
    """Whether names are to be listed beside the plot: it does not show them itself."""
    return not has_names_at_ends(plot) and any(line.name not in plot.ticks for line in plot.lines)


def describe(plot: Plot) -> str:
    """What a plot shows, for those who cannot see it."""
    parts = [f"{plot.y_label} against {plot.x_label}."]
    for line in plot.lines:
        points = [(x, y) for x, y in zip(line.x, line.y, strict=True) if math.isfinite(y)]
        ends = points if len(points) < 3 else [points[0], points[-1]]
        listed = ", ".join(f"{format_number(y, 3)} at {_place(plot, x)}" for x, y in ends)
        parts.append(f"{line.name}: {listed or 'no points'}.")
    if plot.reference:
        parts.append(f"{plot.reference[1]}: {format_number(plot.reference[0], 3)}.")
    return " ".join(parts)


def _size(plot: Plot) -> tuple[float, float]:
    return (_WIDTH, 0.8 + _CATEGORY_HEIGHT * len(plot.ticks) if is_sideways(plot) else _HEIGHT)


def _place(plot: Plot, x: float) -> str:
    if plot.ticks and float(x).is_integer() and 0 <= x < len(plot.ticks):
        return plot.ticks[int(x)]
    return format_number(x, 3)


def _draw_lines(axes: "Axes", plot: Plot, styles: Mapping[str, Style]) -> None:
    for line in plot.lines:
        x, y = finite(line.x), finite(line.y)
        axes.plot(x, y, markevery=max(len(x) // 8, 1), **_look(styles[line.name]))
        if line.low is not None and line.high is not None:
            band = finite(line.low), finite(line.high)
            axes.fill_between(x, *band, color=styles[line.name].colour, alpha=0.14, linewidth=0)


def _draw_points(axes: "Axes", plot: Plot, styles: Mapping[str, Style]) -> None:
    for line, shift in zip(plot.lines, _shifts(plot), strict=True):
        x, y = finite(line.x) + shift, finite(line.y)
        at = (y, x) if is_sideways(plot) else (x, y)
        axes.plot(*at, **_look(styles[line.name]) | {"linestyle": "none"})
        if line.low is not None and line.high is not None:
            span = axes.hlines if is_sideways(plot) else axes.vlines
            band = finite(line.low), finite(line.high)
            span(x, *band, color=styles[line.name].colour, linewidth=1.4)


KINDS = {"lines": _draw_lines, "points": _draw_points}


def _look(style: Style) -> dict:
    return {
        "color": style.colour,
        "marker": style.marker,
        "markerfacecolor": "white" if style.is_hollow else style.colour,
        "linestyle": (0, (4, 2)) if style.is_hollow else "-",
    }


def _shifts(plot: Plot) -> np.ndarray:
    """Steps aside for lines whose points would lie on each other at a category."""
    places = [x for line in plot.lines for x in set(line.x)]
    if not plot.ticks or len(places) == len(set(places)):
        return np.zeros(len(plot.lines))
    count = len(plot.lines)
    return (np.arange(count) - (count - 1) / 2) * min(0.7 / count, 0.18)
