"""Comparison of a baseline script and our step, in turn, each time as a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from tgan.benchmarks.step.equality import compare, load_baseline
from tgan.benchmarks.step.layers import time_layers
from tgan.benchmarks.step.loader import clips_per_second
from tgan.benchmarks.step.sizes import Sizes
from tgan.benchmarks.step.work import count_flops, measure_peak
from tgan.system.machine import processor

PRECISIONS = {"float32": "no", "bf16": "bf16"}


@dataclass(frozen=True)
class Timed:
    """What a timing program measured.

    Attributes:
        seconds: per step, clipping included.
        peak_bytes: the most memory that it held.
    """

    seconds: float
    peak_bytes: float


def measure(path: Path, sizes: Sizes, *, rounds: int) -> dict[str, Any]:
    """Alternate the baseline at `path` and ours for `rounds` rounds.

    Returns:
        Sizes, seconds, speed-ups and differences, fit for JSON.

    Raises:
        ValueError: `path` is no baseline, or one of the programs fails.
    """
    equality = compare(load_baseline(path), sizes)
    ours = ["-m", "tgan", "benchmark-step"]
    programs = {
        "baseline": (f"baseline '{path}'", [str(path)]),
        "float32": ("our step in float32", [*ours, "--only=no"]),
        "bf16": ("our step in bf16", [*ours, "--only=bf16"]),
    }
    timed: dict[str, list[Timed]] = {key: [] for key in programs}
    for _ in tqdm(range(rounds), unit="round"):
        for key, (name, command) in programs.items():
            timed[key].append(run_program([*command, *sizes.options()], name=name))
    seconds = {key: [each.seconds for each in values] for key, values in timed.items()}
    layers = {key: time_layers(sizes, name) for key, name in PRECISIONS.items()}
    return {
        "sizes": asdict(sizes),
        "rounds": rounds,
        "seconds_per_step": seconds,
        "speed_up": {
            key: [b / t for b, t in zip(seconds["baseline"], seconds[key], strict=True)]
            for key in PRECISIONS
        },
        "peak_bytes": {key: [each.peak_bytes for each in values] for key, values in timed.items()},
        "flops_per_step": count_flops(sizes),
        "flops_per_second_of_products": {
            key: measure_peak(name, sizes.threads) for key, name in PRECISIONS.items()
        },
        "layers": {key: [asdict(layer) for layer in times] for key, times in layers.items()},
        "equality": equality,
        "loader_clips_per_second": clips_per_second(),
        "torch": torch.__version__,
        "processor": processor(),
        "cores": os.cpu_count(),
        "warm_up_steps": 1,
    }


def run_program(command: list[str], *, name: str) -> Timed:
    """Run a timing program as a process of its own.

    Raises:
        ValueError: it fails, or does not end with a JSON line that has its seconds per step.
    """
    result = subprocess.run(
        [sys.executable, "-m", "tgan.benchmarks.step.watched", *command],
        capture_output=True,
        text=True,
        errors="replace",
    )
    errors = result.stderr.strip().splitlines()
    reason = "it printed no JSON line with seconds_per_step_with_clip"
    if result.returncode == 0:
        try:
            line = result.stdout.strip().splitlines()[-1]
            seconds = float(json.loads(line)["seconds_per_step_with_clip"])
            return Timed(seconds, json.loads(errors[-1])["peak_bytes"])
        except (ValueError, TypeError, LookupError):
            pass
    elif errors:
        reason = errors[-1]
    else:
        reason = f"status {result.returncode}"
    raise ValueError(f"{name} did not measure anything: {reason}")
