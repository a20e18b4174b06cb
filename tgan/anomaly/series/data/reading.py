"""Time series from CSV files, and from arrays."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tgan.anomaly.series.data.columns import kind_of, place_of, time_columns, words_of
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.data.stamps import END_OF_TIME, read_times
from tgan.anomaly.series.data.tables import CsvForm, Table, read_table
from tgan.anomaly.series.data.values import decimal_of, values_of

__all__ = ["END_OF_TIME", "CsvForm", "as_series", "as_several", "read_channels", "read_series"]

_LABEL_WORDS = frozenset(
    {"label", "labels", "anomaly", "anomalies", "changepoint", "outlier", "attack", "fault"}
)
# The share of rows with the time of another one from which on that may not be meant.
_MANY = 0.1


def read_series(
    path: str | Path,
    *,
    timestamp: str | Sequence[str] | None = None,
    values: Sequence[str] | None = None,
    form: CsvForm | None = None,
) -> Series:
    """Read a series from a CSV.

    What `form` leaves open is detected; what is unusual of it, such as semicolons between cells, is
    told by one warning, and what can be read in two ways is refused. Rows are sorted by time, with
    a warning if that changes their order. Rows with the same time are kept: `Series.aggregate`
    averages them; a warning tells of many.

    Args:
        timestamp: the column of times, or those of date and time of day: epoch seconds, or dates,
            which are UTC unless they name a zone. By default `timestamp`, or else the one that is
            called like times and holds some, or else the first; without any, samples are a second
            apart.
        values: the columns of values, by default all others that have a name. Empty cells are
            missing values.
        form: delimiter, decimal mark, unit of times, and so on.

    Raises:
        ValueError: no such file, column or row, a cell that cannot be read, with its line, or what
            can be read in two ways.

    Example:
        >>> series = read_series("sensors.csv", timestamp="time", values=["load", "heat"])
    """
    form = form or CsvForm()
    whole = read_table(Path(path), form)
    table = _without_empty(whole)
    times = time_columns(table, form, timestamp)
    channels = _channels(table, times, values, is_even=form.every is not None)
    if not times:
        # Between others an empty row is a sample that is missing.
        last = max(place for place, row in enumerate(whole.rows) if any(row))
        table = replace(whole, rows=whole.rows[: last + 1], lines=whole.lines[: last + 1])
    stamps = read_times(table, times, form)
    decimal = form.decimal or decimal_of(table, channels)
    columns = [values_of(table, place, decimal) for place in channels]
    if table.notes:
        warnings.warn(f"'{path}' is read with {', '.join(table.notes)}", stacklevel=2)
    numbers = np.array(columns).T
    if (np.diff(stamps) < 0).any():
        warnings.warn(f"the rows of '{path}' are not in order of time; sorted", stacklevel=2)
        order = np.argsort(stamps, kind="stable")
        stamps, numbers = stamps[order], numbers[order]
    repeated = int((np.diff(stamps) == 0).sum())
    if repeated > _MANY * len(stamps):
        warnings.warn(
            f"{repeated:,} of {len(stamps):,} rows of '{path}' have the time of the row before: "
            "values of one time are averaged; if a column tells whose they are, such as a sensor, "
            "give each one a file, or a column of values",
            stacklevel=2,
        )
    return Series(stamps, numbers, tuple(table.header[place] for place in channels))


def read_channels(
    names: Sequence[str],
    path: str | Path,
    *,
    timestamp: str | Sequence[str] | None = None,
    values: Sequence[str] | None = None,
    form: CsvForm | None = None,
) -> Series:
    """Read a series from a CSV as one of the channels of a fitted detector.

    Args:
        names: of these channels.
        timestamp, form: as for `read_series`.
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
    return replace(
        read_series(path, timestamp=timestamp, values=values, form=form), names=tuple(names)
    )


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


def as_several(samples: Any) -> list[Series]:
    """Take a list of series or of paths of CSVs, or else what `as_series` takes, as series.

    Raises:
        ValueError: as `as_series`; or channels of one that another does not have.
    """
    is_list = isinstance(samples, list | tuple) and len(samples) > 0
    are_several = is_list and all(isinstance(one, Series | str | Path) for one in samples)
    found = [as_series(one) for one in samples] if are_several else [as_series(samples)]
    for one in found:
        if one.names != found[0].names:
            raise ValueError(
                f"a series of {', '.join(one.names)} beside one of {', '.join(found[0].names)}"
            )
    return found


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


def _channels(
    table: Table, times: Sequence[int], values: Sequence[str] | None, *, is_even: bool
) -> list[int]:
    """Find the places of the columns of values; times of evenly spaced samples are none."""
    header, named = table.header, [table.header[place] for place in times]
    if values is None:
        left_out = [p for p in range(len(header)) if is_even and kind_of(table, p)]
        if left_out:
            table.notes.append(f"no times from {' and '.join(header[p] for p in left_out)}")
        places = [p for p, name in enumerate(header) if name and p not in (*times, *left_out)]
        unnamed = [p for p, name in enumerate(header) if not name and p not in times]
        if any(cell for place in unnamed for cell in table.column(place)):
            warnings.warn(f"a column of '{table.path}' has no name and is left out", stacklevel=4)
        values = [header[place] for place in places]
        if labels := [header[place] for place in places if _may_be_labels(table, place)]:
            table.notes.append(f"{' and '.join(labels)} as values, which look like labels")
    if not values:
        beside = f" beside '{named[0]}'" if named else ""
        raise ValueError(f"'{table.path}' has no column of values{beside}")
    for name in [*named, *values]:
        if [*named, *values].count(name) > 1 and header.count(name) < 2:
            raise ValueError(f"column '{name}' is named twice, as a time or as a value")
    return [place_of(table, name) for name in values]


def _may_be_labels(table: Table, place: int) -> bool:
    is_called_so = words_of(table.header[place]) & _LABEL_WORDS
    return bool(is_called_so) and set(table.column(place)) <= {"0", "1", "0.0", "1.0"}


def _without_empty(table: Table) -> Table:
    """Leave out rows without any cell, which spreadsheets have below a table."""
    kept = [place for place, row in enumerate(table.rows) if any(row)]
    if not kept:
        raise ValueError(f"'{table.path}' has no rows")
    return replace(
        table,
        rows=[table.rows[place] for place in kept],
        lines=[table.lines[place] for place in kept],
    )
