"""`tgan train-encoder`: an encoder of pictures for a run's generator, for `tgan detect`."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from tgan.anomaly.images.names import ENCODER
from tgan.cli import Parser
from tgan.cli.options import add_device, add_overwrite, add_weights, at_least
from tgan.lookup import counted
from tgan.system.files import check_not_there

EXAMPLES = """\
examples:
  tgan train-encoder runs/digits
  tgan train-encoder runs/digits --steps 2000 --learning-rate 5e-4 --overwrite
  tgan detect images runs/digits my_pictures --out anomalies

The encoder is trained on the run's own training pictures and lies in RUN/encoder. It belongs to
these very weights of the generator: once the run has been trained on, it is refused.
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, train, write RUN/encoder."""
    arguments = _parser().parse_args(argv)
    _check(arguments)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.anomaly.images.encoder_training import train_encoder
    from tgan.anomaly.images.pictures import check_scores_pictures
    from tgan.runs.trained import load
    from tgan.system.progress import progress

    run = load(arguments.run, weights=arguments.weights, device=arguments.device)
    check_scores_pictures(run)
    check_not_there(arguments.run / ENCODER, overwrite=arguments.overwrite)
    print(f"{counted(len(run.data), 'picture')} to train on")
    settings = ("steps", "batch_size", "learning_rate", "kappa", "width", "seed")
    with progress(arguments.steps, unit="step") as bar:

        def report(loss: float) -> None:
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            bar.update()

        encoder = train_encoder(
            run, report=report, **{name: getattr(arguments, name) for name in settings}
        )
    path = encoder.save(arguments.run, overwrite=True)
    print(f"loss {encoder.facts.loss:.4f}")
    print(path)


def _parser() -> Parser:
    parser = Parser(
        prog="tgan train-encoder",
        description="Train an encoder from pictures to the latents of a run's generator.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, count = parser.add_argument, {"type": at_least(1), "metavar": "N"}
    add("run", type=Path, metavar="RUN", help="a run of images without classes, or a checkpoint")
    add("--steps", default=5000, help="training steps (default 5000)", **count)
    add("--batch-size", default=64, help="pictures in a step (default 64)", **count)
    add(
        "--learning-rate",
        type=float,
        default=5e-5,
        metavar="R",
        help="of RMSprop (default 5e-5, the paper's for 50,000 steps)",
    )
    add("--kappa", type=float, default=1.0, metavar="K", help="weight of features (default 1)")
    add("--width", help="of the first layer (default the critic's)", **count)
    seed = "of weights and order (default 0)"
    add("--seed", type=at_least(0), default=0, metavar="S", help=seed)
    add_weights(parser)
    add_overwrite(parser, "the encoder that is there")
    add_device(parser)
    return parser


def _check(arguments: argparse.Namespace) -> None:
    if not 0 < arguments.learning_rate < math.inf:
        raise ValueError(f"--learning-rate {arguments.learning_rate} is not positive and finite")
    if not 0 <= arguments.kappa < math.inf:
        raise ValueError(f"--kappa {arguments.kappa} is not finite, from 0")
