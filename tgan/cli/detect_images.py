"""`tgan detect images`: score pictures by a run that was trained on normal ones."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tgan.anomaly.images.names import ENCODER, HELD_OUT, METHODS, METRICS, SCORES, SHEET
from tgan.cli import Parser
from tgan.cli.names import parse_names
from tgan.cli.options import add_device, add_overwrite, add_weights, at_least
from tgan.lookup import counted, look_up
from tgan.system.files import check_files

if TYPE_CHECKING:
    from tgan.anomaly.images.detector import ImageDetector

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


def main(argv: Sequence[str]) -> None:
    """Parse arguments, score, write a table, a picture, and metrics if classes are named."""
    arguments = _parser().parse_args(argv)
    arguments.methods = parse_names(arguments.methods, option="--methods")
    _check(arguments)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.anomaly.images.results import table

    detector = _detector(arguments)
    pictures = detector.open(arguments.pictures, labels_key=arguments.labels_key)
    known = pictures.source.labels
    normal = parse_names(arguments.normal, option="--normal", known=known)
    if normal:
        pictures.is_abnormal(normal)  # Raises for classes that do not exist.
    if skipped := pictures.source.skipped:
        name, reason = skipped[0]
        print(f"{counted(len(skipped), 'picture')} cannot be used, the first: {name}: {reason}")
    print(f"{counted(len(pictures), 'picture')}, methods: {', '.join(detector.methods)}")
    found = detector.score(pictures)
    found.write(arguments.out, normal=normal, overwrite=True)
    if normal:
        print(table(found.metrics(normal)))
    print(arguments.out)


def _detector(arguments: argparse.Namespace) -> "ImageDetector":
    from tgan.anomaly.images.detector import ImageDetector
    from tgan.anomaly.images.encoder import NoEncoder
    from tgan.runs.trained import load

    run = load(arguments.run, weights=arguments.weights, device=arguments.device)
    settings = ("steps", "restarts", "seed", "batch_size")
    try:
        return ImageDetector(
            run,
            arguments.methods or None,
            **{name: getattr(arguments, name) for name in settings},
        )
    except NoEncoder as error:
        option = " --overwrite" if (arguments.run / ENCODER).exists() else ""
        remedy = f"make one by tgan train-encoder {arguments.run}{option}"
        raise ValueError(f"{error}: {remedy}") from None


def _parser() -> Parser:
    parser = Parser(
        prog="tgan detect images",
        description="Score how abnormal pictures are for a run that was trained on normal ones.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, count = parser.add_argument, {"type": at_least(1), "metavar": "N"}
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
    add("--steps", default=500, help="of a search (default 500)", **count)
    add("--restarts", default=1, help="searches per picture (default 1)", **count)
    starts = "of the searches' starts (default 0)"
    add("--seed", type=at_least(0), default=0, metavar="S", help=starts)
    add("--batch-size", default=64, help="pictures at once (default 64)", **count)
    add_weights(parser)
    add_overwrite(parser, "results that are in DIR")
    add_device(parser)
    return parser


def _check(arguments: argparse.Namespace) -> None:
    parse_names(arguments.normal, option="--normal")
    for name in arguments.methods:
        look_up(dict.fromkeys(METHODS), name, kind="method")
    if arguments.pictures == HELD_OUT and arguments.labels_key is not None:
        raise ValueError(f"--labels-key is for a .npz file, not for {HELD_OUT}")
    check_files(arguments.out, (SCORES, SHEET, METRICS), overwrite=arguments.overwrite)
