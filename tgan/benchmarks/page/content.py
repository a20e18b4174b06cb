"""Content of a report: sections of text, tables, plots, and clips."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        best: `low`, `high`, or None where no value is better than another.
        digits: significant ones.
        spread: what a mean has beside it: the `range` over seeds, or its standard `error`.
    """

    name: str
    best: str | None = None
    digits: int = 3
    spread: str = "range"


@dataclass(frozen=True)
class Table:
    """Measurements of what is compared, a row each.

    Attributes:
        rows: by the row's title, one list of values (one per seed; [] for none) or one text per
            column.
        note: what one has to know to read it.

    Example:
        >>> Table("Samples", [Column("distance", best="low")], {"SVC": [[1.2, 1.4]]})
    """

    title: str
    columns: Sequence[Column]
    rows: Mapping[str, Sequence[Sequence[float] | str]]
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A line of a plot with, where `low` and `high` are there, an interval around it."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None

    @classmethod
    def over_seeds(
        cls,
        name: str,
        values: Mapping[float, Sequence[float]],
        *,
        middle: Callable[[Sequence[float]], float] = mean,
    ) -> "Line":
        """A line through the middles of values, with their ranges.

        Args:
            values: by x, one per seed; an x without any has no point.
        """
        points = {x: each for x, each in values.items() if len(each)}
        y, low, high = ([pick(each) for each in points.values()] for pick in (middle, min, max))
        return cls(name, list(points), y, low, high)


@dataclass(frozen=True)
class Plot:
    """A plot of lines, or of points with intervals.

    Attributes:
        kind: `lines`, or `points` (one colour each, x their positions).
        reference: a horizontal line to compare with, and its name.
        ticks: names of x = 0, 1, ... on an axis of categories.

    Example:
        >>> Plot("Learning curves", "steps", "distance", [Line("SVC", [0, 100], [3.0, 2.0])])
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
    """A video or a picture (MP4, PNG), by its path in the benchmark's folder."""

    title: str
    path: str


@dataclass(frozen=True)
class Section:
    """A section of a report."""

    title: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    clips: Sequence[Clip] = ()
