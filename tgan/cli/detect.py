"""`tgan detect KIND`: how abnormal data of a kind are; each kind has a module of its own."""

import argparse
import importlib
from collections.abc import Sequence

from tgan.cli import Parser

# A module has `main(argv)` with what comes after the kind.
KINDS = {
    "images": ("tgan.cli.detect_images", "pictures, by a run that was trained on normal ones"),
    "series": ("tgan.cli.detect_series", "time series in CSV files, by a TadGAN"),
}
EXAMPLES = """\
examples:
  tgan detect images runs/parts my_pictures --out anomalies
  tgan detect series fit normal.csv --out detector --interval 600
  tgan detect series score detector today.csv --out anomalies
  tgan detect images --help

kinds:
""" + "\n".join(f"  {kind}  {text}" for kind, (_, text) in KINDS.items())


def main(argv: Sequence[str]) -> None:
    """Hand the arguments to the module of the kind that comes first."""
    parser = Parser(
        prog="tgan detect",
        description="Score how abnormal data are. Each kind of data has a --help of its own.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    arguments = parser.parse_args(argv[:1])
    module, _ = KINDS[arguments.kind]
    importlib.import_module(module).main(argv[1:])
