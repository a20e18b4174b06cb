"""Time series from CSV files, and from arrays."""

import csv
import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tgan.anomaly.series.data.series import Series
from tgan.lookup import did_you_mean

# Cells that spreadsheets and data frames write for a missing value.
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
END_OF_TIME = 253402300800  # The year 10000: greater numbers count milliseconds.


def read_series(
    path: str | Path, *, timestamp: str | None = None, values: Sequence[str] | None = None
) -> Series:
    """Read a series from a CSV with a header.

    Rows are sorted by time, with a warning if that changes their order. Rows with the same time
    are kept: `Series.aggregate` averages them. Fractions of a second are dropped, with a warning.

    Args:
        timestamp: the column of times, `timestamp` or else the first by default: whole epoch
            seconds, or dates in ISO 8601, which are UTC unless they name a zone.
        values: the columns of values, by default all others that have a name. Empty cells are
            missing values.

    Raises:
        ValueError: no such file, column or row, or a cell that cannot be read, with its line.

    Example:
        >>> series = read_series("sensors.csv", timestamp="time", values=["load", "heat"])
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"'{path}' is a folder; name a CSV")
    if not path.is_file():
        raise ValueError(f"no file '{path}'")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            header = [name.strip() for name in next(rows, [])]
            times, channels, columns = _places(path, header, timestamp, values)
            cells = [_row(path, rows.line_num, row, header) for row in rows if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"'{path}' is not a CSV: {error}") from error
    if not cells:
        raise ValueError(f"'{path}' has no rows")
    stamps = _read_times(path, [(line, row[times]) for line, row in cells])
    table = np.array(
        [[_value(path, line, header[c], row[c]) for c in channels] for line, row in cells]
    )
    if (np.diff(stamps) < 0).any():
        warnings.warn(f"the rows of '{path}' are not in order of time; sorted", stacklevel=2)
        order = np.argsort(stamps, kind="stable")
        stamps, table = stamps[order], table[order]
    return Series(stamps, table, columns)


def read_channels(
    names: Sequence[str],
    path: str | Path,
    *,
    timestamp: str | None = None,
    values: Sequence[str] | None = None,
) -> Series:
    """Read a series from a CSV as one of the channels of a fitted detector.

    Args:
        names: of these channels.
        timestamp: the column of times, as for `read_series`.
        values: the columns of values. By default those called like the channels; others take the
            channels' names in their order.

    Raises:
        ValueError: another number of columns than of channels, a column that is called like a
            channel in another one's place; as `read_series`.
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


def as_series(samples: Any, *, start: int = 0) -> Series:
    """Take a series, the path of a CSV, or an array as a series.

    Args:
        samples: a `Series`; the path of a CSV, see `read_series`; or numbers (N,) or (N, C) of
            any library that NumPy can read, at the times `start`, `start` + 1, ... with channels
            `channel0`, `channel1`, ... NaN is a missing value.
        start: time of the first row of an array.

    Raises:
        ValueError: a file that cannot be read; an array of other dimensions, of something else
            than real numbers, without samples, or with infinite values.

    Example:
        >>> as_series(np.random.rand(100, 2)).names
        ('channel0', 'channel1')
    """
    if isinstance(samples, Series):
        return samples
    if isinstance(samples, str | Path):
        return read_series(samples)
    values = _array(samples)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise ValueError(f"samples of shape {values.shape}; (N,) or (N, channels) are needed")
    names = tuple(f"channel{number}" for number in range(values.shape[1]))
    return Series(np.arange(start, start + len(values), dtype=np.int64), values, names)


def _array(samples: Any) -> np.ndarray:
    """Convert real numbers of any library to float64."""
    try:
        values = np.asarray(samples)
    except (TypeError, ValueError, RuntimeError) as error:
        kind = type(samples).__name__
        raise ValueError(f"samples are a {kind} that is no array: {error}") from None
    if values.dtype.kind not in "biuf":
        raise ValueError(f"samples of type {values.dtype}; real numbers are needed")
    return values.astype(np.float64, copy=False)


def _places(
    path: Path, header: list[str], timestamp: str | None, values: Sequence[str] | None
) -> tuple[int, list[int], tuple[str, ...]]:
    """Find the places of the column of times and of those of values, and the names of these."""
    if not any(header):
        raise ValueError(f"'{path}' has no header")
    if all(_is_number(name) or _is_date(name) for name in header):
        raise ValueError(f"line 1 of '{path}' looks like samples; names of columns are needed")
    if timestamp is None:
        timestamp = "timestamp" if "timestamp" in header else header[0]
    if values is None:
        values = [name for name in header if name and name != timestamp]
        if "" in header and timestamp:
            warnings.warn(f"a column of '{path}' has no name and is left out", stacklevel=4)
    if not values:
        other = next((mark for mark in ";\t|" if mark in timestamp), None)
        hint = f"; {other!r} seems to separate them, and ',' has to" if other else ""
        raise ValueError(f"'{path}' has no column of values beside '{timestamp}'{hint}")
    for name in (timestamp, *values):
        if name not in header:
            raise ValueError(
                f"'{path}' has no column '{name}'{did_you_mean(name, header)}; "
                f"choose from {', '.join(header)}"
            )
        if header.count(name) > 1:
            raise ValueError(f"'{path}' has {header.count(name)} columns '{name}'")
    named = [timestamp, *values]
    for name in named:
        if named.count(name) > 1:
            raise ValueError(f"column '{name}' is named twice, as a time or as a value")
    return header.index(timestamp), [header.index(name) for name in values], tuple(values)


def _row(path: Path, line: int, row: list[str], header: list[str]) -> tuple[int, list[str]]:
    if len(row) != len(header):
        raise ValueError(
            f"line {line} of '{path}' has {len(row)} cells; the header has {len(header)}"
        )
    return line, row


def _read_times(path: Path, cells: list[tuple[int, str]]) -> np.ndarray:
    """Read epoch seconds (N,); the first cell decides whether all are numbers or dates."""
    read, kind = (_number, "number") if _is_number(cells[0][1]) else (_date, "date")
    stamps, num_finer = np.empty(len(cells), np.int64), 0
    for place, (line, cell) in enumerate(cells):
        try:
            stamps[place], is_finer = read(cell.strip())
        except (ValueError, OverflowError) as error:
            first = f", and '{cells[0][1]}' in the first row is a {kind}" if place else ""
            raise ValueError(
                f"line {line} of '{path}': '{cell}' is not a time; whole epoch seconds "
                f"(1396310400) or dates in ISO 8601 (2014-04-01 00:00:00) are{first}"
            ) from error
        num_finer += is_finer
    if num_finer:
        warnings.warn(
            f"{num_finer} of {len(cells)} times of '{path}' have fractions of a second, which are "
            "dropped: samples of one second are averaged",
            stacklevel=3,
        )
    if abs(stamps).max() >= END_OF_TIME:
        raise ValueError(
            f"'{path}' has the time {abs(stamps).max()}, past the year 9999; "
            "seconds are read, not milliseconds"
        )
    return stamps


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _is_date(cell: str) -> bool:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _number(cell: str) -> tuple[int, bool]:
    """Read whole seconds from a number; also return whether it has a fraction."""
    try:
        return int(cell), False
    except ValueError:
        return math.floor(float(cell)), not float(cell).is_integer()


def _date(cell: str) -> tuple[int, bool]:
    """Read whole seconds from a date; also return whether it has a fraction."""
    when = datetime.fromisoformat(cell)
    seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return math.floor(seconds), when.microsecond > 0


def _value(path: Path, line: int, column: str, cell: str) -> float:
    if cell.strip().lower() in _MISSING:
        return math.nan
    try:
        value = float(cell)
    except ValueError as error:
        raise ValueError(
            f"line {line} of '{path}', column '{column}': '{cell}' is not a number; "
            "name the columns of values, or leave it empty"
        ) from error
    if math.isinf(value):
        raise ValueError(f"line {line} of '{path}', column '{column}': '{cell}' is not finite")
    return value
