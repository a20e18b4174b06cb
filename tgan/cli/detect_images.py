"""`tgan detect images`: score pictures by a run that was trained on normal ones."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tgan.cli import Parser
from tgan.cli.names import parse_names
from tgan.files import check_not_there, check_writable
from tgan.lookup import look_up
from tgan.words import counted

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
METHODS = ("critic", "search", "encoder", "pca")
HELD_OUT = "held-out"
SCORES, SHEET, METRICS = "scores.csv", "sheet.png", "metrics.json"


def main(argv: Sequence[str]) -> None:
    """Parse arguments, score, write a table, a picture, and metrics where classes are known."""
    arguments = _parser().parse_args(argv)
    arguments.methods = parse_names(arguments.methods, option="--methods")
    arguments.normal = parse_names(arguments.normal, option="--normal")
    _check(arguments)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.anomaly.sheet import write_sheet
    from tgan.cli.detectors import open_detector
    from tgan.cli.scores_files import metrics_of, table, write_metrics, write_scores

    detector = open_detector(arguments)
    if detector.source.skipped:
        name, reason = detector.source.skipped[0]
        print(
            f"{counted(len(detector.source.skipped), 'picture')} cannot be used, the first: "
            f"{name}: {reason}"
        )
    print(f"{counted(len(detector.source), 'picture')}, methods: {', '.join(detector.methods)}")
    results = detector.score()
    columns = {method: scored.scores.cpu().numpy() for method, scored in results.items()}
    metrics = None
    if detector.is_abnormal is not None:
        metrics = metrics_of(columns, detector.is_abnormal)
    write_scores(arguments.out / SCORES, detector.source, columns)
    write_sheet(arguments.out / SHEET, detector.pictures.cpu(), results)
    if metrics is not None:
        write_metrics(arguments.out / METRICS, metrics, detector)
        print(table(metrics))
    print(arguments.out)


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
    if arguments.out.exists() and not arguments.out.is_dir():
        raise ValueError(f"--out {arguments.out} is a file; name a folder")
    for name in (SCORES, SHEET, METRICS):
        path = arguments.out / name
        check_writable(path)
        check_not_there(path, overwrite=arguments.overwrite)
