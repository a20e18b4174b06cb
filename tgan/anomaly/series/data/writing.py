"""Files of series in CSV, as `read_series` reads them, and of intervals in JSON."""

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path

from tgan.anomaly.series.data.grid import plain
from tgan.anomaly.series.data.reading import END_OF_TIME
from tgan.anomaly.series.data.series import Series
from tgan.system.files import write_whole

_FORM = "[[start, end], ...] in epoch seconds"


def write_series(path: str | Path, series: Series) -> None:
    """Write a CSV, whole or not at all, from which `read_series` reads the very same numbers.

    The columns are `timestamp`, epoch seconds, and the channels. Missing values are empty cells.
    A file at `path` is replaced.

    Raises:
        ValueError: a channel whose name would be read differently, or a time after the year 9999.
    """
    if abs(series.timestamps).max() >= END_OF_TIME:
        raise ValueError("the series has times past the year 9999; they have to be in seconds")
    header = ["timestamp", *series.names]
    for name in series.names:
        if name != name.strip() or header.count(name) > 1:
            raise ValueError(
                f"channel '{name}' cannot be a column: names have no spaces around them, "
                "differ from each other, and from 'timestamp'"
            )

    def write(part: Path) -> None:
        with part.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(header)
            for time, values in zip(series.timestamps, series.values.tolist(), strict=True):
                rows.writerow([plain(time), *("" if math.isnan(v) else repr(v) for v in values)])

    write_whole(path, write)


def write_intervals(path: str | Path, intervals: Sequence[tuple[float, float]]) -> None:
    """Write closed intervals as JSON, [[start, end], ...], whole or not at all.

    A file at `path` is replaced.

    Args:
        intervals: epoch seconds.

    Raises:
        ValueError: an interval that `read_intervals` would refuse.
    """
    for number, (start, end) in enumerate(intervals, 1):
        _check(f"interval {number}", start, end)
    text = json.dumps([[plain(start), plain(end)] for start, end in intervals])
    write_whole(path, lambda part: part.write_text(text + "\n", encoding="utf-8"))


def read_intervals(path: str | Path) -> list[tuple[float, float]]:
    """Read closed intervals from JSON, [[start, end], ...] in epoch seconds, in order.

    Raises:
        ValueError: no such file, or one of another form.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"no file '{path}'")
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"'{path}' is not JSON: {error}") from error
    if not isinstance(found, list):
        raise ValueError(f"'{path}' is not a list of intervals, {_FORM}")
    return [_interval(path, number, pair) for number, pair in enumerate(found, 1)]


def _interval(path: Path, number: int, pair: object) -> tuple[float, float]:
    place = f"interval {number} of '{path}'"
    ends = pair if isinstance(pair, list) else []
    if len(ends) != 2 or not all(type(end) in (int, float) and math.isfinite(end) for end in ends):
        raise ValueError(f"{place} is {json.dumps(pair)}; the form is {_FORM}")
    _check(place, *ends)
    return plain(ends[0]), plain(ends[1])


def _check(place: str, start: float, end: float) -> None:
    if start > end:
        raise ValueError(f"{place}, [{start}, {end}], ends before it starts")
    if max(abs(start), abs(end)) >= END_OF_TIME:
        raise ValueError(
            f"{place}, [{start}, {end}], is past the year 9999; seconds are read, not milliseconds"
        )
