"""Comparison of a baseline script and our step, in turn, each time as a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from tgan.benchmarks.step.equality import compare, load_baseline
from tgan.benchmarks.step.loader import clips_per_second
from tgan.benchmarks.step.sizes import Sizes
from tgan.system.machine import processor


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
    seconds: dict[str, list[float]] = {key: [] for key in programs}
    for _ in tqdm(range(rounds), unit="round"):
        for key, (name, command) in programs.items():
            seconds[key].append(run_program([*command, *sizes.options()], name=name))
    return {
        "sizes": asdict(sizes),
        "rounds": rounds,
        "seconds_per_step": seconds,
        "speed_up": {
            key: [b / t for b, t in zip(seconds["baseline"], seconds[key], strict=True)]
            for key in ("float32", "bf16")
        },
        "equality": equality,
        "loader_clips_per_second": clips_per_second(),
        "torch": torch.__version__,
        "processor": processor(),
        "cores": os.cpu_count(),
        "warm_up_steps": 1,
    }


def run_program(command: list[str], *, name: str) -> float:
    """Run a timing program as a process of its own; its seconds per step, clipping included.

    Raises:
        ValueError: it fails, or does not end with a JSON line that has them.
    """
    result = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, errors="replace"
    )
    reason = "it printed no JSON line with seconds_per_step_with_clip"
    if result.returncode == 0:
        try:
            line = result.stdout.strip().splitlines()[-1]
            return float(json.loads(line)["seconds_per_step_with_clip"])
        except (ValueError, TypeError, LookupError):
            pass
    elif result.stderr.strip():
        reason = result.stderr.strip().splitlines()[-1]
    else:
        reason = f"status {result.returncode}"
    raise ValueError(f"{name} did not measure anything: {reason}")
