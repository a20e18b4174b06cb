"""`tgan levels search`: levels of a run with wanted properties, by CMA-ES in its latents."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tgan.cli import Parser
from tgan.cli.levels import parse_jump
from tgan.cli.options import add_device, add_overwrite, add_weights, at_least, between
from tgan.levels.names import LATENTS, RESULTS, SHEET, level_name
from tgan.system.files import check_files

if TYPE_CHECKING:
    from tgan.config.tiles import TileSet
    from tgan.data.tiles.rules import Walker

EXAMPLES = """\
examples:
  tgan levels search runs/levels --property count:E=4 --out found
  tgan levels search runs/levels --property linearity=0 --property count:coin=3 --out found
  tgan levels search runs/levels --property profile=2,6,2 --levels 8 --repair --out found

properties, the distances from which are added up:
  count:TILE=N      so many places with a tile, named by its character or its name
  linearity=X       heights of columns so far from one line, in rows; 0 is a straight slope
  profile=H,H,...   heights of columns from left to right, in rows above the lower edge

DIR gets a text level and the latent of each search, seeds S, S+1, ..., a picture of all with a
legend, and results.json. What cannot be played comes last in a search, and is refused or, with
--repair, repaired; --without-rules does not ask. docs/levels.md explains all of it.
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, search, write levels, a picture and the results."""
    arguments = _parser().parse_args(argv)
    jump = parse_jump(arguments.jump)
    names = [level_name(number) for number in range(arguments.levels)]
    files = (*names, SHEET, RESULTS, LATENTS)
    check_files(arguments.out, files, overwrite=arguments.overwrite)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.data.tiles.rules import Walker
    from tgan.levels.making import LevelMaker
    from tgan.levels.properties import parse_property
    from tgan.levels.results import accepted, write_results
    from tgan.levels.search import check_method, search_level
    from tgan.runs.trained import load
    from tgan.system.progress import progress

    check_method(arguments.method)
    maker = LevelMaker(load(arguments.run, weights=arguments.weights, device=arguments.device))
    wanted = [parse_property(text, maker.tiles) for text in arguments.property]
    walker = None if arguments.without_rules else Walker(*jump)
    check_rules(maker.tiles, walker)
    levels = []
    with progress(arguments.levels, unit="level") as bar:
        for seed in range(arguments.seed, arguments.seed + arguments.levels):
            found = search_level(
                maker,
                wanted,
                walker=walker,
                evaluations=arguments.evaluations,
                seed=seed,
                method=arguments.method,
            )
            levels.append(accepted(found, maker, wanted, walker, repairs=arguments.repair))
            bar.update()
    write_results(arguments.out, levels, maker, method=arguments.method)
    for level in levels:
        print(level)
    print(arguments.out)


def check_rules(tiles: "TileSet", walker: "Walker | None") -> None:
    """Refuse rules for tiles that nobody can stand on.

    Raises:
        ValueError: no tile is solid.
    """
    if walker is not None and not any(tile.solid for tile in tiles.tiles):
        raise ValueError("no tile of the run is solid, so that nobody can stand: --without-rules")


def _parser() -> Parser:
    parser = Parser(
        prog="tgan levels search",
        description="Search in the latents of a run for levels with wanted properties.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, count = parser.add_argument, {"type": at_least(1), "metavar": "N"}
    add(
        "run", type=Path, metavar="RUN", help="a run of levels, a checkpoint, or an exported folder"
    )
    add("--property", action="append", required=True, metavar="P", help="see below; repeatable")
    add("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    add("--levels", type=between(1, 1000), default=1, metavar="N", help="searches (default 1)")
    add("--evaluations", default=1000, help="levels looked at in each (default 1000)", **count)
    add("--seed", type=at_least(0), default=0, metavar="S", help="of the first one (default 0)")
    add("--method", default="cma", help="cma, or random, a baseline (default cma)")
    add("--jump", default="3x5", metavar="ROWSxCOLUMNS", help="of the walker (default 3x5)")
    rules = parser.add_mutually_exclusive_group()
    rules.add_argument("--repair", action="store_true", help="mend what cannot be played")
    rules.add_argument("--without-rules", action="store_true", help="take what cannot be played")
    add_weights(parser)
    add_overwrite(parser, "results that are in DIR")
    add_device(parser)
    return parser
