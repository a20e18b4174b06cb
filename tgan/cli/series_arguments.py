"""Arguments of `tgan detect series`, and what can be told of them before anything is read."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args, get_type_hints

from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS
from tgan.anomaly.series.scoring.scores import COMBINATIONS
from tgan.anomaly.series.scoring.settings import REFERENCES, SCORINGS
from tgan.cli import Parser
from tgan.cli.names import parse_names
from tgan.config import ConstraintConfig
from tgan.lookup import look_up
from tgan.system.files import check_files, check_new_folder

EXAMPLES = """\
examples:
  tgan detect series fit usual.csv --out detector --interval 600
  tgan detect series score detector today.csv --out anomalies
  tgan detect series robot --out robot
  tgan detect series fit --help
  tgan detect series score --help

SERIES.csv has a header, a column of times (whole epoch seconds, or dates in ISO 8601, which are
UTC unless they name a zone) and columns of values. Samples are averaged over segments of --interval
seconds. Samples of one time are averaged, unsorted ones sorted, and gaps filled with means.
"""
FIT_EXAMPLES = """\
examples:
  tgan detect series fit usual.csv --out detector
  tgan detect series fit usual.csv --out detector --timestamp time --values load,heat --interval 600
  tgan detect series fit usual.csv --out detector --config published --constraint svc
  tgan detect series fit usual.csv --out detector --config dense --window 20 --smoothing 10

configurations:
  context    predicts the middle of a window (100 of 150 segments), which it does not see, from
             what is around it
  dense      reconstructs windows of 100 segments with dense networks: for telemetry that follows
             commands, and for short shapes that repeat
  published  as its authors have it: recurrent networks, windows of 100, scores by `product`; takes
             many times as long as the others

Other defaults: --error dtw, --combination reconstruction.

The series should be usual for the most part. DETECTOR gets detector.json (settings and statistics)
and networks.safetensors.
"""
SCORE_EXAMPLES = """\
examples:
  tgan detect series score detector today.csv --out anomalies
  tgan detect series score detector today.csv --out anomalies --known known.json
  tgan detect series score detector today.csv --out anomalies --reference training --overwrite

--reference series, as published, cuts scores in windows of the series itself, so it finds what
stands out there. --reference training cuts them at a level that the training series set (see
--false-alarms of fit), so no score depends on what comes much later.

OUT gets scores.csv, intervals.json ([[start, end], ...] in epoch seconds, both included) and
plot.png. --known takes a file of the same form, and prints how well both agree. Read the F1 of
intervals beside the coverage and the F1 of segments: one interval over all has a perfect F1.
"""
ROBOT_EXAMPLES = """\
examples:
  tgan detect series robot --out robot
  tgan detect series fit robot/usual.csv --out robot/detector --config dense --window 20 \\
      --smoothing 10 --error area --steps 4000
  tgan detect series score robot/detector robot/faults.csv --known robot/known.json \\
      --reference training --out robot/found

A wheeled robot on errands, a sample per second: speeds of both wheels, yaw rate, acceleration,
currents of both motors. DIR gets usual.csv, two hours without faults; faults.csv, three hours in
which a wheel breaks three times and the robot crashes three times; and known.json, which says when.
"""
USUAL, FAULTS, KNOWN = "usual.csv", "faults.csv", "known.json"
_CONSTRAINTS = get_args(get_type_hints(ConstraintConfig)["name"])
DEFAULT_CONFIG = "context"
SCORES, INTERVALS, PLOT = "scores.csv", "intervals.json", "plot.png"


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments of the action that `action` says, with `values` as names or None.

    Raises:
        ValueError: a number out of range, an unknown name, or a place that cannot be written, or
            holds what would be replaced unasked.
    """
    arguments = _parser().parse_args(argv)
    if getattr(arguments, "values", None) is not None:
        arguments.values = parse_names([arguments.values], option="--values")
    check = {"fit": _check_fit, "score": _check_score, "robot": _check_robot}
    check[arguments.action](arguments)
    return arguments


def _parser() -> Parser:
    parser = Parser(
        prog="tgan detect series",
        description="Fit a TadGAN to a time series that is usual for the most part, and find "
        "anomalies in others, or in itself.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, add, text, epilog in (
        ("fit", _add_fit, "train a detector on a series, and save it", FIT_EXAMPLES),
        ("score", _add_score, "score a series with a saved detector", SCORE_EXAMPLES),
        ("robot", _add_robot, "write series of a simulated robot to try it on", ROBOT_EXAMPLES),
    ):
        action = actions.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add(action)
    return parser


def _add_fit(parser: Parser) -> None:
    add = parser.add_argument
    add("series", type=Path, metavar="SERIES.csv", help="a CSV with a header")
    add("--out", type=Path, required=True, metavar="DETECTOR", help="new folder for it")
    _add_columns(parser, values="all others")
    add("--interval", type=int, metavar="SECONDS", help="of a segment (default: the median step)")
    add(
        "--config",
        default=DEFAULT_CONFIG,
        metavar="NAME",
        help=f"a configuration, see below (default {DEFAULT_CONFIG})",
    )
    add("--window", type=int, metavar="N", help="segments that the networks take at once")
    add(
        "--hidden",
        type=int,
        metavar="N",
        help="segments in its middle that the encoder does not see",
    )
    add("--latent-size", type=int, metavar="K", help="numbers in which a window is told")
    add("--constraint", metavar="NAME", help=f"of both critics: {', '.join(_CONSTRAINTS)}")
    add("--steps", type=int, metavar="N", help="of training (default: the configuration's)")
    add("--seed", type=int, default=0, metavar="S", help="of all that is random (default 0)")
    add("--error", metavar="NAME", help=f"of a reconstruction: {', '.join(ERRORS)}")
    add(
        "--combination",
        metavar="NAME",
        help=f"of error and critic: {', '.join(COMBINATIONS)}",
    )
    smoothing = "segments over which scores are means (default: a hundredth of the windows)"
    add("--smoothing", type=int, metavar="N", help=smoothing)
    alarms = "by --reference training, in a usual series as long as this one (default 0.1)"
    add("--false-alarms", type=float, metavar="RATE", help=alarms)
    _add_device(parser)


def _add_score(parser: Parser) -> None:
    add = parser.add_argument
    add("detector", type=Path, metavar="DETECTOR", help="folder that fit wrote")
    add("series", type=Path, metavar="SERIES.csv", help="a CSV with a header")
    add("--out", type=Path, required=True, metavar="OUT", help="folder to write")
    _add_columns(parser, values="those of the detector")
    add("--known", type=Path, metavar="FILE", help="JSON of known anomalies, to compare with")
    add(
        "--reference",
        choices=REFERENCES,
        default=REFERENCES[0],
        help="whose errors are usual (default series)",
    )
    add("--overwrite", action="store_true", help="replace results that are in OUT")
    _add_device(parser)


def _add_robot(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the errands")


def _add_columns(parser: Parser, *, values: str) -> None:
    times = "column of times (default: timestamp, or else the first)"
    parser.add_argument("--timestamp", metavar="COL", help=times)
    columns = f"columns of values (default: {values})"
    parser.add_argument("--values", metavar="COL,...", help=columns)


def _add_device(parser: Parser) -> None:
    parser.add_argument("--device", default="auto", help="cpu, cuda, ... (default: what there is)")


def _check_fit(arguments: argparse.Namespace) -> None:
    least_of = {"interval": 1, "window": 1, "hidden": 0, "latent-size": 1, "steps": 1}
    for option, least in {**least_of, "smoothing": 1, "seed": 0}.items():
        value = getattr(arguments, option.replace("-", "_"))
        if value is not None and value < least:
            raise ValueError(f"--{option} {value} is below {least}")
    alarms = arguments.false_alarms
    if alarms is not None and not 0 < alarms < 1:
        raise ValueError(f"--false-alarms {alarms} is not between 0 and 1")
    look_up(SCORINGS, arguments.config, kind="configuration")
    tables = {"error": ERRORS, "combination": COMBINATIONS}
    for option, table in {**tables, "constraint": dict.fromkeys(_CONSTRAINTS)}.items():
        value = getattr(arguments, option)
        if value is not None:
            look_up(table, value, kind=option)
    check_new_folder(arguments.out)


def _check_robot(arguments: argparse.Namespace) -> None:
    if arguments.seed < 0:
        raise ValueError(f"--seed {arguments.seed} is below 0")
    check_new_folder(arguments.out)


def _check_score(arguments: argparse.Namespace) -> None:
    check_files(arguments.out, (SCORES, INTERVALS, PLOT), overwrite=arguments.overwrite)
