"""`tgan plot`: losses, critic gap and distances of a run over its steps, as a picture."""

import argparse
from collections.abc import Sequence

from tgan.cli import Parser
from tgan.system.files import check_not_there, check_writable, write_whole

EXAMPLES = """\
examples:
  tgan plot runs/demo --out curves.png
  tgan plot runs/demo --out curves.svg --overwrite

In Python: tgan.load("runs/demo").plot()
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, draw, write one file."""
    arguments = _parser().parse_args(argv)
    check_writable(arguments.out)
    check_not_there(arguments.out, overwrite=arguments.overwrite)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.runs.curves import check_format
    from tgan.runs.trained import load

    check_format(arguments.out)
    figure = load(arguments.run, device="cpu").plot()
    write_whole(arguments.out, lambda part: figure.savefig(part, dpi=150))
    print(arguments.out)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tgan plot",
        description="Draw what a run logged: losses, critic gap, distances and slopes over steps.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", help="a run directory, or a checkpoint in one")
    add("--out", required=True, help="file to write: .png, .svg or .pdf")
    add("--overwrite", action="store_true", help="replace the file that is there")
    return parser
