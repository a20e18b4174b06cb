"""Tables of text: files of cells, with or without a line of names, as instruments write them."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tgan.anomaly.series.data.dates import looks_like_date
from tgan.anomaly.series.data.grid import check_interval

# Cells that spreadsheets, data frames and instruments write for a missing value.
MISSING = frozenset({"", "nan", "na", "n/a", "#n/a", "null", "none", "?", "-"})
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " "}
# Units of times: how many seconds one has, or which part of a second it is.
UNITS = {
    **{"s": (1, 1), "ms": (1, 1000), "us": (1, 10**6), "ns": (1, 10**9)},
    **{"min": (60, 1), "h": (3600, 1), "d": (86400, 1)},
}
# Those in which times of this century are counted from 1970.
EPOCH_UNITS = "s", "ms", "us", "ns"
# Lines by which a delimiter is judged.
_SAMPLE = 20
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class CsvForm:
    """How a file of a series is written. What is None is detected, and told where it is unusual.

    Attributes:
        delimiter: between cells, one character; a space stands for any number of them.
        decimal: mark in numbers, `.` or `,`.
        header: whether the first line has names.
        unit: of times that are numbers: a name in `UNITS`.
        date_format: of times that are dates, as `datetime.strptime` takes it; date and time of two
            columns have a space between them.
        every: seconds from one sample to the next in a file without times; the first is at 0.

    Raises:
        ValueError: something else.

    Example:
        >>> form = CsvForm(delimiter=";", decimal=",", date_format="%d.%m.%Y %H:%M")
        >>> series = read_series("plant.csv", timestamp="Datum", form=form)
    """

    delimiter: str | None = None
    decimal: str | None = None
    header: bool | None = None
    unit: str | None = None
    date_format: str | None = None
    every: float | None = None

    def __post_init__(self) -> None:
        choices = {"decimal": (".", ","), "unit": tuple(UNITS)}
        for name, allowed in choices.items():
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise ValueError(f"unknown {name} '{value}'; choose from {' '.join(allowed)}")
        delimiter = self.delimiter
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise ValueError(f"a delimiter is one character, not '{delimiter}'")
        if delimiter == "," == self.decimal:
            raise ValueError("commas cannot be both delimiter and decimal mark")
        if self.every is not None:
            object.__setattr__(self, "every", check_interval(self.every))


@dataclass
class Table:
    """Cells of a file.

    Attributes:
        path: of the file.
        header: names of its columns.
        lines: numbers of the lines (N,) in the file.
        rows: N rows of as many cells as there are names, without blanks around them.
        notes: on what is unusual about the file, and was detected.
    """

    path: Path
    header: list[str]
    lines: list[int]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)

    def column(self, place: int) -> list[str]:
        """Take the cells (N,) of the column at a place."""
        return [row[place] for row in self.rows]


def read_table(path: Path, form: CsvForm) -> Table:
    """Read the cells of a file.

    Raises:
        ValueError: no such file, or one that is not text, has no names, no rows, or a row of
            another length.
    """
    if path.is_dir():
        raise ValueError(f"'{path}' is a folder; name a CSV")
    if not path.is_file():
        raise ValueError(f"no file '{path}'")
    notes: list[str] = []
    lines = io.StringIO(_text(path, notes), newline="").readlines()
    skipped, delimiter = _preamble(lines)
    lines = lines[skipped:]
    delimiter = form.delimiter or delimiter or _delimiter(path, lines)
    if delimiter not in (",", form.delimiter):
        notes.append(
            f"'{delimiter}' between cells".replace("'\t'", "tabs").replace("' '", "spaces")
        )
    try:
        numbered = [(n + skipped, row) for n, row in _split(lines, delimiter) if row]
    except csv.Error as error:
        raise ValueError(f"'{path}' is not a CSV: {error}") from error
    if not numbered or not any(numbered[0][1]):
        raise ValueError(f"'{path}' has no header")
    header = _header(path, numbered[0][1], form, notes)
    if header is numbered[0][1]:
        del numbered[0]
    if not numbered:
        raise ValueError(f"'{path}' has no rows")
    rows = [_row(path, line, row, header) for line, row in numbered]
    return Table(path, header, [line for line, _ in numbered], rows, notes)


def is_number(cell: str) -> bool:
    """Tell whether a cell is a finite number with a decimal point or comma."""
    return _NUMBER.fullmatch(cell) is not None


def _text(path: Path, notes: list[str]) -> str:
    """Decode a file: UTF-8, UTF-16 with a mark, or else Latin-1, which is told."""
    data = path.read_bytes()
    encoding = next((one for mark, one in _ENCODINGS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or b"\0" in data:
            raise ValueError(f"'{path}' is not a CSV: {error}") from error
        notes.append("letters as Latin-1, since it is not UTF-8")
        text = data.decode("latin-1")
    if "\0" in text:
        raise ValueError(f"'{path}' is not a CSV: it has bytes of 0")
    return text


def _preamble(lines: Sequence[str]) -> tuple[int, str | None]:
    """Count the lines before the table, and take the delimiter that a spreadsheet's one names."""
    found = re.fullmatch(r"sep=(.)", lines[0].strip("\r\n")) if lines else None
    count = 1 if found else 0
    while count < len(lines) and (not lines[count].strip() or lines[count].startswith("#")):
        count += 1
    return count, found[1] if found else None


def _split(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row's last line, from 1, and its cells."""
    if delimiter == " ":
        yield from ((number, line.split()) for number, line in enumerate(lines, 1))
        return
    rows = csv.reader(lines, delimiter=delimiter)
    for row in rows:
        yield rows.line_num, [_one_line(cell.strip()) for cell in row]


def _one_line(cell: str) -> str:
    """Replace ends of lines, which cells in quotes may have, by spaces."""
    return " ".join(cell.splitlines()) if "\n" in cell or "\r" in cell else cell


def _delimiter(path: Path, lines: Sequence[str]) -> str:
    """Find the delimiter by which the first rows have as many cells as the first, and several."""
    sample = [line for line in lines[: 2 * _SAMPLE] if line.strip()][:_SAMPLE]
    widths = {}
    for delimiter in DELIMITERS.values():
        try:
            rows = [row for _, row in _split(sample, delimiter) if row]
        except csv.Error:
            continue
        widths[delimiter] = {len(_trimmed(row, len(rows[0]))) for row in rows} if rows else {1}
    found = [one for one, counts in widths.items() if len(counts) == 1 and counts != {1}]
    # Commas may be decimal marks, and spaces part of dates and names.
    for weak in (" ", ","):
        if len(found) > 1 and weak in found:
            found.remove(weak)
    if len(found) > 1:
        raise ValueError(
            f"cells of '{path}' may be separated by {' or '.join(map(repr, found))}; say which by "
            "delimiter"
        )
    in_header = [one for one in DELIMITERS.values() if sample and one in sample[0] and one != " "]
    return (found or in_header or [","])[0]


def _header(path: Path, first: list[str], form: CsvForm, notes: list[str]) -> list[str]:
    """Return the first row if it has names, or else names that are made."""
    has_samples = all(not cell or is_number(cell) or looks_like_date(cell) for cell in first)
    if form.header or (form.header is None and not has_samples):
        return first
    counts = [[str(number + start) for number in range(len(first))] for start in (0, 1)]
    if form.header is None:
        if first in counts:
            raise ValueError(
                f"line 1 of '{path}' looks like samples, or like names that are numbers; say which "
                "by header"
            )
        notes.append("no line of names")
    return [f"column{number}" for number in range(1, len(first) + 1)]


def _row(path: Path, line: int, row: list[str], header: list[str]) -> list[str]:
    row = _trimmed(row, len(header))
    if len(row) != len(header):
        raise ValueError(
            f"line {line} of '{path}' has {len(row)} cells; the header has {len(header)}"
        )
    return row


def _trimmed(row: list[str], width: int) -> list[str]:
    """Drop empty cells beyond a width, which a delimiter at the end of lines makes."""
    return row[:width] if not any(row[width:]) else row
