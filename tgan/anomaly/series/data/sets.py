"""Labelled series for benchmarks: NAB, NASA's SMAP and MSL, and UCR's archive.

Source: Geiger et al. 2020, table I; intervals of aggregation and starts as in Orion's benchmark.
"""

import ast
import csv
import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from tgan.anomaly.series.data.reading import read_series
from tgan.anomaly.series.data.series import Series

# Seconds over which each set of NAB is aggregated.
NAB_INTERVALS = {
    "artificialWithAnomaly": 600,
    "realAdExchange": 3600,
    "realAWSCloudwatch": 600,
    "realTraffic": 600,
    "realTweets": 600,
}
# The paper's counts of anomalies leave these out.
_NOT_IN_PAPER = {"exchange-4_cpc_results", "P-2"}
# The samples of NASA and of UCR have no times; Orion gives them these.
_START, _NASA_INTERVAL, _UCR_INTERVAL = 1222819200, 21600, 300
_UCR_NAME = re.compile(r"(\d+)_UCR_Anomaly_(.+)_(\d+)_(\d+)_(\d+)\.txt")


@dataclass(frozen=True, eq=False)
class Labelled:
    """A series with labels: the intervals of its anomalies.

    Attributes:
        group: set that it belongs to.
        name: within the set.
        interval: seconds to aggregate over.
        train, test: the same series where the set has no training part.
        labels: closed intervals of the anomalies in `test`, epoch seconds.

    Example:
        >>> for one in nab_series("nab"):
        ...     found = TadGANDetector(interval=one.interval).fit(one.train).detect(one.test)
    """

    group: str
    name: str
    interval: int
    train: Series
    test: Series
    labels: list[tuple[int, int]]

    @property
    def known(self) -> list[tuple[int, int]]:
        """Former name of `labels`."""
        warnings.warn("known is labels now", DeprecationWarning, stacklevel=2)
        return self.labels


def nab_series(folder: str | Path) -> Iterator[Labelled]:
    """Yield the 45 series of NAB that the paper uses, by set and name.

    Args:
        folder: holds `combined_windows.json` and `data`, or both as in NAB's repository.

    Raises:
        ValueError: a file that is missing or cannot be read.
    """
    folder = Path(folder)
    inner = folder / "combined_windows.json"
    path = inner if inner.is_file() else folder / "labels" / "combined_windows.json"
    if not path.is_file():
        raise ValueError(f"'{folder}' has no combined_windows.json: not a folder of NAB")
    windows = json.loads(path.read_text())
    for place in sorted(windows):
        group, name = place.removesuffix(".csv").split("/")
        if group in NAB_INTERVALS and name not in _NOT_IN_PAPER:
            series = read_series(folder / "data" / place)
            labels = [(_seconds(start), _seconds(end)) for start, end in windows[place]]
            yield Labelled(group, name, NAB_INTERVALS[group], series, series, labels)


def nasa_series(folder: str | Path) -> Iterator[Labelled]:
    """Yield the telemetry values of those SMAP and MSL channels in a folder, by set and name.

    Args:
        folder: holds `labeled_anomalies.csv`, and `telemetry.npz` with `train/NAME` and
            `test/NAME`, (N,) each.

    Raises:
        ValueError: a file that is missing or damaged.
    """
    folder = Path(folder)
    for name in ("labeled_anomalies.csv", "telemetry.npz"):
        if not (folder / name).is_file():
            raise ValueError(f"'{folder}' has no {name}: not a folder of SMAP and MSL")
    try:
        yield from _read_nasa(folder)
    except (LookupError, SyntaxError, TypeError, ValueError, BadZipFile) as error:
        reason = f"nothing called {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"the files of '{folder}' cannot be read: {reason}") from error


def _read_nasa(folder: Path) -> Iterator[Labelled]:
    with (folder / "labeled_anomalies.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["chan_id"] not in _NOT_IN_PAPER]
    with np.load(folder / "telemetry.npz") as arrays:
        for row in sorted(rows, key=lambda row: (row["spacecraft"], row["chan_id"])):
            name = row["chan_id"]
            if f"test/{name}" not in arrays:
                continue
            train = _regular(arrays[f"train/{name}"], _NASA_INTERVAL, name="telemetry")
            test = _regular(
                arrays[f"test/{name}"], _NASA_INTERVAL, first=len(train), name="telemetry"
            )
            pairs = ast.literal_eval(row["anomaly_sequences"])
            labels = [(int(test.timestamps[a]), int(test.timestamps[b])) for a, b in pairs]
            yield Labelled(row["spacecraft"], name, _NASA_INTERVAL, train, test, labels)


def ucr_series(folder: str | Path) -> Iterator[Labelled]:
    """Yield the series of UCR's archive in a folder, by number.

    The name of a file, `N_UCR_Anomaly_NAME_TRAIN_START_END.txt`, holds the number of samples at
    its start that are without anomalies, and the first and the last sample of its one anomaly. A
    series is called `N-NAME`. Its first sample is at 1222819200, each next one 300 seconds later.
    Samples are counted from 0, as in Orion: in the files at hand the values change at the sample
    that has this number, and not at the one before.

    Args:
        folder: holds these files, numbers as text, separated by blanks or line ends.

    Raises:
        ValueError: no such file, a name whose numbers do not fit, or something that is not a
            finite number.

    Source: Keogh et al. 2021, the competition on anomalies in time series at KDD 2021.
    """
    named = []
    for path in Path(folder).glob("*_UCR_Anomaly_*.txt"):
        match = _UCR_NAME.fullmatch(path.name)
        if match is None:
            raise ValueError(f"'{path.name}' is not named N_UCR_Anomaly_NAME_TRAIN_START_END.txt")
        named.append((int(match[1]), path, match))
    if not named:
        raise ValueError(f"'{folder}' has no N_UCR_Anomaly_NAME_TRAIN_START_END.txt")
    for _, path, match in sorted(named):
        values = _numbers(path)
        size, start, end = (int(number) for number in match.groups()[2:])
        if not 0 < size <= start <= end < len(values):
            raise ValueError(
                f"'{path.name}': training up to {size} and an anomaly from {start} to {end} "
                f"do not fit {len(values)} samples"
            )
        train = _regular(values[:size], _UCR_INTERVAL)
        test = _regular(values[size:], _UCR_INTERVAL, first=size)
        labels = [(_START + _UCR_INTERVAL * start, _START + _UCR_INTERVAL * end)]
        yield Labelled("UCR", f"{match[1]}-{match[2]}", _UCR_INTERVAL, train, test, labels)


SETS: dict[str, Callable[[Path], Iterator[Labelled]]] = {
    "nab": nab_series,
    "nasa": nasa_series,
    "ucr": ucr_series,
}


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp())


def _numbers(path: Path) -> np.ndarray:
    """Read all numbers of a text file: (N,), float64."""
    try:
        values = np.array(path.read_text().split(), np.float64)
    except ValueError as error:
        raise ValueError(f"'{path.name}' does not hold numbers alone: {error}") from error
    if not np.isfinite(values).all():
        raise ValueError(f"'{path.name}' holds a number that is not finite")
    return values


def _regular(values: np.ndarray, interval: int, *, first: int = 0, name: str = "value") -> Series:
    """Make a series of values (N,) without times; the first is sample number `first`."""
    places = np.arange(first, first + len(values), dtype=np.int64)
    return Series(_START + interval * places, values.astype(np.float64)[:, None], (name,))
