"""Tables of the benchmark of few labels, in Markdown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from tgan.benchmarks.labels.part import Run

_LEGEND = (
    "Errors of 100 held-out pictures: the mean over draws of labels, and its standard error. Last, "
    "the seconds of a run."
)


@dataclass(frozen=True)
class Row:
    """A result with where it comes from.

    Attributes:
        run: the run.
        wrong, of: how many pictures it takes for another class, and of how many.
        seconds: of training and guessing.
    """

    run: Run
    wrong: int
    of: int
    seconds: float


def report(rows: Sequence[Row], heading: Sequence[str]) -> str:
    """The table of some results, below lines of a heading."""
    counts = sorted({row.run.labels for row in rows})
    lines = [["labels", *map(str, counts), "seconds"]]
    for method in dict.fromkeys(row.run.method for row in rows):
        own = [row for row in rows if row.run.method == method]
        cells = [_cell([row for row in own if row.run.labels == count]) for count in counts]
        lines.append([method, *cells, f"{mean(row.seconds for row in own):.0f}"])
    head, *body = (f"| {' | '.join(line)} |" for line in lines)
    table = "\n".join([head, "|---" * (len(counts) + 2) + "|", *body])
    return "\n\n".join(["# Few labels", *heading, _LEGEND, table]) + "\n"


def mean_and_error(rows: Sequence[Row]) -> tuple[float, float]:
    """The mean of errors in percent, and its standard error; NaN of a single draw."""
    errors = [100 * row.wrong / row.of for row in rows]
    spread = stdev(errors) / math.sqrt(len(errors)) if len(errors) > 1 else math.nan
    return mean(errors), spread


def _cell(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    middle, spread = mean_and_error(rows)
    return f"{middle:.1f}" if math.isnan(spread) else f"{middle:.1f} ± {spread:.1f}"
