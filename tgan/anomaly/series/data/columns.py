"""Columns of a table: which hold times, by their names and by what is in them."""

import re
from collections.abc import Sequence

import numpy as np

from tgan.anomaly.series.data.dates import (
    has_clock,
    looks_like_clock,
    looks_like_date,
    looks_like_hour,
)
from tgan.anomaly.series.data.tables import EPOCH_UNITS, UNITS, CsvForm, Table, is_number
from tgan.lookup import did_you_mean

# Seconds of the years 1990 to 2100: numbers whose unit is known from their size.
EPOCHS = 631152000, 4102444800
_TIME_WORDS = frozenset(
    {
        *("time", "times", "timestamp", "timestamps", "date", "dates", "datetime", "datetimes"),
        *("utc", "epoch", "unix", "unixtime", "when", "datum", "zeit", "uhrzeit", "zeitstempel"),
        *("fecha", "hora", "heure"),
    }
)
DATE_PARTS = ("year", "month", "day", "hour", "minute", "second")
_HOUR_WORDS = frozenset({"hour", "hours", "hr", "stunde"})
# Names that may be those of values as well.
_WEAK_WORDS = frozenset({"t", "ts", "ds"})


def time_columns(table: Table, form: CsvForm, timestamp: str | Sequence[str] | None) -> list[int]:
    """Find the places of the columns of times: one, date and time of day, or none.

    Args:
        timestamp: the name of a column, or of several; by default it is `timestamp`, or else the
            one column that is called like times and holds some, or else the first if it does.

    Raises:
        ValueError: no such column, or several that may be meant.
    """
    header = table.header
    if timestamp is not None:
        # A name may have a comma.
        is_one = isinstance(timestamp, str) and timestamp in header
        names = timestamp.split(",") if isinstance(timestamp, str) and not is_one else timestamp
        return [place_of(table, name.strip()) for name in ([timestamp] if is_one else names)]
    if form.every is not None:
        return []
    if "timestamp" in header:
        return [place_of(table, "timestamp")]
    found: dict[str | None, list[int]] = {}
    for place in range(len(header)):
        found.setdefault(kind_of(table, place), []).append(place)
    dates, clocks = found.get("date", []), found.get("clock", [])
    whole = found.get("instant", []) + found.get("number", [])
    if not clocks and any(len(set(table.column(place))) < len(table.rows) for place in dates):
        # Several rows have a date, which a column of hours tells apart.
        clocks = found.get("hour", [])
    if len(dates) == len(clocks) == 1 and not whole:
        return [*dates, *clocks]
    candidates = whole + dates or clocks or _parts(table) or found.get("perhaps", [])
    if candidates == _parts(table) != []:
        return candidates
    if len(candidates) > 1:
        names = " or ".join(f"'{header[place]}'" for place in candidates)
        raise ValueError(f"times of '{table.path}' may be in {names}; say which by timestamp")
    return candidates or _first_column(table)


def _parts(table: Table) -> list[int]:
    """Find the places of columns `year`, `month`, `day` and what is finer; none without a day."""
    names = [name.lower() for name in table.header]
    present = [part for part in DATE_PARTS if names.count(part) == 1]
    count = next((n for n, part in enumerate(DATE_PARTS) if part not in present), len(DATE_PARTS))
    return [names.index(part) for part in DATE_PARTS[:count]] if count >= 3 else []


def place_of(table: Table, name: str) -> int:
    """Find the place of the one column with a name.

    Raises:
        ValueError: there is none, or several.
    """
    header = table.header
    if name not in header:
        raise ValueError(
            f"'{table.path}' has no column '{name}'{did_you_mean(name, header)}; "
            f"choose from {', '.join(header)}"
        )
    if header.count(name) > 1:
        raise ValueError(f"'{table.path}' has {header.count(name)} columns '{name}'")
    return header.index(name)


def kind_of(table: Table, place: int) -> str | None:
    """Tell what times a column holds.

    Returns:
        `instant`, `date`, `clock`, `number`; `hour` for times of day that may be numbers, and
        `perhaps` for numbers whose column may be called like times; or None.
    """
    # A cell that is missing is told when times are read.
    column = [cell for cell in table.column(place) if cell]
    first, words = (column or [""])[0], words_of(table.header[place])
    if looks_like_date(first):
        is_date = not any(map(has_clock, column))
        return "date" if is_date else "instant"
    if looks_like_clock(first) and (":" in first or words & _TIME_WORDS):
        return "clock"
    if not words & (_TIME_WORDS | _WEAK_WORDS | _HOUR_WORDS):
        return None
    values = _loose_numbers(column)
    if not words & _HOUR_WORDS and values is not None and _may_be_times(values):
        return "number" if words & _TIME_WORDS else "perhaps"
    return "hour" if column and all(map(looks_like_hour, column)) else None


def _may_be_times(values: np.ndarray) -> bool:
    is_rising = len(values) == 1 or ((np.diff(values) >= 0).all() and values[-1] > values[0])
    return bool(is_rising or _are_epochs(values))


def _are_epochs(values: np.ndarray) -> bool:
    first, last = EPOCHS
    scales = [UNITS[unit][1] for unit in EPOCH_UNITS]
    return any((values >= first * k).all() and (values <= last * k).all() for k in scales)


def _first_column(table: Table) -> list[int]:
    """Decide whether a first column, which is not called like times, holds some."""
    values = _loose_numbers(table.column(0))
    if values is None or not _may_be_times(values) or len(table.header) == 1:
        return []
    steps = np.diff(values)
    if not _are_epochs(values) and len(steps) and not np.allclose(steps, steps[0], rtol=1e-6):
        raise ValueError(
            f"column '{table.header[0]}' of '{table.path}' rises and may be times or values; say "
            "so by timestamp, or by every how far samples are apart"
        )
    table.notes.append(f"times from {table.header[0] or 'the column without a name'}")
    return [0]


def _loose_numbers(cells: Sequence[str]) -> np.ndarray | None:
    """Read numbers with a decimal point or comma; None if some are none."""
    if not cells or not all(map(is_number, cells)):
        return None
    values = np.array([float(cell.replace(",", ".")) for cell in cells])
    return values if np.isfinite(values).all() else None


def words_of(name: str) -> set[str]:
    """Split the name of a column into words in lower case."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return {word for word in re.split(r"[\W_\d]+", spaced.lower()) if word}
