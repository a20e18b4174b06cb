"""`tgan evaluate`: measure samples against real clips, or two runs against each other."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tgan.cli import Parser
from tgan.cli.options import add_device, add_overwrite, add_weights, between, names
from tgan.evaluation.names import CONTROL_NAMES, DEFAULT_CONTROLS, LIMITS
from tgan.system.files import check_not_there, check_writable

if TYPE_CHECKING:
    from tgan import Scores

EXAMPLES = """\
examples:
  tgan evaluate runs/demo --json scores.json
  tgan evaluate runs/demo --metrics frechet_efficientnet_lite0,kid_transnetv2 --json scores.json
  tgan evaluate runs/demo --data my_videos --controls --samples 500 --json scores.json
  tgan evaluate runs/ucf --metrics fvd --network i3d=i3d_torchscript.pt --json fvd.json
  tgan evaluate runs/a --against runs/b --json gam.json
  tgan evaluate runs/demo --metrics nearest --json copies.json
  tgan evaluate --data my_videos --resolution 64 --json floor.json
  tgan evaluate --data mine --controls real --control-data yours --json apart.json

A metric is gam, nearest, acd_color, fvd, jedi, cd_fvd, inception_score_ucf101, or KIND_NETWORK: a
KIND such as frechet, kid, diversity, acd, stable_class over a NETWORK (pooled192, pooled32 for
images, and pixels need no weights). Published names take their published number of samples,
whatever --samples says. docs/evaluation.md says what each metric sees and what it misses.

Interrupted, the same command goes on where it was: the state lies beside the JSON file.

In Python: tgan.evaluate("runs/demo", metrics=["frechet_pooled192"]).save("scores.json")
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, measure, write one JSON file, print a table."""
    arguments = vars(_parser().parse_args(argv))
    out = Path(arguments.pop("json"))
    check_writable(out)
    check_not_there(out, overwrite=arguments["overwrite"])

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.system.device import pick_device
    from tgan.system.memory import keep_freed_memory

    arguments["device"] = pick_device(arguments["device"])
    if arguments["device"] == "cpu":
        keep_freed_memory()
    arguments["networks"] = dict(arguments["networks"])
    scores = _evaluate(
        **arguments,
        picture=out.with_name(f"{out.name}.nearest.png"),
        state=out.with_name(f"{out.name}.partial.npz"),
    )
    # Printed first: a disk that is full must not cost the numbers.
    print(scores)
    scores.save(out, overwrite=True)
    print(out)


def _evaluate(**arguments: Any) -> "Scores":
    """Evaluate, and say what helps on a command line where that fails."""
    from tqdm import tqdm

    from tgan.evaluation.evaluate import evaluate
    from tgan.evaluation.runner import OtherSettings
    from tgan.features.weights import MissingWeights

    def bar(total: int) -> tqdm:
        seconds = 0.1 if sys.stderr.isatty() else 30
        return tqdm(total=total, unit="batch", mininterval=seconds, dynamic_ncols=True)

    try:
        return evaluate(**arguments, progress=bar)
    except OtherSettings as error:
        remedy = "repeat those, write elsewhere, or start anew with --overwrite"
        raise ValueError(f"{error}; {remedy}") from None
    except MissingWeights as error:
        raise ValueError(f"{error}; name it as --network {error.network}=PATH") from None


def _parser() -> Parser:
    parser = Parser(
        prog="tgan evaluate",
        description="Measure samples of a run against real clips. Every number is written with "
        "its protocol.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    limited = {name: between(*limits) for name, limits in LIMITS.items()}
    add("run", nargs="?", help="a run directory or a checkpoint; without one, controls alone")
    add("--json", required=True, help="file to write")
    add(
        "--metrics",
        type=names,
        help="names with commas between (default: those that need no weights)",
    )
    add(
        "--data",
        help="real clips: a folder, or those that the run names, train or held-out (default: "
        "held-out); they are read where they are, and nothing is downloaded",
    )
    add(
        "--samples",
        type=limited["samples"],
        default=2048,
        help="clips of each kind (default 2048)",
    )
    add(
        "--seed",
        type=limited["seed"],
        default=0,
        help="another one takes other samples and clips (default 0)",
    )
    add("--batch-size", type=limited["batch_size"], default=16, help="clips at once (default 16)")
    add_device(parser)
    add_weights(parser)
    add(
        "--network",
        action="append",
        dest="networks",
        type=_pair,
        default=[],
        metavar="NAME=PATH",
        help="weights of a network that comes without them, such as i3d=i3d_torchscript.pt",
    )
    add("--against", metavar="RUN", help="another run, for the metric gam")
    add(
        "--controls",
        nargs="?",
        type=names,
        const=",".join(DEFAULT_CONTROLS),
        metavar="NAMES",
        help="also measure changed real clips as if they were samples: any of "
        f"{','.join(CONTROL_NAMES)} (without names the first {len(DEFAULT_CONTROLS)})",
    )
    add(
        "--control-data",
        metavar="DATA",
        help="make controls of these clips, such as held-out (default: one half of the real clips, "
        "measured against the other)",
    )
    add("--resolution", type=int, help="of the clips, without a run (default 64)")
    add("--num-frames", type=int, help="of the clips, without a run (default 16)")
    add("--stride", type=int, help="between frames of the clips, without a run (default 1)")
    add("--channels", type=int, choices=[1, 3], help="of the clips, without a run (default 3)")
    add_overwrite(parser)
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"'{text}'; NAME=PATH is needed, such as i3d=i3d.pt")
    return name, path
