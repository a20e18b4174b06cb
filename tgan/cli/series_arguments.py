"""Arguments of `tgan detect series`, checked as far as they can be before anything is read."""

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from tgan.anomaly.series.data.filling import DEFAULT_FILL, FILLS
from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS
from tgan.anomaly.series.scoring.scores import COMBINATIONS
from tgan.anomaly.series.scoring.settings import PRESET_SCORINGS, REFERENCES
from tgan.cli import Parser
from tgan.cli.csv_options import add_file, form_of
from tgan.cli.options import add_device, add_overwrite, at_least, seconds
from tgan.config.names import OWN, ConstraintName
from tgan.lookup import look_up
from tgan.system.files import check_files, check_new_folder

EXAMPLES = """\
examples:
  tgan detect series fit normal.csv --out detector --interval 600
  tgan detect series score detector today.csv --out anomalies
  tgan detect series robot --out robot
  tgan detect series fit --help
  tgan detect series score --help

SERIES.csv has columns of values, and mostly a header and a column of times: epoch seconds, or
dates, which are UTC unless they name a zone. Delimiter, decimal mark, units and dates are detected,
and told where they are unusual; what can be read in two ways is refused until an option says which.
Samples are averaged over segments of --interval seconds. Samples of one time are averaged, unsorted
ones sorted, and gaps filled from their neighbours (--fill).
"""
FIT_EXAMPLES = """\
examples:
  tgan detect series fit normal.csv --out detector
  tgan detect series fit monday.csv tuesday.csv --out detector
  tgan detect series fit normal.csv --out detector --timestamp time --values load,heat
  tgan detect series fit normal.csv --out detector --preset published --constraint svc
  tgan detect series fit normal.csv --out detector --preset dense --window 20 --smoothing 10
  tgan detect series fit plant.csv --out detector --delimiter ';' --decimal , \\
      --timestamp Datum,Uhrzeit --date-format '%d.%m.%Y %H:%M:%S'
  tgan detect series fit vibration.txt --out detector --every 0.0001

presets:
  context    predicts the middle of a window (100 of 150 segments), which it does not see, from
             what is around it
  dense      reconstructs windows of 100 segments with dense networks: for telemetry that follows
             commands, and for short shapes that repeat
  published  as its authors have it: recurrent networks, windows of 100, scores by `product`; takes
             many times as long as the others

Other defaults: --error dtw, --combination reconstruction.

--fill, of gaps of up to 100 segments (longer ones get the mean of the training series):
  linear    a line between their neighbours, the default: it adds no jump that could be found
  previous  the value before, for values that are only sent when they change
  mean      of the training series, as published
  none      a line, too, but it counts for nothing: no window with a gap is trained on, and no
            error in a gap is scored

The series should be normal for the most part. DETECTOR gets detector.json (settings and statistics)
and networks.safetensors.
"""
SCORE_EXAMPLES = """\
examples:
  tgan detect series score detector today.csv --out anomalies
  tgan detect series score detector today.csv --out anomalies --labels known.json
  tgan detect series score detector today.csv --out anomalies --reference training --overwrite
  tgan detect series score detector today.csv --out anomalies --narrow

--reference series, as published, cuts scores in windows of the series itself, so it finds what
stands out there. --reference training cuts them at a level that the training series set (see
--false-alarms of fit), so no score depends on what comes much later.

Scores are smoothed, and 50 segments added on both sides of what is found. --narrow shortens an
interval to where single segments are further off than normal ones; one may become several.

OUT gets scores.csv, intervals.json ([[start, end], ...] in epoch seconds, both included) and
plot.png. --labels takes a file of the same form, and prints how well both agree. Read the F1 of
intervals beside the coverage and the F1 of segments: one interval over all has a perfect F1.
"""
ROBOT_EXAMPLES = """\
examples:
  tgan detect series robot --out robot
  tgan detect series fit robot/usual.csv --out robot/detector --preset dense --window 20 \\
      --smoothing 10 --error area --steps 4000
  tgan detect series score robot/detector robot/faults.csv --labels robot/known.json \\
      --reference training --out robot/found

A wheeled robot on errands, a sample per second: speeds of both wheels, yaw rate, acceleration,
currents of both motors. DIR gets usual.csv, two hours without faults; faults.csv, three hours in
which a wheel breaks three times and the robot crashes three times; and known.json, which says when.
"""
NORMAL, FAULTS, LABELS = "usual.csv", "faults.csv", "known.json"
_CONSTRAINTS = [name for name in get_args(ConstraintName) if name != OWN]
DEFAULT_PRESET = "context"
SCORES, INTERVALS, PLOT = "scores.csv", "intervals.json", "plot.png"


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments of an action, which is named by `action` in the result.

    Raises:
        ValueError: a number out of range, an unknown name, or a place that cannot be written, or
            holds what would be replaced unasked.
    """
    arguments = _parser().parse_args(argv)
    check = {"fit": _check_fit, "score": _check_score, "robot": _check_robot}
    check[arguments.action](arguments)
    return arguments


def _parser() -> Parser:
    parser = Parser(
        prog="tgan detect series",
        description="Fit a TadGAN to a time series that is normal for the most part, and find "
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
    several = "CSVs of the same channels, one or more"
    add("series", type=Path, nargs="+", metavar="SERIES.csv", help=several)
    add("--out", type=Path, required=True, metavar="DETECTOR", help="new folder for it")
    add_file(parser, values="all others")
    count = {"type": at_least(1), "metavar": "N"}
    interval = "of a segment (default: the median step)"
    add("--interval", type=seconds, metavar="SECONDS", help=interval)
    fill = f"of gaps: {', '.join(FILLS)} (default {DEFAULT_FILL})"
    add("--fill", default=DEFAULT_FILL, metavar="NAME", help=fill)
    add(
        "--preset",
        default=DEFAULT_PRESET,
        metavar="NAME",
        help=f"settings by name, see below (default {DEFAULT_PRESET})",
    )
    add("--config", action=_Renamed, dest="preset", const="--preset", help=argparse.SUPPRESS)
    add("--window", help="segments that the networks take at once", **count)
    hidden = "segments in its middle that the encoder does not see"
    add("--hidden", type=at_least(0), metavar="N", help=hidden)
    add("--latent-size", type=at_least(1), metavar="K", help="numbers that encode a window")
    add("--constraint", metavar="NAME", help=f"of both critics: {', '.join(_CONSTRAINTS)}")
    add("--steps", help="of training (default: the preset's)", **count)
    seed = "of all that is random (default 0)"
    add("--seed", type=at_least(0), default=0, metavar="S", help=seed)
    add("--error", metavar="NAME", help=f"of a reconstruction: {', '.join(ERRORS)}")
    add(
        "--combination",
        metavar="NAME",
        help=f"of error and critic: {', '.join(COMBINATIONS)}",
    )
    smoothing = "segments over which scores are means (default: a hundredth of the windows)"
    add("--smoothing", help=smoothing, **count)
    alarms = "by --reference training, in a normal series as long as this one (default 0.1)"
    add("--false-alarms", type=float, metavar="RATE", help=alarms)
    add_device(parser)


def _add_score(parser: Parser) -> None:
    add = parser.add_argument
    add("detector", type=Path, metavar="DETECTOR", help="folder that fit wrote")
    add("series", type=Path, metavar="SERIES.csv", help="a CSV")
    add("--out", type=Path, required=True, metavar="OUT", help="folder to write")
    add_file(parser, values="those of the detector")
    add("--labels", type=Path, metavar="FILE", help="JSON of known anomalies, to compare with")
    add(
        "--known",
        action=_Renamed,
        dest="labels",
        const="--labels",
        type=Path,
        help=argparse.SUPPRESS,
    )
    add(
        "--reference",
        choices=REFERENCES,
        default=REFERENCES[0],
        help="the series that counts as normal (default series: the scored one)",
    )
    narrow = "shorten intervals to where single segments are off"
    add("--narrow", action="store_true", help=narrow)
    add_overwrite(parser, "results that are in OUT")
    add_device(parser)


def _add_robot(parser: Parser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="S", help="of the errands")


class _Renamed(argparse.Action):
    """An option under its old name, which goes on for a release; `const` is the new one."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        arguments: argparse.Namespace,
        value: Any,
        option: str | None = None,
    ) -> None:
        warnings.warn(f"{option} is {self.const} now", stacklevel=2)
        setattr(arguments, self.dest, value)


def _check_fit(arguments: argparse.Namespace) -> None:
    alarms = arguments.false_alarms
    if alarms is not None and not 0 < alarms < 1:
        raise ValueError(f"--false-alarms {alarms} is not between 0 and 1")
    look_up(PRESET_SCORINGS, arguments.preset, kind="preset")
    look_up(FILLS, arguments.fill, kind="fill")
    form_of(arguments)
    tables = {"error": ERRORS, "combination": COMBINATIONS}
    for option, table in {**tables, "constraint": dict.fromkeys(_CONSTRAINTS)}.items():
        value = getattr(arguments, option)
        if value is not None:
            look_up(table, value, kind=option)
    check_new_folder(arguments.out)


def _check_robot(arguments: argparse.Namespace) -> None:
    check_new_folder(arguments.out)


def _check_score(arguments: argparse.Namespace) -> None:
    form_of(arguments)
    check_files(arguments.out, (SCORES, INTERVALS, PLOT), overwrite=arguments.overwrite)
