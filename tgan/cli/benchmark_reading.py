"""`tgan benchmark-reading`: preparing videos, and training from their folder, beside PyAV."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tgan.cli import Parser

EXAMPLES = """\
examples:
  tgan benchmark-reading UCF-101/v_Archery
  tgan benchmark-reading my_videos films --rounds 7 --resolution 128

PyAV's loops decode and resize on one thread and write nothing; tgan prepare has one process, and
writes and hashes its frames besides. Times of processors count all threads and processes.
"""


def main(argv: Sequence[str]) -> None:
    """Measure each folder, and print a table of it."""
    arguments = _parser().parse_args(argv)
    for name in ("rounds", "resolution", "frames", "threads"):
        if getattr(arguments, name) < 1:
            raise ValueError(f"--{name} {getattr(arguments, name)} is below 1")

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.benchmarks.engine.machine import describe_machine
    from tgan.benchmarks.reading.timing import Spent, time_clips, time_prepare

    print("; ".join(f"{name}: {text}" for name, text in describe_machine().items()))
    for folder in map(Path, arguments.folder):
        size = {"resolution": arguments.resolution}
        print(f"\n{folder}")
        spent = time_prepare(folder, **size, rounds=arguments.rounds)
        ours = spent["tgan prepare"]
        for name, times in spent.items():
            ratios = [
                one.processor / other.processor for one, other in zip(ours, times, strict=True)
            ]
            middle = Spent(
                *(median(getattr(t, of) for t in times) for of in ("processor", "clock"))
            )
            print(
                f"{name:24} {1e6 * middle.processor:7.0f} us of a processor per frame,"
                f" {1e6 * middle.clock:7.0f} us by the clock; tgan / this"
                f" {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            )
        clips = time_clips(
            folder,
            **size,
            num_frames=arguments.frames,
            threads=arguments.threads,
            seconds=arguments.seconds,
        )
        for name, each in clips.items():
            print(
                f"{name:24} {1 / each.clock:7.0f} clips/s by the clock,"
                f" {1 / each.processor:7.0f} per second of a processor"
            )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tgan benchmark-reading",
        description="Time the reading of videos beside PyAV's own loop.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", nargs="+", help="of sound videos, each measured by itself")
    parser.add_argument("--resolution", type=int, default=64, help="of a frame (default 64)")
    parser.add_argument("--frames", type=int, default=16, help="of a clip (default 16)")
    parser.add_argument("--rounds", type=int, default=5, help="of the alternation (default 5)")
    parser.add_argument("--seconds", type=float, default=5.0, help="for clips (default 5)")
    threads = os.cpu_count() or 1
    parser.add_argument(
        "--threads", type=int, default=threads, help=f"for clips (default {threads})"
    )
    return parser
