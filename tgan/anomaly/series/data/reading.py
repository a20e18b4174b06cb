"""Series out of CSV files."""

import csv
import math
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tgan.anomaly.series.data.series import Series
from tgan.lookup import did_you_mean

# What spreadsheets and data frames write for a missing value.
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
END_OF_TIME = 253402300800  # The year 10000: what is beyond counts milliseconds.


def read_series(
    path: str | Path, *, timestamp: str | None = None, values: Sequence[str] | None = None
) -> Series:
    """A series from a CSV with a header.

    Rows are sorted by time, with a warning if that changes their order. Rows with the same time
    are kept: `Series.aggregate` averages them. Fractions of a second are dropped, with a warning.

    Args:
        timestamp: the column of times, `timestamp` or else the first by default: whole epoch
            seconds, or dates in ISO 8601, which are UTC unless they name a zone.
        values: the columns of values, by default all others that have a name. Empty cells are
            missing values.

    Raises:
        ValueError: no such file, column or row, or a cell that cannot be read, with its line.
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


def _places(
    path: Path, header: list[str], timestamp: str | None, values: Sequence[str] | None
) -> tuple[int, list[int], tuple[str, ...]]:
    """The number of the column of times, those of the columns of values, and their names."""
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
    """Epoch seconds (N,); the first cell decides whether all are numbers or dates."""
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
    """Whole seconds, and whether there is more than them."""
    try:
        return int(cell), False
    except ValueError:
        return math.floor(float(cell)), not float(cell).is_integer()


def _date(cell: str) -> tuple[int, bool]:
    """The same of a date."""
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
