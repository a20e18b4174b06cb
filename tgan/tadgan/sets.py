"""The labelled series on which TadGAN is measured: NAB, and NASA's SMAP and MSL.

Source: Geiger et al. 2020, table I; intervals of aggregation and starts as in Orion's benchmark.
"""

import ast
import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tgan.tadgan.reading import read_series
from tgan.tadgan.series import Series

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
# NASA's samples have no times; Orion gives them these.
_NASA_START, _NASA_INTERVAL = 1222819200, 21600


@dataclass(frozen=True, eq=False)
class Labelled:
    """A series with its known anomalies.

    Attributes:
        group: the set that it belongs to.
        name: within the set.
        interval: seconds to aggregate over.
        train, test: the same where the set has no training part.
        known: closed intervals of anomalies in `test`, epoch seconds.
    """

    group: str
    name: str
    interval: int
    train: Series
    test: Series
    known: list[tuple[int, int]]


def nab_series(folder: str | Path) -> Iterator[Labelled]:
    """The 45 series of NAB that the paper uses, by set and name.

    Args:
        folder: with `combined_windows.json` and `data`, or with both as in NAB's repository.

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
            known = [(_seconds(start), _seconds(end)) for start, end in windows[place]]
            yield Labelled(group, name, NAB_INTERVALS[group], series, series, known)


def nasa_series(folder: str | Path) -> Iterator[Labelled]:
    """The telemetry values of SMAP's and MSL's channels that the folder has, by set and name.

    Args:
        folder: with `labeled_anomalies.csv`, and `telemetry.npz` that has `train/NAME` and
            `test/NAME`, (N,) each.

    Raises:
        ValueError: a file that is missing.
    """
    folder = Path(folder)
    for name in ("labeled_anomalies.csv", "telemetry.npz"):
        if not (folder / name).is_file():
            raise ValueError(f"'{folder}' has no {name}: not a folder of SMAP and MSL")
    with (folder / "labeled_anomalies.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["chan_id"] not in _NOT_IN_PAPER]
    with np.load(folder / "telemetry.npz") as arrays:
        for row in sorted(rows, key=lambda row: (row["spacecraft"], row["chan_id"])):
            name = row["chan_id"]
            if f"test/{name}" not in arrays:
                continue
            train = _telemetry(arrays[f"train/{name}"], first=0)
            test = _telemetry(arrays[f"test/{name}"], first=len(train))
            pairs = ast.literal_eval(row["anomaly_sequences"])
            known = [(int(test.timestamps[a]), int(test.timestamps[b])) for a, b in pairs]
            yield Labelled(row["spacecraft"], name, _NASA_INTERVAL, train, test, known)


SETS: dict[str, Callable[[Path], Iterator[Labelled]]] = {"nab": nab_series, "nasa": nasa_series}


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp())


def _telemetry(values: np.ndarray, *, first: int) -> Series:
    places = np.arange(first, first + len(values), dtype=np.int64)
    times = _NASA_START + _NASA_INTERVAL * places
    return Series(times, values.astype(np.float64)[:, None], ("telemetry",))
