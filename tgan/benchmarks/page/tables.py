"""Tables of a report: means, how seeds differ, and which values are best."""

import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

from tgan.benchmarks.page.content import Column, Section, Table
from tgan.system.files import write_whole

NOTHING = "–"
# Exponents between which a number is written out.
_PLAIN = range(-4, 6)
HINTS = {"low": "lower is better", "high": "higher is better", None: ""}


@dataclass(frozen=True)
class Cell:
    """Entry of one row in one column.

    Attributes:
        text: the mean over seeds, or the text that the table gave.
        spread: the range over seeds in brackets or the standard error of the mean, and how many
            of the seeds are not finite.
        order: to sort by; None where there is no number.
        is_text: the table gave a text.
        is_best: no other row is better by more than what seeds differ by.
    """

    text: str
    spread: str = ""
    order: float | None = None
    is_text: bool = False
    is_best: bool = False


def format_number(value: float, digits: int) -> str:
    """A number to `digits` significant digits: `0.0123`, `1,230`, `1.23e-7`."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "not finite"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if exponent not in _PLAIN:
        return f"{mantissa}e{exponent}"
    places = digits - 1 - exponent
    return f"{round(value, places):,.{max(places, 0)}f}"


def cells_of(table: Table) -> dict[str, list[Cell]]:
    """The cells of every row, by the row's title.

    Raises:
        ValueError: a row has not one entry per column.
    """
    for row, entries in table.rows.items():
        if len(entries) != len(table.columns):
            raise ValueError(
                f"table '{table.title}', row '{row}': {len(entries)} entries for "
                f"{len(table.columns)} columns"
            )
    columns = [
        _cells_of_column(column, [entries[place] for entries in table.rows.values()])
        for place, column in enumerate(table.columns)
    ]
    return {row: [cells[place] for cells in columns] for place, row in enumerate(table.rows)}


def write_tables(path: Path, sections: Sequence[Section]) -> None:
    """Write the tables of sections as Markdown, for a paper or a README; best values are bold."""
    shown = [section for section in sections if section.tables]
    parts = [f"## {section.title}\n\n{_tables(section)}" for section in shown]
    write_whole(path, lambda part: part.write_text("\n\n".join(parts) + "\n", "utf-8"))


def _tables(section: Section) -> str:
    return "\n\n".join(_markdown(table) for table in section.tables)


def _cells_of_column(column: Column, entries: Sequence[Sequence[float] | str]) -> list[Cell]:
    numbers = [value for entry in entries if not isinstance(entry, str) for value in entry]
    are_counts = all(float(value).is_integer() for value in numbers if math.isfinite(value))
    cells = [_cell(entry, column, are_counts=are_counts) for entry in entries]
    best = _best(column, entries)
    return [replace(cell, is_best=place in best) for place, cell in enumerate(cells)]


def _cell(entry: Sequence[float] | str, column: Column, *, are_counts: bool) -> Cell:
    if isinstance(entry, str):
        return Cell(entry, is_text=True)
    if not len(entry):
        return Cell(NOTHING)
    finite = [float(value) for value in entry if math.isfinite(value)]
    if not finite:
        # Beyond every number, and yet one that a page can sort by.
        worst = sys.float_info.max
        return Cell("not finite", order=-worst if column.best == "high" else worst)

    def shown(value: float) -> str:
        # Counts keep all their digits, so that a mean never lies outside of its own range.
        whole = len(str(int(abs(value)))) if are_counts else 0
        if are_counts and value.is_integer():
            return f"{int(value):,}"
        return format_number(value, max(column.digits, whole))

    mean = math.fsum(finite) / len(finite)
    spread = [_WORDS[column.spread](finite, shown)] if len(finite) > 1 else []
    if len(finite) < len(entry):
        spread.append(f"{len(entry) - len(finite)} of {len(entry)} not finite")
    return Cell(shown(mean), f"({'; '.join(spread)})" if spread else "", mean)


def _best(column: Column, entries: Sequence[Sequence[float] | str]) -> set[int]:
    """Places of the best mean and of all whose interval overlaps with its interval.

    A row with a seed that is not finite is never best; nor is one that is alone.
    """
    if column.best is None:
        return set()
    sign = 1 if column.best == "low" else -1
    signed = {
        place: [sign * float(value) for value in entry]
        for place, entry in enumerate(entries)
        if not isinstance(entry, str) and len(entry) and all(map(math.isfinite, entry))
    }
    compared = sum(not isinstance(entry, str) and len(entry) > 0 for entry in entries)
    if compared < 2 or not signed:
        return set()
    leader = min(signed.values(), key=lambda values: math.fsum(values) / len(values))
    interval = _INTERVALS[column.spread]
    _, highest = interval(leader)
    return {place for place, values in signed.items() if interval(values)[0] <= highest}


def _range(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _around_mean(values: Sequence[float]) -> tuple[float, float]:
    error = _error(values)
    return fmean(values) - error, fmean(values) + error


def _error(values: Sequence[float]) -> float:
    """The standard error of the mean; 0 for a single value, which tells nothing of it."""
    return stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


# By what a column has beside a mean: the interval that has to overlap, and its words.
_INTERVALS = {"range": _range, "error": _around_mean}
_WORDS: dict[str, Callable[[Sequence[float], Callable[[float], str]], str]] = {
    "range": lambda values, shown: " to ".join(map(shown, _range(values))),
    "error": lambda values, shown: f"± {format_number(_error(values), 2)}",
}


def _markdown(table: Table) -> str:
    head = ["", *(column.name for column in table.columns)]
    lines = [f"**{_escape(table.title)}**", "", _markdown_row([_escape(name) for name in head])]
    lines.append(_markdown_row(["---"] + ["---:"] * len(table.columns)))
    for row, cells in cells_of(table).items():
        lines.append(_markdown_row([_escape(row), *map(_markdown_cell, cells)]))
    return "\n".join(lines + (["", _escape(table.note)] if table.note else []))


def _markdown_row(entries: Sequence[str]) -> str:
    return "| " + " | ".join(entries) + " |"


def _markdown_cell(cell: Cell) -> str:
    text = f"**{_escape(cell.text)}**" if cell.is_best else _escape(cell.text)
    return f"{text} {cell.spread}".rstrip()


def _escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line of a table."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    # Inside a word an underscore means nothing.
    text = re.sub(r"[\\|*`]|\b_|_\b", lambda sign: "\\" + sign[0], text)
    return " ".join(text.split())
