"""`tgan train-encoder`: an encoder of pictures for a run's generator, for `tgan detect`."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from tgan.anomaly.images.names import ENCODER
from tgan.cli import Parser
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
    from tqdm import tqdm

    from tgan.anomaly.images.encoder_training import train_encoder
    from tgan.anomaly.images.pictures import check_scores_pictures
    from tgan.runs.trained import load

    run = load(arguments.run, weights=arguments.weights, device=arguments.device)
    check_scores_pictures(run)
    check_not_there(arguments.run / ENCODER, overwrite=arguments.overwrite)
    print(f"{counted(len(run.data), 'picture')} to train on")
    settings = ("steps", "batch_size", "learning_rate", "kappa", "width", "seed")
    with tqdm(total=arguments.steps, unit="step") as bar:

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
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="a run of images without classes, or a checkpoint")
    add("--steps", type=int, default=5000, metavar="N", help="training steps (default 5000)")
    add("--batch-size", type=int, default=64, metavar="N", help="pictures in a step (default 64)")
    add(
        "--learning-rate",
        type=float,
        default=5e-5,
        metavar="R",
        help="of RMSprop (default 5e-5, the paper's for 50,000 steps)",
    )
    add("--kappa", type=float, default=1.0, metavar="K", help="weight of features (default 1)")
    add("--width", type=int, metavar="N", help="of the first layer (default the critic's)")
    add("--seed", type=int, default=0, metavar="S", help="of weights and order (default 0)")
    parser.add_weights()
    add("--overwrite", action="store_true", help="replace the encoder that is there")
    add("--device", default="auto", help="cpu, cuda, ... (default: what there is)")
    return parser


def _check(arguments: argparse.Namespace) -> None:
    for option, least in {"steps": 1, "batch_size": 1, "width": 1, "seed": 0}.items():
        value = getattr(arguments, option)
        if value is not None and value < least:
            raise ValueError(f"--{option.replace('_', '-')} {value} is below {least}")
    if not 0 < arguments.learning_rate < math.inf:
        raise ValueError(f"--learning-rate {arguments.learning_rate} is not positive and finite")
    if not 0 <= arguments.kappa < math.inf:
        raise ValueError(f"--kappa {arguments.kappa} is not finite, from 0")
