"""What `tgan detect series` reads, writes and prints."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tgan.anomaly.series.data.reading import read_series
from tgan.anomaly.series.data.series import Scaler, Series, check_known
from tgan.anomaly.series.data.times import are_dates, written
from tgan.anomaly.series.scoring.fidelity import known_error
from tgan.lookup import counted
from tgan.metrics.overlap import agreement
from tgan.system.files import write_whole

if TYPE_CHECKING:
    from tgan.anomaly.series.detector import Scored

Interval = tuple[int, int]

# What is printed in one line, and in lines of their own.
_MOST_NAMES, _MOST_FOUND = 6, 20
_COLUMNS = ("timestamp", "time", "critic", "score", "is_abnormal")


def read_for(
    names: Sequence[str], path: Path, *, timestamp: str | None, values: Sequence[str] | None
) -> Series:
    """The series in a CSV as one of the channels that a detector was fitted on.

    Args:
        names: of these channels.
        values: the columns; by default those called like the channels, otherwise so many in the
            order of the channels.

    Raises:
        ValueError: another number of columns than of channels, a column that is called like a
            channel in another one's place, or as of `read_series`.
    """
    if values is None or set(values) == set(names):
        values = names
    if len(values) != len(names):
        raise ValueError(
            f"{len(values)} columns of values ({', '.join(values)}); "
            f"the detector was fitted on {len(names)} ({', '.join(names)})"
        )
    for column, name in zip(values, names, strict=True):
        if column in names and column != name:
            raise ValueError(
                f"column '{column}' would be channel '{name}' of the detector, which has a "
                f"channel '{column}' too; name columns in the order {', '.join(names)}"
            )
    return replace(read_series(path, timestamp=timestamp, values=values), names=tuple(names))


def segments_of(series: Series, interval: int) -> Series:
    """The segments of a series in which every channel has values.

    Raises:
        ValueError: a channel without values, one time only, or an interval much too short or long.
    """
    check_known(series)
    span = int(series.timestamps[-1] - series.timestamps[0])
    if not span:
        raise ValueError(f"the series has samples at one time only ({series.timestamps[0]})")
    if interval > span:
        raise ValueError(
            f"an interval of {interval} seconds is longer than the series; "
            f"its first and its last sample are {span} apart"
        )
    return series.aggregate(interval)


def describe(series: Series, segments: Series) -> str:
    """Samples, channels, times, and segments with how many of them are empty."""
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


def relative_error(scored: "Scored", scaler: Scaler) -> float:
    """The mean squared error of a reconstruction over the variance of the series.

    Both are means over the segments that have values, and over channels that are scaled.
    """
    values = scored.series.values
    made = scaler.transform(scored.reconstruction)
    means = scaler.transform(np.nanmean(values, axis=0, keepdims=True))
    error, variance = known_error(values, made, scaler), known_error(values, means, scaler)
    # Of a range whose square is 0 in float64 it is not a number; that stops nothing.
    return float(np.divide(error, variance))


def write_scores(path: Path, scored: "Scored", found: Sequence[Interval]) -> None:
    """Write a line per segment: its time, values, their reconstructions, and what was made of them.

    Empty segments have empty cells. `time` is there if times are dates. A channel that is called
    like another column gets an underscore after its name.
    """
    series = scored.series
    times, dated = series.timestamps, are_dates(series.timestamps)
    made = [f"{name}_reconstruction" for name in series.names]
    names = _unique([*series.names, *made])
    head = ["timestamp", *(["time"] if dated else []), *names, "critic", "score", "is_abnormal"]
    columns = [times.tolist(), *([written(times, dates=True)] if dated else [])]
    for column in series.values.T:
        columns.append(["" if np.isnan(value) else f"{value:.10g}" for value in column])
    for column in (*scored.reconstruction.T, scored.critic, scored.scores):
        columns.append([f"{value:.7g}" for value in column])
    columns.append(_is_inside(times, found).astype(int).tolist())

    def write(part: Path) -> None:
        with part.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(head)
            lines.writerows(zip(*columns, strict=True))

    write_whole(path, write)


def describe_found(scored: "Scored", found: Sequence[Interval]) -> str:
    """Found intervals with their highest scores, and how many of their segments are empty."""
    times, dated = scored.series.timestamps, are_dates(scored.series.timestamps)
    is_empty = np.isnan(scored.series.values).all(1)
    lines = [f"{counted(len(found), 'interval')} found"]
    for interval in found[:_MOST_FOUND]:
        inside = _is_inside(times, [interval])
        start, end = written(np.array(interval), dates=dated)
        line = f"  {start} to {end}  highest score {scored.scores[inside].max():.3f}"
        # Perhaps it is the gap that was found: what fills it differs from its surroundings.
        empty = is_empty[inside].mean()
        lines.append(line + (f", {empty:.0%} empty" if empty else ""))
    if len(found) > _MOST_FOUND:
        lines.append(f"  and {len(found) - _MOST_FOUND} more")
    return "\n".join(lines)


def describe_agreement(
    scored: "Scored", found: Sequence[Interval], known: Sequence[Interval]
) -> str:
    """How well found and known intervals agree, in one line."""
    whole = agreement(known, found, scored.series.timestamps)
    counts = whole.intervals
    if not known:
        return f"against 0 known: {counts.fp} found falsely; coverage {whole.coverage:.3f}"
    return (
        f"against {len(known)} known: F1 {counts.f1:.3f}, precision {counts.precision:.3f}, "
        f"recall {counts.recall:.3f}; of segments: F1 {whole.samples.f1:.3f}, "
        f"coverage {whole.coverage:.3f}"
    )


def _is_inside(times: np.ndarray, intervals: Sequence[Interval]) -> np.ndarray:
    inside = np.zeros(len(times), bool)
    for start, end in intervals:
        inside |= (times >= start) & (times <= end)
    return inside


def _unique(names: Sequence[str]) -> list[str]:
    """Names that differ from each other and from those of the other columns."""
    taken = list(_COLUMNS)
    for name in names:
        while name in taken:
            name += "_"
        taken.append(name)
    return taken[len(_COLUMNS) :]
