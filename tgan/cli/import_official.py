"""`tgan import-official`: make a run out of a snapshot of the authors' program."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tgan.cli import Parser
from tgan.system.files import check_writable

EXAMPLES = """\
examples:
  tgan import-official results/ucf101 --out runs/official
  tgan import-official results/ucf101 --iteration 100000 --out runs/official
  tgan generate runs/official --out samples.mp4
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, make the run, print what was read."""
    arguments = _parser().parse_args(argv)
    check_writable(Path(arguments.out) / "config.yaml")

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.runs.official.importing import import_official

    directory, out = arguments.directory, arguments.out
    snapshot = import_official(directory, out, iteration=arguments.iteration)
    count = sum(map(len, snapshot.arrays.values()))
    print(f"read iteration {snapshot.iteration} of {directory}: {count} arrays, {snapshot.dtype}")
    for name, settings in snapshot.architecture._asdict().items():
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in settings.items())}")
    print(out)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tgan import-official",
        description="Make a run out of a snapshot of the authors' program (pfnet-research/tgan): "
        "gen_iter_K.npz, vgen_iter_K.npz and vdis_iter_K.npz. Chainer is not needed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", metavar="DIR", help="where the snapshots lie")
    parser.add_argument("--iteration", type=int, help="K (default: the newest whole snapshot)")
    parser.add_argument("--out", required=True, help="run directory to write")
    return parser
