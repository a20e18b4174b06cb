"""Arguments of `tgan detect images`, checked as far as they can be before anything is read."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tgan.anomaly.images.names import HELD_OUT, METHODS, METRICS, SCORES, SHEET
from tgan.cli import Parser
from tgan.cli.names import parse_names
from tgan.lookup import look_up
from tgan.system.files import check_files

EXAMPLES = """\
examples:
  tgan detect images runs/parts my_pictures --out anomalies
  tgan detect images runs/parts my_pictures --out anomalies --normal good --methods search,pca
  tgan detect images runs/without-9 held-out --out anomalies-9 --normal 0,1,2,3,4,5,6,7,8

methods, of which higher scores are always more abnormal:
  critic   the critic's score with its sign turned
  search   AnoGAN: the loss of the best latent that a search finds for the picture
  encoder  f-AnoGAN: the loss of the latent that an encoder gives (tgan train-encoder RUN first)
  pca      distance to the principal components of the run's training pictures, a baseline

PICTURES is a folder of pictures or a .npz file with an array images, or held-out: what the run's
own data hold back from training, of all classes. DIR gets scores.csv, sheet.png (the most abnormal
and the most normal pictures of each method) and, with --normal, metrics.json: areas under the ROC
curve and average precisions with 95 % bootstrap intervals. docs/anomaly.md explains them.
"""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments, with methods and normal classes as names.

    Raises:
        ValueError: an unknown method, a number out of range, or a place that cannot be written, or
            holds what would be replaced unasked.
    """
    arguments = _parser().parse_args(argv)
    arguments.methods = parse_names(arguments.methods, option="--methods")
    arguments.normal = parse_names(arguments.normal, option="--normal")
    _check(arguments)
    return arguments


def _parser() -> Parser:
    parser = Parser(
        prog="tgan detect images",
        description="Score how abnormal pictures are for a run that was trained on normal ones.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="a run of images without classes, or a checkpoint")
    add("pictures", metavar="PICTURES", help=f"folder or .npz file, or {HELD_OUT}")
    add("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    add(
        "--methods",
        nargs="+",
        metavar=("METHOD,...", "METHOD"),
        help=f"any of {', '.join(METHODS)} (default: all, without encoder where RUN has none)",
    )
    add(
        "--normal",
        nargs="+",
        metavar=("NAME,...", "NAME"),
        help="classes that are normal; the others are abnormal",
    )
    add("--labels-key", metavar="KEY", help="the array of a .npz file that names classes")
    add("--steps", type=int, default=500, metavar="N", help="of a search (default 500)")
    add("--restarts", type=int, default=1, metavar="N", help="searches per picture (default 1)")
    add("--seed", type=int, default=0, metavar="S", help="of the searches' starts (default 0)")
    add("--batch-size", type=int, default=64, metavar="N", help="pictures at once (default 64)")
    parser.add_weights()
    add("--overwrite", action="store_true", help="replace results that are in DIR")
    add("--device", default="auto", help="cpu, cuda, ... (default: what there is)")
    return parser


def _check(arguments: argparse.Namespace) -> None:
    for name in arguments.methods:
        look_up(dict.fromkeys(METHODS), name, kind="method")
    for option, least in {"steps": 1, "restarts": 1, "seed": 0, "batch_size": 1}.items():
        value = getattr(arguments, option)
        if value < least:
            raise ValueError(f"--{option.replace('_', '-')} {value} is below {least}")
    if arguments.pictures == HELD_OUT and arguments.labels_key is not None:
        raise ValueError(f"--labels-key is for a .npz file, not for {HELD_OUT}")
    check_files(arguments.out, (SCORES, SHEET, METRICS), overwrite=arguments.overwrite)
