"""Plots of scored series: signal and reconstruction, scores, found intervals and labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tgan.anomaly.series.data.times import are_dates
from tgan.system.extras import require
from tgan.system.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tgan.anomaly.series.scoring.scores import Scores

Interval = tuple[float, float]

# Most channels that get a panel: those whose reconstruction is furthest off.
MOST_CHANNELS = 8
# Signal and reconstruction differ in lightness, found intervals and labels in hue and place, so
# that all can be distinguished with any colour vision.
_SIGNAL, _RECONSTRUCTION, _FOUND, _LABEL = "#30343b", "#1b87e6", "#f2a000", "#8e24aa"
# Both lines show where they cover each other in a long series.
_ALPHAS = {_RECONSTRUCTION: 0.8}
_LARGE = 1e4, 1e30
_LEVEL, _NOTE = "#c62828", "#666666"
_RC = {
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#767676",
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ececec",
    "grid.linewidth": 0.8,
    "xtick.color": "#454545",
    "ytick.color": "#454545",
    "agg.path.chunksize": 10000,
}
# Texts of ticks at years, months, days, hours, minutes, seconds; of those that begin a greater
# unit; and what stands below the last tick.
_DATES = {
    "formats": ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"],
    "zero_formats": ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"],
    "offset_formats": ["", "%Y", "%Y", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d %H:%M"],
}
_WIDTH, _DPI = 11.0, 120  # inches, and dots in one
# Spans of a long line, of each of which only the extremes are drawn.
_SPANS = 1500
# The share of a panel's height that a row of bars has for itself, at the top.
_BAND = 0.05
_LEGEND = {_FOUND: "found interval", _LABEL: "known interval"}
# Letters of a title, which shares its line with the legend.
_MOST_TITLE = 55


def check_installed() -> None:
    """Raise a ValueError that says what to install unless plots can be drawn."""
    require("matplotlib", extra="series", purpose="plots of series")


def write_plot(
    path: str | Path,
    scores: "Scores",
    *,
    found: Sequence[Interval],
    labels: Sequence[Interval] | None = None,
    level: float | None = None,
    title: str = "",
) -> None:
    """Draw a PNG, which replaces a file at `path`.

    There is a panel for each channel, and one for the score below. Gaps in the series are gaps in
    its line.

    Args:
        scores: of a detector.
        found, labels: closed intervals, in epoch seconds.
        level: the score above which a segment is abnormal, if all have the same.
        title: of the picture.

    Raises:
        ValueError: matplotlib is not installed.
    """
    check_installed()
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        figure = _figure(scores, found, labels, level, title)
        canvas = FigureCanvasAgg(figure)
        write_whole(path, lambda part: canvas.print_png(part, metadata={"Software": None}))


def _figure(
    scores: "Scores",
    found: Sequence[Interval],
    labels: Sequence[Interval] | None,
    level: float | None,
    title: str,
) -> "Figure":
    from matplotlib.figure import Figure

    series, shown = scores.series, _channels(scores)
    height = {1: 2.6, 2: 2.0, 3: 1.7}.get(len(shown), 1.3)
    figure = Figure((_WIDTH, 1.2 + 1.7 + height * len(shown)), dpi=_DPI, layout="constrained")
    ratios = [height] * len(shown) + [1.5]
    panels = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios, squeeze=False)[:, 0]
    x = _Places(series.timestamps)
    for axes, channel in zip(panels, shown, strict=False):
        axes.set_title(series.names[channel], loc="left", parse_math=False)
        _draw(axes, x.of(series.timestamps), series.values[:, channel], _SIGNAL, 0.9, "signal")
        line = scores.reconstruction[:, channel]
        _draw(axes, x.of(series.timestamps), line, _RECONSTRUCTION, 1.1, "reconstruction")
    panels[-1].set_title("score", loc="left")
    _draw(panels[-1], x.of(series.timestamps), scores.scores, _SIGNAL, 0.9, None)
    if level is not None:
        panels[-1].axhline(level, color=_LEVEL, linewidth=1.2, linestyle="--", label="level")
    for axes in panels:
        _mark(axes, x, found, labels)
    x.format(panels[-1])
    if len(shown) < len(series.names):
        note = f"{len(shown)} of {len(series.names)} channels, those with the largest errors"
        panels[0].set_title(note, loc="right", color=_NOTE)
    if not found:
        panels[-1].set_title("no interval found", loc="right", color=_NOTE)
    _name(figure, panels, title)
    return figure


def _channels(scores: "Scores") -> list[int]:
    """Choose the channels that are drawn, in order."""
    values, reconstruction = scores.series.values, scores.reconstruction
    count = values.shape[1]
    if count <= MOST_CHANNELS:
        return list(range(count))
    present = ~np.isnan(values)
    lows = np.min(values, 0, initial=np.inf, where=present)
    highs = np.max(values, 0, initial=-np.inf, where=present)
    sums = np.sum(np.square(values - reconstruction), 0, where=present)
    errors = np.sqrt(sums / np.maximum(present.sum(0), 1))
    relative = np.divide(errors, highs - lows, out=np.zeros(count), where=highs > lows)
    return sorted(np.argsort(-relative, kind="stable")[:MOST_CHANNELS].tolist())


class _Places:
    """Places of times on the axis, as dates or as plain numbers."""

    def __init__(self, timestamps: np.ndarray) -> None:
        self.dated = are_dates(timestamps)
        self.first, self.last = self.of(timestamps[[0, -1]])

    def of(self, times: np.ndarray) -> np.ndarray:
        """Convert to days since the epoch, as matplotlib counts them, or leave plain numbers."""
        return np.asarray(times) / 86400 if self.dated else np.asarray(times, np.float64)

    def format(self, axes: "Axes") -> None:
        """Set ticks, their texts, and limits."""
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        margin = 0.01 * (self.last - self.first)
        axes.set_xlim(self.first - margin, self.last + margin)
        if self.dated:
            locator = AutoDateLocator(tz="UTC")
            axes.xaxis.set_major_locator(locator)
            formatter = ConciseDateFormatter(locator, tz="UTC", **_DATES)
            axes.xaxis.set_major_formatter(formatter)
        axes.set_xlabel("time, UTC" if self.dated else "timestamp")


def _draw(
    axes: "Axes", x: np.ndarray, y: np.ndarray, colour: str, width: float, label: str | None
) -> None:
    """Draw a line through values that are not missing, and dots for those between two gaps."""
    from matplotlib.ticker import EngFormatter

    x, y = _thinned(x, y)
    axes.plot(x, y, color=colour, linewidth=width, label=label, alpha=_ALPHAS.get(colour))
    padded = np.isnan(np.pad(y, 1, constant_values=np.nan))
    alone = ~padded[1:-1] & padded[:-2] & padded[2:]
    if alone.any():
        axes.plot(x[alone], y[alone], ".", color=colour, markersize=2.2)
    # 20k takes less room than 20000, or than a power of ten above the axis.
    if _LARGE[0] <= np.max(np.abs(y), initial=0, where=~np.isnan(y)) < _LARGE[1]:
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep the lowest and the highest point, in order, of each of `_SPANS` spans; or all if few."""
    if len(x) <= 4 * _SPANS:
        return x, y
    size = -(-len(x) // _SPANS)
    places = np.arange(size * -(-len(x) // size)).reshape(-1, size)
    padded = np.full(places.size, np.nan)
    padded[: len(y)] = y
    rows = padded.reshape(places.shape)
    low = np.where(np.isnan(rows), np.inf, rows).argmin(1)
    high = np.where(np.isnan(rows), -np.inf, rows).argmax(1)
    ends = places[:, 0] + np.sort([low, high], axis=0)
    kept = np.minimum(ends.T.reshape(-1), len(x) - 1)
    return x[kept], y[kept]


def _mark(
    axes: "Axes", x: _Places, found: Sequence[Interval], labels: Sequence[Interval] | None
) -> None:
    """Draw bars of labels and found intervals above the lines, and shade the found ones."""
    rows = {_FOUND: found} if labels is None else {_LABEL: labels, _FOUND: found}
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + (high - low) * (len(rows) * _BAND + 0.02))
    for row, (colour, intervals) in enumerate(rows.items()):
        top = 1 - row * _BAND
        label = _LEGEND[colour]
        for start, end in x.of(np.reshape(intervals, (-1, 2))):
            # The edge keeps a short interval of a long series visible.
            axes.axvspan(start, end, top - 0.8 * _BAND, top, fc=colour, ec=colour, label=label)
            if colour == _FOUND:
                axes.axvspan(start, end, 0, top, fc=colour, ec="none", alpha=0.22, zorder=0.5)


def _name(figure: "Figure", panels: Sequence["Axes"], title: str) -> None:
    """Set title and legend above the panels, level with each other."""
    handles = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    place = {"loc": "outside upper right", "frameon": False, "borderaxespad": 0.2}
    legend = figure.legend(handles.values(), handles.keys(), ncols=len(handles), **place)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # The layout stays as it is.
    box = legend.get_window_extent().transformed(figure.transFigure.inverted())
    left = panels[0].get_position().x0
    title = (
        title if len(title) <= _MOST_TITLE else f"{title[: _MOST_TITLE - 1]}\N{HORIZONTAL ELLIPSIS}"
    )
    look = {"fontsize": 10, "fontweight": "bold", "va": "center", "parse_math": False}
    figure.text(left, (box.y0 + box.y1) / 2, title, **look)
