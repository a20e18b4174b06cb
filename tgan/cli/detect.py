"""`tgan detect KIND`: how abnormal data of a kind are; each kind has a module of its own."""

import importlib
from collections.abc import Sequence

from tgan.cli import Parser

# A module has `main(argv)` with what comes after the kind.
KINDS = {
    "images": ("tgan.cli.detect_images", "pictures, by a run that was trained on normal ones"),
}


def main(argv: Sequence[str]) -> None:
    """Hand the arguments to the module of the kind that comes first."""
    parser = Parser(
        prog="tgan detect",
        description="Score how abnormal data are.",
        epilog="`tgan detect KIND --help` shows the arguments and examples of a kind: "
        + "; ".join(f"{kind} ({text})" for kind, (_, text) in KINDS.items()),
    )
    parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    arguments = parser.parse_args(argv[:1])
    module, _ = KINDS[arguments.kind]
    importlib.import_module(module).main(argv[1:])
