"""Curves of training: losses, the critic gap, distances and slopes over steps."""

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tgan.lookup import look_up
from tgan.system.extras import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Panels and the metrics that each shows, by what their names begin with.
PANELS = {
    "losses": (
        "critic_loss",
        "generator_loss",
        "penalty",
        "l1",
        "feature_matching",
        "cross_entropy",
    ),
    "critic gap": ("critic_gap",),
    "distance": ("frechet_", "kid_"),
    "slope of the critic": ("lipschitz/",),
    "fitness": ("fitness/",),
    "share of survivors": ("survived/",),
}
# Shares are means over this part of what was measured.
_WINDOW = 1 / 20
# Endings of pictures that matplotlib writes with no further package.
ENDINGS = (".png", ".svg", ".pdf")


def check_format(path: str | Path) -> None:
    """Raise a ValueError unless a plot can be written to `path`, by its ending."""
    look_up(dict.fromkeys(ENDINGS), Path(path).suffix.lower(), kind="ending")


def plot_metrics(metrics: Mapping[str, np.ndarray], *, title: str = "") -> "Figure":
    """A figure with a panel for each group of metrics that was measured, over steps.

    Args:
        metrics: `step` and metrics, arrays of the same length, NaN where one was not measured, as
            `tgan.runs.trained.TrainedRun.metrics` has them.

    Raises:
        ValueError: matplotlib is not installed, or no known metric is there.
    """
    require("matplotlib", extra="report", purpose="plots")
    from matplotlib.figure import Figure

    class Curves(Figure):
        """A figure that a notebook shows by itself, whatever plots it has set up."""

        def _repr_png_(self) -> bytes:
            picture = BytesIO()
            self.savefig(picture, format="png", dpi=80)
            return picture.getvalue()

    shown = {
        panel: [name for name in metrics if name.startswith(begins)]
        for panel, begins in PANELS.items()
    }
    shown = {panel: names for panel, names in shown.items() if names}
    if not shown:
        raise ValueError("nothing to plot: no losses and no distances were logged")
    figure = Curves(figsize=(7, 2.2 * len(shown) + 0.6), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (panel, names) in zip(axes, shown.items(), strict=True):
        _DRAWN.get(panel, _draw_lines)(axis, metrics, names)
        axis.set_ylabel(panel)
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small", frameon=panel in _DRAWN)
    axes[-1].set_xlabel("step")
    return figure


def running_share(values: np.ndarray) -> np.ndarray:
    """Means of values (N,) over a window of a twentieth of them, which is cut at both ends."""
    width = max(round(_WINDOW * len(values)), 1)
    window = np.ones(width)
    counts = np.convolve(np.ones(len(values)), window, mode="same")
    return np.convolve(values, window, mode="same") / counts


def _draw_lines(axis: "Axes", metrics: Mapping[str, np.ndarray], names: list[str]) -> None:
    for name in names:
        measured = np.isfinite(metrics[name])
        few = measured.sum() < 25
        axis.plot(
            metrics["step"][measured],
            metrics[name][measured],
            label=name,
            linewidth=1,
            marker="o" if few else None,
            markersize=3,
        )


def _draw_shares(axis: "Axes", metrics: Mapping[str, np.ndarray], names: list[str]) -> None:
    """Draw shares that add up to 1 on top of each other, each a running mean."""
    measured = np.isfinite(metrics[names[0]])
    shares = [running_share(metrics[name][measured]) for name in names]
    axis.stackplot(metrics["step"][measured], *shares, labels=names)
    axis.set_ylim(0, 1)


# How panels are drawn that have no lines.
_DRAWN: dict[str, Callable[["Axes", Mapping[str, np.ndarray], list[str]], None]] = {
    "share of survivors": _draw_shares,
}
