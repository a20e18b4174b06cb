"""Series out of CSV files."""

import csv
import math
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tgan.lookup import did_you_mean
from tgan.tadgan.series import Series

# What spreadsheets and data frames write for a missing value.
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
END_OF_TIME = 253402300800  # The year 10000: what is beyond counts milliseconds.


def read_series(
    path: str | Path, *, timestamp: str | None = None, values: Sequence[str] | None = None
) -> Series:
    """A series from a CSV with a header.

    Rows are sorted by time, with a warning if that changes their order. Rows with the same time
    are kept: `Series.aggregate` averages them. Fractions of a second are dropped.

    Args:
        timestamp: the column of times, `timestamp` or else the first by default: whole epoch
            seconds, or dates in ISO 8601, which are UTC unless they name a zone.
        values: the columns of values, by default all others. Empty cells are missing values.

    Raises:
        ValueError: no such file, column or row, or a cell that cannot be read, with its line.
    """
    path = Path(path)
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
    table = np.array([[_value(path, line, row[c]) for c in channels] for line, row in cells])
    if (np.diff(stamps) < 0).any():
        warnings.warn(f"the rows of '{path}' are not in order of time; sorted", stacklevel=2)
        order = np.argsort(stamps, kind="stable")
        stamps, table = stamps[order], table[order]
    return Series(stamps, table, columns)


def _places(
    path: Path, header: list[str], timestamp: str | None, values: Sequence[str] | None
) -> tuple[int, list[int], tuple[str, ...]]:
    """The number of the column of times, those of the columns of values, and their names."""
    if not any(header):
        raise ValueError(f"'{path}' has no header")
    if timestamp is None:
        timestamp = "timestamp" if "timestamp" in header else header[0]
    if values is None:
        values = [name for name in header if name != timestamp]
    if not values:
        raise ValueError(f"'{path}' has no column of values beside '{timestamp}'")
    for name in (timestamp, *values):
        if name not in header:
            raise ValueError(
                f"'{path}' has no column '{name}'{did_you_mean(name, header)}; "
                f"choose from {', '.join(header)}"
            )
        if header.count(name) > 1:
            raise ValueError(f"'{path}' has {header.count(name)} columns '{name}'")
    if timestamp in values or len(set(values)) < len(values):
        raise ValueError(f"columns {', '.join((timestamp, *values))} are not all different")
    return header.index(timestamp), [header.index(name) for name in values], tuple(values)


def _row(path: Path, line: int, row: list[str], header: list[str]) -> tuple[int, list[str]]:
    if len(row) != len(header):
        raise ValueError(
            f"line {line} of '{path}' has {len(row)} cells; the header has {len(header)}"
        )
    return line, row


def _read_times(path: Path, cells: list[tuple[int, str]]) -> np.ndarray:
    """Epoch seconds (N,); the first cell decides whether all are numbers or dates."""
    read = _number if _is_number(cells[0][1]) else _date
    stamps = np.empty(len(cells), np.int64)
    for place, (line, cell) in enumerate(cells):
        try:
            stamps[place] = read(cell.strip())
        except (ValueError, OverflowError) as error:
            raise ValueError(
                f"line {line} of '{path}': '{cell}' is not a time like '{cells[0][1]}'; "
                "whole epoch seconds or dates in ISO 8601 are"
            ) from error
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


def _number(cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        return math.floor(float(cell))


def _date(cell: str) -> int:
    when = datetime.fromisoformat(cell)
    return math.floor((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def _value(path: Path, line: int, cell: str) -> float:
    if cell.strip().lower() in _MISSING:
        return math.nan
    try:
        value = float(cell)
    except ValueError as error:
        raise ValueError(f"line {line} of '{path}': '{cell}' is not a number") from error
    if math.isinf(value):
        raise ValueError(f"line {line} of '{path}': '{cell}' is not finite")
    return value
