"""`tgan benchmark-step`: the training step and the loader against a baseline, in one run."""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from statistics import median
from typing import Any

from tgan.cli import Parser

EXAMPLES = """\
examples:
  tgan benchmark-step --baseline plain_step.py
  tgan benchmark-step --baseline plain_step.py --batch 8 --rounds 7 --json step.json

The baseline and our step run in turn, each time as a process of its own, in float32; then ours in
bf16. Times on a busy machine drift, so the ratios of each round are what to quote.
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, measure, print a table and write the JSON."""
    arguments = _parser().parse_args(argv)

    from tgan.benchmarks.step import Sizes, time_step

    sizes = Sizes(**{f.name: getattr(arguments, f.name) for f in fields(Sizes)})
    if arguments.only is not None:
        print(json.dumps(time_step(sizes, mixed_precision=arguments.only)))
        return
    if arguments.baseline is None:
        raise ValueError("--baseline is missing: name a script to measure against")
    if arguments.json and not Path(arguments.json).absolute().parent.is_dir():
        raise ValueError(f"--json: no directory '{Path(arguments.json).absolute().parent}'")
    report = measure(Path(arguments.baseline), sizes, rounds=arguments.rounds)
    print(summary(report))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report, indent=2))


def measure(baseline: Path, sizes, *, rounds: int) -> dict[str, Any]:
    """Alternate the baseline and ours for `rounds` rounds; everything that goes into the JSON."""
    import torch
    from tqdm import tqdm

    from tgan.benchmarks.loader import clips_per_second
    from tgan.benchmarks.step import compare, load_baseline, run_program

    equality = compare(load_baseline(baseline), sizes)
    ours = ["-m", "tgan", "benchmark-step"]
    programs = {
        "baseline": [str(baseline), *sizes.options()],
        "float32": [*ours, "--only=no", *sizes.options()],
        "bf16": [*ours, "--only=bf16", *sizes.options()],
    }
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in tqdm(range(rounds), unit="round"):
        for name, command in programs.items():
            seconds[name].append(run_program(command)["seconds_per_step_with_clip"])
    return {
        "sizes": asdict(sizes),
        "rounds": rounds,
        "seconds_per_step": seconds,
        "speed_up": {
            name: [b / t for b, t in zip(seconds["baseline"], seconds[name], strict=True)]
            for name in ("float32", "bf16")
        },
        "equality": equality,
        "loader_clips_per_second": clips_per_second(),
        "torch": torch.__version__,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "warm_up_steps": 1,
    }


def summary(report: dict[str, Any]) -> str:
    """The report as a few lines for a person."""
    seconds, ratios, equality = (
        report[key] for key in ("seconds_per_step", "speed_up", "equality")
    )
    lines = [
        f"{report['processor']}, {report['sizes']['threads']} threads, torch {report['torch']}"
    ]
    for name, values in seconds.items():
        line = f"{name:9} {median(values):7.3f} s per step, clipping included"
        if name in ratios:
            spread = f"{min(ratios[name]):.2f} to {max(ratios[name]):.2f}"
            line += f"; {median(ratios[name]):.2f} times as fast ({spread})"
        lines.append(line)
    lines.append(
        f"first step: losses differ by {equality['loss_difference']:.1e} in float32, "
        f"gradients by {equality['gradient_difference']:.1e} in float64"
    )
    lines.append(
        f"loader: {report['loader_clips_per_second']:.0f} clips/s of 16x64x64x3, one thread"
    )
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    from_sizes = {
        "batch": "clips in a batch",
        "generator-width": "channels of the image generator's first map",
        "critic-width": "channels after the critic's first layer",
        "channels": "of the videos",
        "steps": "timed steps per process, after one that is not timed",
        "svc-every": "clip after every so many steps",
        "threads": "of the processor",
    }
    defaults = {"batch": 32, "generator-width": 512, "critic-width": 64, "channels": 3}
    defaults |= {"steps": 3, "svc-every": 5, "threads": os.cpu_count() or 1}
    parser = Parser(
        prog="tgan benchmark-step",
        description="Time the training step against a baseline script.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--baseline", metavar="PATH", help="script to measure against")
    parser.add_argument("--rounds", type=int, default=5, help="of the alternation (default 5)")
    parser.add_argument("--json", metavar="OUT", help="write everything measured there")
    parser.add_argument("--only", choices=["no", "bf16"], help=argparse.SUPPRESS)
    for name, text in from_sizes.items():
        shown = f"{text} (default {defaults[name]})"
        parser.add_argument(f"--{name}", type=int, default=defaults[name], help=shown)
    return parser


def _processor() -> str:
    """The processor's name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
