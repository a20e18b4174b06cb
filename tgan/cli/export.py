"""`tgan export`: write a generator as a file that runs without this package."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tgan.cli import Parser
from tgan.files import check_writable
from tgan.lookup import look_up

EXAMPLES = """\
examples:
  tgan export runs/demo --format pt2 --out demo.pt2
  tgan export runs/demo --format onnx --out demo.onnx

A JSON file beside it (demo.onnx.json) says what goes in and what comes out. The file is compared
with the generator on batches of 1, 2 and 5 before it is kept. In Python:

  videos = torch.export.load("demo.pt2").module()(torch.rand(4, 64) * 2 - 1)
"""
# Endings by format; the format can be left out.
ENDINGS = {"pt2": ".pt2", "onnx": ".onnx"}


def main(argv: Sequence[str]) -> None:
    """Parse arguments, write two files."""
    arguments = _parser().parse_args(argv)
    out = Path(arguments.out)
    check_writable(out)
    kind = arguments.format or _format_of(out)
    if out.exists() and not arguments.overwrite:
        raise ValueError(f"'{out}' is there already; --overwrite replaces it")

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.build import load_generator
    from tgan.export import card_path, check_installed, export_generator

    check_installed(kind)
    generator, config = load_generator(arguments.run, weights=arguments.weights)
    export_generator(generator, config, out, kind=kind)
    print(out)
    print(card_path(out))


def _format_of(out: Path) -> str:
    formats = {ending: kind for kind, ending in ENDINGS.items()}
    return look_up(formats, out.suffix.lower(), kind="ending (or name a --format)")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tgan export",
        description="Write a run's generator as a file that runs without this package.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", help="a run directory (its newest checkpoint) or a checkpoint")
    add("--out", required=True, help="file to write")
    add("--format", choices=list(ENDINGS), help="pt2 or onnx (default: what --out ends with)")
    add(
        "--weights",
        choices=["auto", "generator", "average"],
        default="auto",
        help="the generator's own, or their running mean (default: the mean if there is one)",
    )
    add("--overwrite", action="store_true", help="replace the file that is there")
    return parser
