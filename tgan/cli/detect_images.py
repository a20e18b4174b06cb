"""`tgan detect images`: score pictures by a run that was trained on normal ones."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tgan.anomaly.images.names import ENCODER
from tgan.cli.picture_arguments import parse
from tgan.lookup import counted

if TYPE_CHECKING:
    from tgan.anomaly.images.detector import ImageDetector


def main(argv: Sequence[str]) -> None:
    """Parse arguments, score, write a table, a picture, and metrics where classes are known."""
    arguments = parse(argv)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.anomaly.images.results import table

    detector = _detector(arguments)
    pictures = detector.open(arguments.pictures, labels_key=arguments.labels_key)
    if arguments.normal:
        pictures.is_abnormal(arguments.normal)  # Refuses classes that there are not.
    if skipped := pictures.source.skipped:
        name, reason = skipped[0]
        print(f"{counted(len(skipped), 'picture')} cannot be used, the first: {name}: {reason}")
    print(f"{counted(len(pictures), 'picture')}, methods: {', '.join(detector.methods)}")
    found = detector.score(pictures)
    found.write(arguments.out, normal=arguments.normal, overwrite=True)
    if arguments.normal:
        print(table(found.metrics(arguments.normal)))
    print(arguments.out)


def _detector(arguments: argparse.Namespace) -> "ImageDetector":
    from tgan.anomaly.images.detector import ImageDetector
    from tgan.anomaly.images.encoder import NoEncoder
    from tgan.runs.trained import load

    run = load(arguments.run, weights=arguments.weights, device=arguments.device)
    try:
        return ImageDetector(
            run,
            arguments.methods or None,
            steps=arguments.steps,
            restarts=arguments.restarts,
            seed=arguments.seed,
            batch_size=arguments.batch_size,
        )
    except NoEncoder as error:
        option = " --overwrite" if (arguments.run / ENCODER).exists() else ""
        remedy = f"make one by tgan train-encoder {arguments.run}{option}"
        raise ValueError(f"{error}: {remedy}") from None
