"""Options that say how a file of a series is written."""

import argparse

from tgan.anomaly.series.data.tables import DELIMITERS, UNITS, CsvForm
from tgan.cli import Parser
from tgan.cli.options import names, seconds
from tgan.lookup import alternatives


def add_file(parser: Parser, *, values: str) -> None:
    """Add options of what a file holds; those that are not given are detected."""
    add = parser.add_argument_group("the file").add_argument
    times = "column of times, or those of date and time (default: timestamp, or the one that is)"
    add("--timestamp", metavar="COL[,COL]", help=times)
    columns = f"columns of values (default: {values})"
    add("--values", type=names, metavar="COL,...", help=columns)
    every = "seconds between samples that have no times"
    add("--every", type=seconds, metavar="SECONDS", help=every)
    add(
        "--delimiter",
        type=_delimiter,
        metavar="C",
        help=f"a character, or {alternatives(DELIMITERS)}",
    )
    add("--decimal", choices=(".", ","), metavar="MARK", help="in numbers: . or ,")
    add("--header", choices=("yes", "no"), help="whether the first line has names")
    add("--unit", choices=tuple(UNITS), help="of times that are numbers")
    date_format = "of times that are dates, such as %%d.%%m.%%Y %%H:%%M"
    add("--date-format", metavar="FORMAT", help=date_format)


def _delimiter(text: str) -> str:
    return DELIMITERS.get(text, {"\\t": "\t"}.get(text, text))


def form_of(arguments: argparse.Namespace) -> CsvForm:
    """Make the form of a file of what options say.

    Raises:
        ValueError: options that do not go together.
    """
    header = None if arguments.header is None else arguments.header == "yes"
    if arguments.every is not None and arguments.timestamp is not None:
        raise ValueError("--every says that there are no times, and --timestamp where they are")
    same = ("delimiter", "decimal", "unit", "date_format", "every")
    return CsvForm(header=header, **{name: getattr(arguments, name) for name in same})
