"""What a part of the benchmark is: jobs that processes of their own do, and what they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tgan.benchmarks.clipping.strategies import Arm

Result = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What the user asked for.

    Attributes:
        config: the video experiment that arms are variations of, as YAML text.
        arms: by name.
        seeds: number of training seeds per arm, 0, 1, ...
        budget: `steps`, `seconds` or `both`: whether arms are given equal steps or equal time.
        quick: cut every part down to seconds, to see that all of it runs.
    """

    config: str
    arms: Mapping[str, Arm]
    seeds: int = 5
    budget: str = "both"
    quick: bool = False


@dataclass(frozen=True)
class Job:
    """Work of one process.

    Attributes:
        name: unique in its part, and the path of its folder: `toys/ring/svc/seed_0`.
        settings: all that its result depends on, fit for JSON.
        alone: done while no other job is, since it takes times.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    alone: bool = False


class Part(Protocol):
    """A part of the benchmark."""

    def jobs(self, plan: Plan, results: Mapping[str, Result]) -> list[Job]:
        """Every job that can be named by what `results` (by job name) tells so far.

        It is asked anew whenever a job ends, so that tuning can decide what follows. A job whose
        training diverged has the result `{"failed": reason}`; one that crashed has none, so that
        no choice is made by it.
        """
        ...

    def run(self, job: Job, folder: Path) -> Result:
        """Do a job in this process; what is left in `folder` by an interrupted one is resumed.

        Returns:
            Fit for JSON.

        Raises:
            ArithmeticError: training diverged; it becomes a result `{"failed": reason}`.
        """
        ...


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        best: `low`, `high`, or None where no value is better than another.
        digits: significant ones.
    """

    name: str
    best: str | None = None
    digits: int = 3


@dataclass(frozen=True)
class Table:
    """Measurements by arm.

    Attributes:
        rows: by the row's title, one list of values (one per seed; [] for none) or one text per
            column.
        note: what is to be known to read it.
    """

    title: str
    columns: Sequence[Column]
    rows: Mapping[str, Sequence[Sequence[float] | str]]
    note: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a plot with, where `low` and `high` are given, an interval around it."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None


@dataclass(frozen=True)
class Plot:
    """A plot of lines, or of points with intervals.

    Attributes:
        kind: `lines`, or `points` (each line is one arm's points, x its position).
        reference: a horizontal line to compare with, and its name.
        ticks: names of x = 0, 1, ... on an axis of categories.
    """

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    kind: str = "lines"
    log_y: bool = False
    reference: tuple[float, str] | None = None
    ticks: Sequence[str] = ()
    note: str = ""


@dataclass(frozen=True)
class Clip:
    """A video or a picture (MP4, PNG) to be shown, by its path in the benchmark's folder."""

    title: str
    path: str


@dataclass(frozen=True)
class Section:
    """What a part shows in the report."""

    title: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    clips: Sequence[Clip] = ()
