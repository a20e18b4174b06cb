"""What was measured in the first hour, as a page of Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any


def page(machine: Mapping[str, str], found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """One table for each measurement, under what it was measured on."""
    lines = ["# First hour", "", *(f"- {name}: {text}" for name, text in machine.items())]
    for name, rows in found.items():
        lines += ["", f"## {name.capitalize()}", "", *_table(rows)]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    head = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return head + [
        "| " + " | ".join(_cell(row.get(column)) for column in columns) + " |" for row in rows
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
