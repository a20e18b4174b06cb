"""`tgan benchmark-tadgan`: TadGANs beside baselines on labelled series, with the same scoring."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tgan.benchmarks.tadgan.records import check_out
from tgan.cli import Parser
from tgan.lookup import look_up

EXAMPLES = """\
examples:
  tgan benchmark-tadgan --data datasets --out results --seeds 3
  tgan benchmark-tadgan --data datasets --out results --methods context,pca --sets nab
  tgan benchmark-tadgan --data datasets --out adex --only 'realAdExchange/*' --methods published
  tgan benchmark-tadgan --out robot-results --sets robot

sets, each a folder within --data but the last, which is simulated:
  nab    nab/        Numenta's benchmark: combined_windows.json and data/
  nasa   smap_msl/   SMAP and MSL: labeled_anomalies.csv and telemetry.npz
  ucr    ucr/        files N_UCR_Anomaly_NAME_TRAIN_START_END.txt
  robot              a wheeled robot, some of whose wheels break

methods: constant_median, moving_average, trailing_average, pca, linear_context, lstm_forecaster,
matrix_profile (pip install 'tgan-video[series]'); context, dense, published, each as it is and
_untrained; published_svc, published_clip

Results appear in --out as they are known: a folder for each run in jobs/, in the end results.json
and tables.md of what this call names. What is there is not redone: a benchmark that was
interrupted goes on where it was. A run that fails harms no other, and leaves reproduce.py.
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, run what is not there yet, write and print tables."""
    arguments = _parser().parse_args(argv)
    for option in ("seeds", "processes"):
        if getattr(arguments, option) < 1:
            raise ValueError(f"--{option} {getattr(arguments, option)} is below 1")
    check_out(arguments.out)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.benchmarks.tadgan.benchmark import run_comparison
    from tgan.benchmarks.tadgan.cases import FOLDERS, read_cases
    from tgan.benchmarks.tadgan.methods import METHODS, QUICK

    methods = _chosen(arguments.methods, QUICK, METHODS, kind="method")
    sets = _chosen(arguments.sets, FOLDERS, FOLDERS, kind="set")
    _check_data(arguments.data, [name for name in sets if FOLDERS[name]])
    for name in methods:
        METHODS[name].check()
    only = [pattern.strip() for pattern in arguments.only.split(",")]
    cases = read_cases(arguments.data, sets, half=arguments.half, only=only)
    groups = dict.fromkeys(case.series.group for case in cases)
    print(f"{len(cases)} series of {', '.join(groups)}; methods: {', '.join(methods)}")
    run_comparison(
        cases,
        {name: METHODS[name] for name in methods},
        data=arguments.data,
        out=arguments.out,
        seeds=arguments.seeds,
        processes=arguments.processes,
    )


def _check_data(data: Path | None, sets: Sequence[str]) -> None:
    """Raise a ValueError where sets need a folder that is not there."""
    if sets and data is None:
        raise ValueError(f"--data is missing; {', '.join(sets)} lie in it")
    if sets and not data.is_dir():
        raise ValueError(f"--data {data} is no folder")


def _parser() -> Parser:
    parser = Parser(
        prog="tgan benchmark-tadgan",
        description="Compare TadGANs with baselines that share their preparation and scoring.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data", type=Path, metavar="DIR", help="with the folders of the sets")
    add("--out", type=Path, required=True, metavar="DIR", help="for results; goes on with its own")
    add("--sets", metavar="SET,...", help="any of those below (default: all)")
    add(
        "--methods",
        metavar="METHOD,...",
        help="any of those below (default: all but published ones, which take minutes a series)",
    )
    add(
        "--only",
        default="*",
        metavar="SET/SERIES,...",
        help="patterns such as 'realAdExchange/*' or '*/exchange-2*'",
    )
    add(
        "--half",
        choices=["choosing", "reporting"],
        help="only the series that settings were chosen on, or only the others",
    )
    add("--seeds", type=int, default=5, metavar="N", help="runs of what is random (default 5)")
    add("--processes", type=int, default=1, metavar="N", help="runs at once (default 1)")
    return parser


def _chosen(
    text: str | None, default: Sequence[str], table: Sequence[str], *, kind: str
) -> list[str]:
    if text is None:
        return list(default)
    names = [name.strip() for name in text.split(",")]
    for name in names:
        look_up(dict.fromkeys(table), name, kind=kind)
    return list(dict.fromkeys(names))
