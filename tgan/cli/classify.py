"""`tgan classify`: classes of pictures or videos, by the critic of a run that learned them."""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tgan.cli import Parser
from tgan.cli.options import add_device, add_overwrite
from tgan.system.files import check_not_there, check_writable, write_whole

if TYPE_CHECKING:
    import numpy as np

    from tgan.data.clips import ClipSource

EXAMPLES = """\
examples:
  tgan train --config configs/semi_supervised.yaml --run-dir runs/few
  tgan classify runs/few held-out
  tgan classify runs/few my_pictures --out classes.csv

Where DATA have classes, as pictures in a folder per class have, it is said how many guesses are
right. The CSV file has a line for each picture or video: its name or number, its class if it has
one, the most probable class, and the probability of every class.
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, classify, print the accuracy, write a CSV file if one is named."""
    arguments = _parser().parse_args(argv)
    if arguments.out is not None:
        check_writable(arguments.out)
        check_not_there(arguments.out, overwrite=arguments.overwrite)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.runs.classifying import check_classifies, describe_right, guesses_right
    from tgan.runs.trained import load

    run = load(arguments.run, device=arguments.device)
    check_classifies(run)
    source = run.clips(arguments.data)
    for name, reason in source.skipped:
        print(f"skipped {name}: {reason}")
    probabilities = run.classify(source)
    right = guesses_right(probabilities, source, run.classes)
    if len(right):
        print(describe_right(right))
    if arguments.out is not None:
        rows = _rows(source, probabilities, run.classes)
        write_whole(arguments.out, lambda part: _write(part, rows))
        print(arguments.out)


def _rows(
    source: "ClipSource", probabilities: "np.ndarray", classes: Sequence[str]
) -> list[list[object]]:
    names = list(getattr(source, "names", [])) or range(len(source))
    head: list[object] = ["clip", "class", "guess", *classes]
    rows = [head]
    for index, (name, row) in enumerate(zip(names, probabilities, strict=True)):
        label = source.label(index)
        own = "" if label is None else source.labels[label]
        rows.append([name, own, classes[row.argmax()], *(f"{p:.6f}" for p in row)])
    return rows


def _write(path: Path, rows: list[list[object]]) -> None:
    # Names of files that are no UTF-8 are written with the bytes that they have.
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _parser() -> Parser:
    parser = Parser(
        prog="tgan classify",
        description="Guess classes by the critic of a run that learned them from few labels.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="a run with train.cross_entropy_weight, or a checkpoint of one")
    add(
        "data",
        metavar="DATA",
        help="held-out or train (the run's own), a folder of pictures or videos, or a .npz file",
    )
    add("--out", type=Path, metavar="FILE", help="CSV file to write")
    add_overwrite(parser, "the file that is there")
    add_device(parser)
    return parser
