"""Arguments of `tgan evaluate`, and what can be told of them before anything is read."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tgan.cli import Parser
from tgan.cli.names import parse_names
from tgan.system.files import check_not_there, check_writable

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

A metric is gam, nearest, acd_color, fvd, inception_score_ucf101, or KIND_NETWORK: a KIND of
frechet, kid, diversity, acd, inception_score, class_histogram over a NETWORK (pooled192, pooled32
for images, and pixels need no weights). fvd and inception_score_ucf101 take their published number
of samples, whatever --samples says. docs/evaluation.md says what each metric sees and what it
misses.

Interrupted, the same command goes on where it was: the state lies beside the JSON file.
"""
# Metrics with a job of their own instead of a network.
GAM, NEAREST = "gam", "nearest"
DEFAULT_CONTROLS = "real,shuffled,frozen,noise"
DEFAULT_SIZES = {"resolution": 64, "num_frames": 16, "stride": 1, "channels": 3}
MAX_SAMPLES = 1_000_000
MAX_BATCH = 10_000


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments, with metrics, controls and networks as names, and defaults filled in.

    Raises:
        ValueError: a number out of range, arguments that do not fit each other, or a place that
            cannot be written, or holds what would be replaced unasked.
    """
    arguments = _parser().parse_args(argv)
    _complete(arguments)
    _check(arguments)
    return arguments


def picture_path(out: str) -> Path:
    """Where the metric nearest puts its picture, beside the JSON file `out`."""
    return Path(f"{out}.nearest.png")


def _parser() -> Parser:
    parser = Parser(
        prog="tgan evaluate",
        description="Measure samples of a run against real clips. Every number is written with "
        "its protocol.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", nargs="?", help="a run directory or a checkpoint; without one, controls alone")
    add("--json", required=True, help="file to write")
    add("--metrics", help="names with commas between (default: those that need no weights)")
    add("--data", help="real clips: a folder, train, or held-out (default: the run's held-out)")
    add("--samples", type=int, default=2048, help="clips of each kind (default 2048)")
    add("--seed", type=int, default=0, help="another one takes other samples and clips (default 0)")
    add("--batch-size", type=int, default=16, help="clips at once (default 16)")
    add("--device", default="auto", help="cpu, cuda, ... (default: what there is)")
    parser.add_weights()
    add(
        "--network",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="weights of a network that comes without them, such as i3d=i3d_torchscript.pt",
    )
    add("--against", metavar="RUN", help="another run, for the metric gam")
    add(
        "--controls",
        nargs="?",
        const=DEFAULT_CONTROLS,
        metavar="NAMES",
        help=f"also measure changed real clips as if they were samples ({DEFAULT_CONTROLS})",
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
    add("--overwrite", action="store_true", help="replace the file that is there")
    return parser


def _complete(arguments: argparse.Namespace) -> None:
    """Fill in what depends on other arguments, and split lists."""
    if arguments.run is None:
        arguments.controls = arguments.controls or DEFAULT_CONTROLS
    elif arguments.data is None:
        arguments.data = "held-out"
    metrics = arguments.metrics or (GAM if arguments.against else None)
    # None: what fits the clips, which are not known yet.
    arguments.metrics = _names(metrics, option="--metrics")
    arguments.controls = _names(arguments.controls, option="--controls")
    arguments.network = dict(_pair(text) for text in arguments.network)


def _check(arguments: argparse.Namespace) -> None:
    outputs = [Path(arguments.json)]
    if NEAREST in arguments.metrics:
        outputs.append(picture_path(arguments.json))
    for path in outputs:
        check_writable(path)
        check_not_there(path, overwrite=arguments.overwrite)
    for option, low, high in (
        ("samples", 2, MAX_SAMPLES),
        ("batch_size", 1, MAX_BATCH),
        ("seed", 0, MAX_SAMPLES),
    ):
        value = getattr(arguments, option)
        if not low <= value <= high:
            raise ValueError(f"--{option.replace('_', '-')} {value} is not in {low} to {high}")
    if (GAM in arguments.metrics) != (arguments.against is not None):
        raise ValueError("the metric gam needs a second run, --against RUN, and only gam does")
    given = [name for name in DEFAULT_SIZES if getattr(arguments, name) is not None]
    if arguments.run is not None and given:
        raise ValueError(f"--{given[0].replace('_', '-')} is what the run says; leave it out")
    if arguments.run is None:
        _check_without_run(arguments)
    if arguments.control_data is not None and not arguments.controls:
        raise ValueError("--control-data is for --controls: name some, such as --controls real")
    if arguments.controls and {GAM, NEAREST} >= set(arguments.metrics) > set():
        raise ValueError("--controls need a metric over a network: name some with --metrics")


def _check_without_run(arguments: argparse.Namespace) -> None:
    if arguments.data is None:
        raise ValueError("name a run, or real clips with --data")
    for name in (GAM, NEAREST):
        if name in arguments.metrics:
            raise ValueError(f"the metric {name} needs a run")
    for name, default in DEFAULT_SIZES.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, default)


def _names(text: str | None, *, option: str) -> list[str]:
    return parse_names(None if text is None else [text], option=option)


def _pair(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise ValueError(f"--network '{text}'; NAME=PATH is needed, such as i3d=i3d.pt")
    return name, path
