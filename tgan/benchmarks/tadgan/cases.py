"""Cases of the comparison: labelled series, and the halves that settings were chosen on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from tgan.anomaly.series.data.robot import robot_with_faults
from tgan.anomaly.series.data.sets import NAB_INTERVALS, SETS, Labelled

# The folder of each set within that of the data; None of one that is simulated.
FOLDERS: dict[str, str | None] = {"nab": "nab", "nasa": "smap_msl", "ucr": "ucr", "robot": None}
# The groups of which means are taken together.
BENCHMARKS = {
    "NAB": tuple(NAB_INTERVALS),
    "NASA": ("MSL", "SMAP"),
    "UCR": ("UCR",),
    "robot": ("robot",),
}
CHOOSING, REPORTING = "choosing", "reporting"
# Benchmarks of which every second series served to choose settings.
CHOSEN_ON = ("NAB", "NASA")
_ROBOTS = 3


@dataclass(frozen=True)
class Case:
    """A series that methods are compared on.

    Attributes:
        set: where it comes from, a key of `FOLDERS`.
        series: the series with its known anomalies.
        half: `CHOOSING` or `REPORTING`.
    """

    set: str
    series: Labelled
    half: str


def read_cases(
    data: Path | None,
    names: Sequence[str],
    *,
    half: str | None = None,
    only: Sequence[str] = ("*",),
) -> list[Case]:
    """The series of sets, in the order of groups and names.

    Settings were chosen on every second series of NAB by order of group and name, from the first
    on, and on every second one of NASA's. The others report, as do all series of other sets.

    Args:
        data: with the folders of sets that are not simulated.
        names: in `FOLDERS`.
        half: `CHOOSING` or `REPORTING` to leave out the others.
        only: patterns of the shell, of which one matches `GROUP/SERIES`.

    Raises:
        ValueError: a set that is not there or cannot be read, or a pattern that matches nothing.
    """
    found = _halved((name, one) for name in names for one in _read_set(name, _place(data)))
    for pattern in only:
        if not any(_matches(case, pattern) for case in found):
            groups = ", ".join(sorted({case.series.group for case in found}))
            raise ValueError(f"no series SET/SERIES matches '{pattern}'; the sets are {groups}")
    kept = [
        case
        for case in found
        if half in (None, case.half) and any(_matches(case, pattern) for pattern in only)
    ]
    if not kept:
        raise ValueError(f"none of {len(found)} series is of the {half} half and of those named")
    return kept


def find_series(name: str, group: str, series: str, *, data: str | None) -> Labelled:
    """One series of a set, which is read but once in a process.

    Raises:
        ValueError: the set cannot be read, or does not have it.
    """
    for one in _read_set(name, data):
        if (one.group, one.name) == (group, series):
            return one
    raise ValueError(f"the set '{name}' in '{data}' has no series {group}/{series}")


def _halved(series: Iterable[tuple[str, Labelled]]) -> list[Case]:
    ordered = sorted(series, key=lambda found: (found[1].group, found[1].name))
    chosen = set()
    for benchmark in CHOSEN_ON:
        inside = [one for _, one in ordered if one.group in BENCHMARKS[benchmark]]
        chosen |= set(inside[::2])
    return [Case(name, one, CHOOSING if one in chosen else REPORTING) for name, one in ordered]


def _matches(case: Case, pattern: str) -> bool:
    return fnmatch(f"{case.series.group}/{case.series.name}", pattern)


def _place(data: Path | None) -> str | None:
    return None if data is None else str(data.resolve())


@cache
def _read_set(name: str, data: str | None) -> list[Labelled]:
    folder = FOLDERS[name]
    if folder is None:
        return [robot_with_faults(seed=seed) for seed in range(_ROBOTS)]
    return list(SETS[name](Path(data) / folder))
