"""Dates and times of day as people and instruments write them."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

# Year, month and day of a date whose parts come in this order.
ORDERS = {"day/month/year": (2, 1, 0), "month/day/year": (2, 0, 1), "year/month/day": (0, 1, 2)}
# Nobody writes points between month and day in this order.
_WITH_POINTS = ("day/month/year", "year/month/day")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PART = r"(?:\d{1,4}|[A-Za-z]{3,9})"
_DATE = re.compile(
    rf"(?:[A-Za-z]{{3,9}},\s*)?({_PART})([/.\- ])({_PART})(?:\2|, ?)({_PART})(?:(?:,|T|\s)\s*(.+))?"
)
_CLOCK = re.compile(
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,](\d+))?)?\s*(?:([AaPp])\.?[Mm]\.?)?\s*"
    r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_FIRST_DAY = date(1970, 1, 1).toordinal()


class TwoReadings(ValueError):
    """Dates that can be read in two ways."""


class _Cell(NamedTuple):
    """Three parts of a date with the mark between them, and the rest of its cell."""

    date: tuple[str, str, str, str]
    clock: str | None


def looks_like_date(cell: str) -> bool:
    """Tell whether a cell begins like a date."""
    return _is_iso(cell) or _split(cell) is not None


def looks_like_clock(cell: str) -> bool:
    """Tell whether a cell is a time of day, and no number such as 18.00."""
    return (":" in cell or cell.count(".") > 1) and _CLOCK.fullmatch(cell) is not None


def looks_like_hour(cell: str) -> bool:
    """Tell whether a cell may be a time of day beside a date: 18:00, 18.00 or 18."""
    return _CLOCK.fullmatch(cell) is not None or (cell.isdecimal() and int(cell) <= 24)


def has_clock(cell: str) -> bool:
    """Tell whether a cell that looks like a date has a time of day."""
    found = _split(cell)
    return found.clock is not None if found else re.fullmatch(r"[\d-]+", cell) is None


def seconds_of_dates(cells: Sequence[str]) -> tuple[list[float], str]:
    """Read dates (N,) in ISO 8601, or in one order of day, month and year.

    They are UTC unless they name a zone.

    Returns:
        epoch seconds, and the order: a name in `ORDERS`, or `ISO 8601`.

    Raises:
        TwoReadings: two orders are possible, and give different dates.
        IndexError: a cell is no date; its place is the argument.
    """
    try:
        return [_read(_iso, place, cell) for place, cell in enumerate(cells)], "ISO 8601"
    except IndexError as error:
        if _split(cells[error.args[0]]) is None:
            raise
    parts = [_read(_needed, place, cell) for place, cell in enumerate(cells)]
    order, days = _order_of([part.date for part in parts])
    clocks = [_read(_clock, place, part.clock or "0:00") for place, part in enumerate(parts)]
    return [86400 * days[p.date] + clock for p, clock in zip(parts, clocks, strict=True)], order


def _order_of(dates: Sequence[tuple[str, ...]]) -> tuple[str, dict[tuple[str, ...], int]]:
    """Find the order in which all dates are some, and the days from the epoch to each."""
    distinct, found = set(dates), {}
    for order in ORDERS:
        days = {one: _day(one, order) for one in distinct}
        if None not in days.values():
            found[order] = days
    if not found:
        orders = [order for order in ORDERS if _day(dates[0], order) is not None]
        wrong = [all(_day(one, order) is None for order in orders) for one in dates]
        raise IndexError(wrong.index(True) if True in wrong else 0)
    (order, days), *others = found.items()
    if any(other != days for _, other in others):
        raise TwoReadings(" or ".join(found))
    return order, days


def seconds_of_clocks(cells: Iterable[str]) -> list[float]:
    """Read times of day as seconds since midnight.

    Raises:
        IndexError: a cell is no time of day; its place is the argument.
    """
    return [_read(_clock, place, cell) for place, cell in enumerate(cells)]


def seconds_by_format(cells: Iterable[str], date_format: str) -> list[float]:
    """Read dates as a format says, see `datetime.strptime`: epoch seconds.

    Raises:
        IndexError: a cell that does not match; its place is the argument.
    """

    def read(cell: str) -> float:
        return _seconds(datetime.strptime(cell, date_format))

    return [_read(read, place, cell) for place, cell in enumerate(cells)]


def _read(read: Callable[[str], Any], place: int, cell: str) -> Any:
    try:
        return read(cell)
    except (ValueError, OverflowError) as error:
        raise IndexError(place) from error


def _is_iso(cell: str) -> bool:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return "-" in cell or "T" in cell


def _iso(cell: str) -> float:
    return _seconds(datetime.fromisoformat(cell))


def _seconds(when: datetime) -> float:
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _split(cell: str) -> _Cell | None:
    """Split a cell into the parts of a date and the rest; None if it is no date."""
    found = _DATE.fullmatch(cell)
    if found is None:
        return None
    first, mark, second, third, rest = found.groups()
    names = [part for part in (first, second, third) if not part.isdigit()]
    has_month = len(names) == 1 and names[0][:3].lower() in _MONTHS
    if not has_month and (names or not any(len(part) == 4 for part in (first, second, third))):
        return None
    return _Cell((first, second, third, mark), rest)


def _needed(cell: str) -> _Cell:
    found = _split(cell)
    if found is None:
        raise ValueError(f"'{cell}' is no date")
    return found


def _day(parts: tuple[str, ...], order: str) -> int | None:
    """Count the days from the epoch to a date whose parts are in an order; None if it is none."""
    year, month, day = (parts[place] for place in ORDERS[order])
    if parts[3] == "." and order not in _WITH_POINTS:
        return None
    if month[:3].lower() in _MONTHS:
        month = str(_MONTHS.index(month[:3].lower()) + 1)
    if len(year) != 4 or not all(part.isdigit() for part in (year, month, day)):
        return None
    try:
        return date(int(year), int(month), int(day)).toordinal() - _FIRST_DAY
    except ValueError:
        return None


def _clock(text: str) -> float:
    """Read a time of day, with a zone or without: seconds since midnight, UTC."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no time of day")
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if found[5]:
        if not 1 <= hour <= 12:
            raise ValueError(f"hour {hour} of twelve")
        hour = hour % 12 + (12 if found[5] in "Pp" else 0)
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError(f"'{text}' is no time of day")
    seconds = 3600 * hour + 60 * minute + second + float(f"0.{found[4] or 0}")
    if found[6] and found[6][0] in "+-":
        sign, digits = found[6][0], found[6][1:].replace(":", "")
        seconds -= (1 if sign == "+" else -1) * (3600 * int(digits[:2]) + 60 * int(digits[2:]))
    return seconds
