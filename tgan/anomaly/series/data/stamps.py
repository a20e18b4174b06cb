"""Times of the samples in a table, from the columns that have them."""

from collections.abc import Sequence

import numpy as np

from tgan.anomaly.series.data.columns import EPOCHS, words_of
from tgan.anomaly.series.data.dates import (
    TwoReadings,
    looks_like_clock,
    looks_like_date,
    seconds_by_format,
    seconds_of_clocks,
    seconds_of_dates,
)
from tgan.anomaly.series.data.tables import EPOCH_UNITS, UNITS, CsvForm, Table, is_number
from tgan.lookup import alternatives

END_OF_TIME = 253402300800  # The year 10000.
_DATE_WORDS = frozenset({"date", "dates", "day", "datetime", "datum", "ds"})
_UNIT_WORDS = {
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "days"), "d"),
    **dict.fromkeys(("s", "sec", "secs", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "µs", "usec", "micros", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanoseconds"), "ns"),
}
# Dates without marks, by their number of digits.
_COMPACT = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}


def read_times(table: Table, places: Sequence[int], form: CsvForm) -> np.ndarray:
    """Read the times of all rows: (N,), int64, or float64 where some have fractions of a second.

    Raises:
        ValueError: a cell that is no time, with its line, or times that can be read in two ways.
    """
    if not places:
        if form.every is None:
            table.notes.append("no times, samples a second apart")
        return np.arange(len(table.rows)) * (form.every or 1)
    cells = _cells(table, places)
    try:
        times = _read(table, places, cells, form)
    except IndexError as error:
        place = error.args[0]
        is_first = place == 0 or looks_like_date(cells[0]) == looks_like_date(cells[place])
        kind = "date" if looks_like_date(cells[0]) else "number"
        first = "" if is_first else f", and '{cells[0]}' in the first row is a {kind}"
        raise ValueError(
            f"line {table.lines[place]} of '{table.path}': '{cells[place]}' is not a time; epoch "
            f"seconds (1396310400) or dates (2014-04-01 00:00:00) are{first}"
        ) from error
    if np.abs(times).max() >= END_OF_TIME:
        raise ValueError(
            f"'{table.path}' has the time {np.abs(times).max():.0f}, past the year 9999"
        )
    return times


def _cells(table: Table, places: Sequence[int]) -> list[str]:
    """Join the cells of date and time of day, or of their parts, in each row."""
    first, *others = (table.column(place) for place in places)
    if not others:
        return first
    if len(others) > 1:
        first = ["-".join(parts) for parts in zip(first, *others[:2], strict=True)]
        finer = [[cell.zfill(2) for cell in column] for column in others[2:]]
        others = [[":".join(parts) for parts in zip(*finer, strict=True)]] if finer else []
    clocks = others[0] if others else ["0"] * len(first)
    # A number alone is an hour.
    whole = (f"{cell}:00" if cell.isdecimal() else cell for cell in clocks)
    return [f"{date} {clock}" for date, clock in zip(first, whole, strict=True)]


def _read(table: Table, places: Sequence[int], cells: list[str], form: CsvForm) -> np.ndarray:
    names = [table.header[place] for place in places]
    if len(places) > 1:
        table.notes.append(f"times from {' and '.join(names)}")
    if form.date_format:
        return np.array(seconds_by_format(cells, form.date_format))
    if looks_like_clock(cells[0]):
        table.notes.append(f"'{names[0]}' as seconds since midnight")
        return _rising_clocks(table, seconds_of_clocks(cells))
    if is_number(cells[0]):
        return _numbers(table, names[0], cells, form)
    try:
        seconds, order = seconds_of_dates(cells)
    except TwoReadings as error:
        raise ValueError(
            f"dates of '{table.path}' such as '{cells[0]}' may be {error}; say which by "
            "date_format, such as '%d/%m/%Y %H:%M'"
        ) from error
    if order != "ISO 8601":
        table.notes.append(f"dates as {order}")
    return np.array(seconds)


def _rising_clocks(table: Table, seconds: list[float]) -> np.ndarray:
    times = np.array(seconds)
    if (np.diff(times) < 0).any():
        raise ValueError(
            f"times of day of '{table.path}' fall, at midnight or elsewhere: a column of dates is "
            "needed beside them, or say by every how far samples are apart"
        )
    return times


def _numbers(table: Table, name: str, cells: list[str], form: CsvForm) -> np.ndarray:
    """Read numbers of a unit that is given, or known from the column's name or their size."""
    if form.unit is None and (compact := _compact(cells)):
        if _DATE_WORDS & words_of(name) or len(cells[0]) > min(_COMPACT):
            table.notes.append(f"dates as {compact}")
            return np.array(seconds_by_format(cells, compact))
        raise ValueError(
            f"times of '{table.path}' such as {cells[0]} may be dates or seconds; say which by "
            f"date_format '{compact}' or unit s"
        )
    values = [_number(place, cell) for place, cell in enumerate(cells)]
    unit = form.unit or _unit(table, name, min(values), max(values))
    if unit != "s" and form.unit is None:
        table.notes.append(f"times in {unit}")
    seconds, parts = UNITS[unit]
    if all(type(value) is int and value * seconds % parts == 0 for value in values):
        return np.array([value * seconds // parts for value in values])
    return np.array([value * seconds / parts for value in values])


def _number(place: int, cell: str) -> float:
    try:
        value = int(cell)
    except ValueError:
        if not is_number(cell):
            raise IndexError(place) from None
        value = float(cell.replace(",", "."))
    if not abs(value) < 2**63:
        raise IndexError(place)
    return value


def _unit(table: Table, name: str, low: float, high: float) -> str:
    """Find the unit of times by the name of their column and by their size."""
    first, last = EPOCHS
    found = {_UNIT_WORDS[word] for word in words_of(name) if word in _UNIT_WORDS}
    found |= {
        unit
        for unit in EPOCH_UNITS
        if first <= low / UNITS[unit][1] <= high / UNITS[unit][1] <= last
    }
    # Numbers in a column of dates may be days, as spreadsheets count them.
    if not found and max(abs(low), abs(high)) <= last and not _DATE_WORDS & words_of(name):
        return "s"
    if len(found) != 1:
        choices = alternatives([unit for unit in UNITS if unit in found] or UNITS)
        raise ValueError(
            f"times of '{table.path}' such as {high:.0f} may be in {choices}; say which by unit"
        )
    return found.pop()


def _compact(cells: Sequence[str]) -> str | None:
    """Find the format of dates without marks, such as 20140401."""
    date_format = _COMPACT.get(len(cells[0]))
    if date_format is None or any(len(cell) != len(cells[0]) for cell in cells):
        return None
    if not all("1900" <= cell[:4] <= "2100" for cell in cells):
        return None
    try:
        seconds_by_format(cells, date_format)
    except IndexError:
        return None
    return date_format
