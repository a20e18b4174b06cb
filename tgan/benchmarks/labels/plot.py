"""Plot of the benchmark of few labels: errors of each method against the number of labels."""

import math
from collections.abc import Sequence
from pathlib import Path

from tgan.benchmarks.labels.tables import Row, mean_and_error
from tgan.benchmarks.page.plots import COLOURS, MARKERS

PLOT = "errors.png"
_TICKS = (1, 2, 5, 10, 20, 50, 100)


def write_plot(rows: Sequence[Row], path: Path) -> None:
    """Draw a line for each method, with standard errors over draws, on logarithmic axes.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.4, 3.4), layout="constrained")
    axes = figure.subplots()
    counts = sorted({row.run.labels for row in rows})
    for number, method in enumerate(dict.fromkeys(row.run.method for row in rows)):
        own = [row for row in rows if row.run.method == method]
        known = [count for count in counts if any(row.run.labels == count for row in own)]
        found = [mean_and_error([r for r in own if r.run.labels == count]) for count in known]
        axes.errorbar(
            known,
            [middle for middle, _ in found],
            # Of a single draw nothing is known.
            yerr=[0.0 if math.isnan(spread) else spread for _, spread in found],
            label=method,
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
            capsize=3,
        )
    axes.set(xscale="log", yscale="log", xlabel="labels", ylabel="errors of 100 pictures")
    axes.set_xticks(counts, map(str, counts))
    limits = axes.get_ylim()
    axes.set_yticks(_TICKS, map(str, _TICKS))
    # Ticks beyond what is shown would widen it.
    axes.set_ylim(limits)
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize="small")
    figure.savefig(path, dpi=150)
