"""Values of the samples in a table: numbers with either decimal mark, and missing ones."""

import math
import re
from collections.abc import Sequence

from tgan.anomaly.series.data.tables import MISSING, Table

# Numbers with a mark in them, and those in which a comma may stand between thousands.
_COMMA, _POINT = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?"), re.compile(r"[+-]?\d*\.\d+([eE].*)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def decimal_of(table: Table, places: Sequence[int]) -> str:
    """Find the decimal mark of columns.

    Raises:
        ValueError: commas may stand between thousands, or both marks are in use.
    """
    cells = [row[place] for row in table.rows for place in places]
    commas = [cell for cell in cells if "," in cell and _COMMA.fullmatch(cell)]
    if not commas:
        return "."
    if any(map(_POINT.fullmatch, cells)) or all(map(_THOUSANDS.fullmatch, commas)):
        raise ValueError(
            f"the comma in '{commas[0]}' of '{table.path}' may be a decimal mark or stand between "
            "thousands; say which by decimal"
        )
    table.notes.append("decimal commas")
    return ","


def values_of(table: Table, place: int, decimal: str) -> list[float]:
    """Read a column of numbers (N,)."""
    column = table.header[place]
    return [
        _value(table, line, column, cell, decimal)
        for line, cell in zip(table.lines, table.column(place), strict=True)
    ]


def _value(table: Table, line: int, column: str, cell: str, decimal: str) -> float:
    if cell.lower() in MISSING:
        return math.nan
    place = f"line {line} of '{table.path}', column '{column}'"
    try:
        value = float(_with_point(cell, decimal))
    except ValueError as error:
        raise ValueError(
            f"{place}: '{cell}' is not a number; name the columns of values, or leave it empty"
        ) from error
    if math.isinf(value):
        raise ValueError(f"{place}: '{cell}' is not finite")
    return value


def _with_point(cell: str, decimal: str) -> str:
    """Write a number with a decimal point and without thousands between commas."""
    if decimal == ",":
        return "no number" if "." in cell else cell.replace(",", ".")
    is_grouped = re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", cell)
    return cell.replace(",", "") if is_grouped else cell
