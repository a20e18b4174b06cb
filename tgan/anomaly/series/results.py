"""Results of series detection as files and as text."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.data.times import are_dates, written
from tgan.anomaly.series.scoring.reconstruction_errors import mean_squared_error
from tgan.anomaly.series.scoring.scores import Scores
from tgan.lookup import counted
from tgan.metrics.overlap import agreement
from tgan.system.files import write_whole

Interval = tuple[float, float]

# Most names of channels in a line, and most found intervals that are listed.
_MOST_NAMES, _MOST_FOUND = 6, 20
_COLUMNS = ("timestamp", "time", "critic", "score", "is_abnormal")


def describe(series: Series, segments: Series) -> str:
    """Describe samples, channels, times and segments, and how many of these are empty."""
    times = series.timestamps
    first, last = written(times[[0, -1]], dates=are_dates(times))
    count, shown = len(series.names), ", ".join(series.names[:_MOST_NAMES])
    more = ", ..." if count > _MOST_NAMES else ""
    empty = np.isnan(segments.values)
    lines = [
        f"{counted(len(series), 'sample')} of {counted(count, 'channel')} ({shown}{more}), "
        f"{first} to {last}",
        f"{counted(len(segments), 'segment')} of {counted(segments.median_step, 'second')}, "
        f"{empty.all(1).mean():.1%} empty",
    ]
    if not (empty.any(1) == empty.all(1)).all():
        worst = int(empty.mean(0).argmax())
        lines[1] += f" (most in {series.names[worst]}, {empty[:, worst].mean():.1%})"
    if repeated := int((np.diff(times) == 0).sum()):
        lines[0] += f"; {counted(repeated, 'repeated time')}, averaged"
    return "\n".join(lines)


def relative_error(scores: Scores, scaler: Scaler) -> float:
    """Divide the mean squared error of a reconstruction by the variance of the series.

    Both are means over the segments that have values, and over scaled channels.
    """
    values = scores.series.values
    reconstruction = scaler.transform(scores.reconstruction)
    means = scaler.transform(np.nanmean(values, axis=0, keepdims=True))
    error = mean_squared_error(values, reconstruction, scaler)
    # NaN, without an error, where the square of the range is 0 in float64.
    return float(np.divide(error, mean_squared_error(values, means, scaler)))


def write_scores(path: Path, scores: Scores, found: Sequence[Interval]) -> None:
    """Write a CSV: times, values, reconstructions, critic values, scores, and what was found.

    There is a line for each segment. Empty segments have empty cells. There is a column `time` if
    times are dates. A channel that is called like another column gets an underscore after its name.

    Args:
        scores: of a detector.
        found: closed intervals, in epoch seconds.
    """
    series = scores.series
    times, dated = series.timestamps, are_dates(series.timestamps)
    names = _unique([*series.names, *(f"{name}_reconstruction" for name in series.names)])
    head = ["timestamp", *(["time"] if dated else []), *names, "critic", "score", "is_abnormal"]
    columns = [times.tolist(), *([written(times, dates=True)] if dated else [])]
    for column in series.values.T:
        columns.append(["" if np.isnan(value) else f"{value:.10g}" for value in column])
    for column in (*scores.reconstruction.T, scores.critic, scores.scores):
        columns.append([f"{value:.7g}" for value in column])
    columns.append(_is_inside(times, found).astype(int).tolist())

    def write(part: Path) -> None:
        with part.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(head)
            lines.writerows(zip(*columns, strict=True))

    write_whole(path, write)


def describe_found(scores: Scores, found: Sequence[Interval]) -> str:
    """List found intervals with their highest scores and shares of empty segments."""
    times, dated = scores.series.timestamps, are_dates(scores.series.timestamps)
    is_empty = np.isnan(scores.series.values).all(1)
    lines = [f"{counted(len(found), 'interval')} found"]
    for interval in found[:_MOST_FOUND]:
        inside = _is_inside(times, [interval])
        start, end = written(np.array(interval), dates=dated)
        line = f"  {start} to {end}  highest score {scores.scores[inside].max():.3f}"
        # Perhaps the gap itself was found: the mean that fills it differs from its surroundings.
        empty = is_empty[inside].mean()
        lines.append(line + (f", {empty:.0%} empty" if empty else ""))
    if len(found) > _MOST_FOUND:
        lines.append(f"  and {len(found) - _MOST_FOUND} more")
    return "\n".join(lines)


def describe_agreement(
    scores: Scores, found: Sequence[Interval], labels: Sequence[Interval]
) -> str:
    """Compare found intervals with labels, in one line."""
    whole = agreement(labels, found, scores.series.timestamps)
    counts = whole.intervals
    if not labels:
        return f"against 0 known: {counts.fp} found falsely; coverage {whole.coverage:.3f}"
    return (
        f"against {len(labels)} known: F1 {counts.f1:.3f}, precision {counts.precision:.3f}, "
        f"recall {counts.recall:.3f}; of segments: F1 {whole.samples.f1:.3f}, "
        f"coverage {whole.coverage:.3f}"
    )


def _is_inside(times: np.ndarray, intervals: Sequence[Interval]) -> np.ndarray:
    inside = np.zeros(len(times), bool)
    for start, end in intervals:
        inside |= (times >= start) & (times <= end)
    return inside


def _unique(names: Sequence[str]) -> list[str]:
    """Extend names so that they differ from each other and from the other columns."""
    taken = list(_COLUMNS)
    for name in names:
        while name in taken:
            name += "_"
        taken.append(name)
    return taken[len(_COLUMNS) :]
