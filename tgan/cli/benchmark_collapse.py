"""`tgan benchmark-collapse`: cures for mode collapse, compared where modes can be counted."""

import argparse
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tgan.benchmarks.collapse.cures import CURES, cures_named
from tgan.benchmarks.collapse.parts import PARTS
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.engine.records import check_folder
from tgan.cli import Parser
from tgan.config.reading import dump_config, make_config
from tgan.lookup import look_up

EXAMPLES = f"""\
examples:
  tgan benchmark-collapse --out collapse --quick
  tgan benchmark-collapse --out collapse
  tgan benchmark-collapse --out packs --cures plain,pack2,pack3,pack4 --seeds 5
  tgan benchmark-collapse --out digits --parts digits --config configs/stacked_digits.yaml \\
      --cures plain,pack2 --seeds 3

parts:
  toys     a ring of 8 and a grid of 25 Gaussians in the plane
  digits   three digits in the channels of one image, 1,000 modes; the experiment of --config

cures: {", ".join(CURES)}

A run of a toy GAN takes a minute of one core at most, all cures with ten seeds some five hours;
--quick takes a few minutes. Interrupted, the same command goes on where it was; there may be
other cures and seeds. report.html, tables.md and results.json tell of what this call names.
"""
MAX_SEEDS, MAX_PROCESSES = 1000, 1000


def main(argv: Sequence[str]) -> None:
    """Check everything, do the jobs, write the results and the report."""
    arguments = _parser().parse_args(argv)
    for option, most in (("seeds", MAX_SEEDS), ("processes", MAX_PROCESSES)):
        value = getattr(arguments, option)
        if not 1 <= value <= most:
            raise ValueError(f"--{option} {value} is not in 1 to {most}")
    cures, names = cures_named(arguments.cures), _part_names(arguments.parts)
    config = _config(arguments.config) if "digits" in names else None
    plan = Plan(cures, seeds=arguments.seeds, quick=arguments.quick, config=config)
    check_folder(arguments.out, PARTS)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.benchmarks.collapse.benchmark import run_benchmark
    from tgan.benchmarks.engine.machine import describe_machine
    from tgan.benchmarks.page.html import check_installed

    check_installed()
    about = {
        "command": shlex.join(["tgan", "benchmark-collapse", *argv]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    machine = describe_machine()
    run_benchmark(
        plan,
        names,
        arguments.out,
        about=about | machine,
        made_by=machine,
        processes=arguments.processes,
    )


def _part_names(text: str) -> list[str]:
    """Parts in the order of `PARTS`."""
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        look_up(PARTS, name, kind="part")
    return [name for name in PARTS if name in wanted]


def _config(path: Path | None) -> str:
    """The experiment on stacked digits as YAML text.

    Raises:
        ValueError: it is missing, cannot be read, or has other data.
    """
    if path is None:
        raise ValueError("--config is missing: the part digits takes configs/stacked_digits.yaml")
    config = make_config(path)
    if config.data.name != "stacked_digits":
        raise ValueError(
            f"--config {path}: the modes of data.name {config.data.name} cannot be counted; "
            "the part digits needs stacked_digits"
        )
    return dump_config(config)


def _parser() -> Parser:
    parser = Parser(
        prog="tgan benchmark-collapse",
        description="Compare cures for mode collapse: modes found, quality, evenness and cost.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, metavar="DIR", help="for results; goes on with its own")
    add("--cures", default="all", metavar="CURE,...", help="any of those below (default: all)")
    add("--seeds", type=int, default=10, metavar="N", help="runs of each cure (default 10)")
    add("--parts", default="toys", metavar="PART,...", help="of those below (default: toys)")
    add("--config", type=Path, metavar="FILE", help="digits: the experiment that cures change")
    add("--processes", type=int, default=1, metavar="N", help="jobs at once (default 1)")
    add("--quick", action="store_true", help="next to nothing of every part")
    return parser
