"""Plots of the report: SVG that is inlined in a page, with one look per arm in all of them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from tgan.benchmarks.clipping.strategies import ARMS, Arm
from tgan.benchmarks.engine.part import Plot
from tgan.benchmarks.page.axes import add_reference, finite, is_sideways, name_ends, set_scales
from tgan.benchmarks.page.svg import inlined
from tgan.benchmarks.page.tables import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# On white each has a contrast of 3 or more, and any two differ by 20 or more (CIE 1976) also for
# the three kinds of colour blindness as Machado et al. 2009 simulate them.
COLOURS = ["#4d4d4d", "#f04a00", "#0a28e0", "#0099cc", "#9e4cea", "#661a00", "#c4806a", "#4d0066"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "h"]
# Inches; small, because a page scales them to the width of a phone too.
_WIDTH = 5.4
_HEIGHT = 3.4
_CATEGORY_HEIGHT = 0.3
_RC = {
    "svg.fonttype": "none",
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
    """How an arm looks in every plot; arms with batch norm are dashed with hollow markers."""

    colour: str
    marker: str
    is_hollow: bool = False


def styles_of(names: Iterable[str]) -> dict[str, Style]:
    """A look for every name: an arm's own, or for other names the next that is free."""
    families: dict[tuple, int] = {}
    known = {}
    for key, arm in ARMS.items():
        style = _style(families.setdefault(_family(arm), len(families)), arm.batch_norm)
        known |= {key: style, arm.title: style}
    # The first looks are the arms', whichever of them take part.
    others = list(dict.fromkeys(name for name in names if name not in known))
    start = math.ceil(len(families) / len(COLOURS)) * len(COLOURS)
    return known | {name: _style(start + place) for place, name in enumerate(others)}


def draw(plot: Plot, *, styles: Mapping[str, Style], prefix: str) -> str | None:
    """A plot as an SVG element to be put into a page; None where it has no points.

    Args:
        styles: of every line, by name.
        prefix: of all ids, unique in the page.
    """
    import matplotlib
    from matplotlib.figure import Figure

    if not any(np.isfinite(line.y).any() for line in plot.lines):
        return None
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC | {"svg.hashsalt": prefix})
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
        file = BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return inlined(file.getvalue(), prefix=prefix, title=plot.title, description=describe(plot))


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
        told = ", ".join(f"{format_number(y, 3)} at {_place(plot, x)}" for x, y in ends)
        parts.append(f"{line.name}: {told or 'no points'}.")
    if plot.reference:
        parts.append(f"{plot.reference[1]}: {format_number(plot.reference[0], 3)}.")
    return " ".join(parts)


def _size(plot: Plot) -> tuple[float, float]:
    return (_WIDTH, 0.8 + _CATEGORY_HEIGHT * len(plot.ticks) if is_sideways(plot) else _HEIGHT)


def _place(plot: Plot, x: float) -> str:
    if plot.ticks and float(x).is_integer() and 0 <= x < len(plot.ticks):
        return plot.ticks[int(x)]
    return format_number(x, 3)


def _family(arm: Arm) -> tuple:
    return (*sorted(arm.constraint.items()), arm.objective)


def _style(place: int, is_hollow: bool = False) -> Style:
    row, column = divmod(place, len(COLOURS))
    return Style(COLOURS[column], MARKERS[row % len(MARKERS)], is_hollow)


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
