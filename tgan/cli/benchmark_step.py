"""`tgan benchmark-step`: the training step and the loader against a baseline, in one run."""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from tgan.benchmarks.step.sizes import Sizes, option
from tgan.cli import Parser
from tgan.system.files import check_writable, write_whole

EXAMPLES = """\
examples:
  tgan benchmark-step --baseline plain_step.py
  tgan benchmark-step --baseline plain_step.py --batch 8 --rounds 7 --json step.json
  tgan benchmark-step --grow --steps 1

The baseline and our step run in turn, each time as a process of its own, in float32; then ours in
bf16. Times on a busy machine drift, so the ratios of each round are what to quote.

--grow measures no baseline, but how time and memory grow with batch, width, resolution and frames;
sizes that would take much of the memory are computed.
"""


def main(argv: Sequence[str]) -> None:
    """Parse arguments, measure, print a table and write the JSON."""
    arguments = _parser().parse_args(argv)
    sizes = Sizes(**{name: getattr(arguments, name) for name in asdict(Sizes())})
    if arguments.only is not None:
        from tgan.benchmarks.step.timing import time_step

        print(json.dumps(time_step(sizes, mixed_precision=arguments.only)))
        return
    if arguments.grow:
        from tgan.benchmarks.step.growth import growth, table

        for axis, points in growth(steps=arguments.steps, threads=arguments.threads):
            print(table(axis, points), end="\n\n", flush=True)
        return
    _check(arguments)

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.benchmarks.step.comparison import measure

    report = measure(Path(arguments.baseline), sizes, rounds=arguments.rounds)
    print(summary(report))
    if arguments.json is not None:
        write_whole(arguments.json, lambda part: part.write_text(json.dumps(report, indent=2)))


def summary(report: dict[str, Any]) -> str:
    """The report as a few lines for a person."""
    seconds, ratios, equality = (
        report[key] for key in ("seconds_per_step", "speed_up", "equality")
    )
    lines = [
        f"{report['processor']}, {report['sizes']['threads']} threads, torch {report['torch']}"
    ]
    memory = {name: median(values) for name, values in report["peak_bytes"].items()}
    for name, values in seconds.items():
        line = f"{name:9} {median(values):7.3f} s per step, clipping included"
        if name in ratios:
            spread = f"{min(ratios[name]):.2f} to {max(ratios[name]):.2f}"
            line += f"; {median(ratios[name]):.2f} times as fast ({spread})"
        share = memory[name] / memory["baseline"]
        lines.append(f"{line}; {memory[name] / 1e9:.2f} GB at most, {share:.2f} of the baseline's")
    lines += _of_work(report)
    lines.append(
        f"first step: losses differ by {equality['loss_difference']:.1e} in float32, "
        f"gradients by {equality['gradient_difference']:.1e} in float64"
    )
    lines.append(
        f"loader: {report['loader_clips_per_second']:.0f} clips/s of 16x64x64x3, one thread"
    )
    return "\n".join(lines)


def _of_work(report: dict[str, Any]) -> list[str]:
    """What there is to compute, how much of the machine it takes, and the times of layers."""
    from tgan.benchmarks.step.layers import LayerTime, table

    lines, work = [], report["flops_per_step"]
    for name, peak in report["flops_per_second_of_products"].items():
        rate = work / median(report["seconds_per_step"][name])
        lines.append(
            f"{name:9} {work / 1e9:.0f} GFLOP a step, {rate / 1e9:.0f} GFLOP/s: {rate / peak:.0%} "
            f"of the {peak / 1e9:.0f} that products of matrices reach here"
        )
        lines.append(table([LayerTime(**layer) for layer in report["layers"][name]]))
    return lines


def _parser() -> argparse.ArgumentParser:
    of_sizes = {
        "batch": "clips in a batch, at least 2",
        "generator_width": "channels of the image generator's first map",
        "critic_width": "channels after the critic's first layer",
        "channels": "of the videos",
        "steps": "timed steps per process, after one that is not timed",
        "svc_every": "clip after every so many steps",
        "threads": "of the processor",
    }
    defaults = asdict(Sizes(threads=os.cpu_count() or 1))
    parser = Parser(
        prog="tgan benchmark-step",
        description="Time the training step against a baseline script.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--baseline", metavar="PATH", help="script to measure against")
    parser.add_argument("--rounds", type=int, default=5, help="of the alternation (default 5)")
    parser.add_argument("--json", metavar="OUT", help="write everything measured there")
    parser.add_argument("--grow", action="store_true", help="tell how cost grows with sizes")
    parser.add_argument("--only", choices=["no", "bf16"], help=argparse.SUPPRESS)
    for name, text in of_sizes.items():
        shown = f"{text} (default {defaults[name]})"
        parser.add_argument(option(name), type=int, default=defaults[name], help=shown)
    return parser


def _check(arguments: argparse.Namespace) -> None:
    if arguments.baseline is None:
        raise ValueError("--baseline is missing: name a script to measure against")
    if arguments.rounds < 1:
        raise ValueError(f"--rounds {arguments.rounds} is below 1")
    if arguments.json is not None:
        folder = Path(arguments.json).absolute().parent
        if not folder.is_dir():
            raise ValueError(f"--json: no directory '{folder}'")
        check_writable(arguments.json)
