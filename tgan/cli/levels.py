"""`tgan levels KIND`: what a run of levels makes, measured, or searched for a property."""

import argparse
import importlib
from collections.abc import Sequence

from tgan.cli import Parser

# A module has `main(argv)` with what comes after the kind.
KINDS = {
    "measure": ("tgan.cli.levels_measure", "how many can be played, are whole, and new"),
    "search": ("tgan.cli.levels_search", "for levels with wanted properties, by CMA-ES"),
}
EXAMPLES = """\
examples:
  tgan levels measure runs/levels
  tgan levels search runs/levels --property count:E=4 --out found
  tgan levels search --help

kinds:
""" + "\n".join(f"  {kind}  {text}" for kind, (_, text) in KINDS.items())


def main(argv: Sequence[str]) -> None:
    """Hand the arguments to the module of the kind that comes first."""
    parser = Parser(
        prog="tgan levels",
        description="Measure levels of a run, or search for some. Each has a --help of its own.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    arguments = parser.parse_args(argv[:1])
    module, _ = KINDS[arguments.kind]
    importlib.import_module(module).main(argv[1:])


def parse_jump(text: str) -> tuple[int, int]:
    """Rows and columns of a jump from text such as `3x5`.

    Raises:
        ValueError: anything else.
    """
    height, cross, length = text.lower().partition("x")
    if not cross or not height.isdecimal() or not length.isdecimal() or "0" in (height, length):
        raise ValueError(f"--jump '{text}'; rows and columns are needed, such as 3x5")
    return int(height), int(length)
