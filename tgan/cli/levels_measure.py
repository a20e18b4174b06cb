"""`tgan levels measure`: samples of a run of levels beside training and held-out windows."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tgan.cli import Parser
from tgan.cli.levels import parse_jump
from tgan.cli.options import add_device, add_overwrite, add_weights, at_least
from tgan.system.files import check_not_there, check_writable, write_whole

EXAMPLES = """\
examples:
  tgan levels measure runs/levels
  tgan levels measure runs/levels --samples 1000 --jump 4x8 --json scores.json

shares, of all levels unless said otherwise:
  playable        a walker gets from the left edge to the right (not where no tile is solid)
  whole_pipes     no part of a pipe stands alone, where tiles < > [ ] are there
  new             no training level has such a window
  different       different ones among them
  known_patterns  of their patterns of 3x3 tiles, those that occur in training levels

independent are training windows whose places are drawn each for itself, a baseline;
repaired are the samples after what is left of broken pipes was taken away and a way was made.
docs/levels.md explains all of it.
"""
# Samples share no seed with those that users ask for first.
FIRST_SEED = 3_000_000


def main(argv: Sequence[str]) -> None:
    """Parse arguments, measure, print a table, write JSON."""
    arguments = _parser().parse_args(argv)
    jump = parse_jump(arguments.jump)
    if arguments.json is not None:
        check_writable(arguments.json)
        check_not_there(arguments.json, overwrite=arguments.overwrite)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.data.tiles.rules import Walker
    from tgan.levels.making import LevelMaker
    from tgan.levels.scoring import score_run
    from tgan.runs.trained import load

    run = load(arguments.run, weights=arguments.weights, device=arguments.device)
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.samples)
    scores = score_run(LevelMaker(run), seeds, walker=Walker(*jump), data_seed=arguments.seed)
    print(table(scores["shares"]))
    if arguments.json is not None:
        text = json.dumps({"run": str(arguments.run), **scores}, indent=2) + "\n"
        write_whole(arguments.json, lambda part: part.write_text(text, encoding="utf-8"))
        print(arguments.json)


def table(shares: Mapping[str, Mapping[str, float]]) -> str:
    """A line for each measure, and a column for each kind of levels."""
    names = list(next(iter(shares.values())))
    rows = [["", *shares]]
    rows += [[name, *(f"{found[name]:.1%}" for found in shares.values())] for name in names]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        row[0].ljust(widths[0])
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )


def _parser() -> Parser:
    parser = Parser(
        prog="tgan levels measure",
        description="Measure samples of a run of levels beside training and held-out windows.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="a run of levels, or a checkpoint")
    whole = {"type": at_least(1), "metavar": "N"}
    add("--samples", default=256, help="levels of each kind (default 256)", **whole)
    add("--seed", type=at_least(0), default=0, help="of the real windows (default 0)")
    add("--jump", default="3x5", metavar="ROWSxCOLUMNS", help="of the walker (default 3x5)")
    add("--json", type=Path, metavar="FILE", help="file for all scores, and shares of tiles")
    add_weights(parser)
    add_overwrite(parser)
    add_device(parser)
    return parser
