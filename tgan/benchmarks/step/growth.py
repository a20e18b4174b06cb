"""Growth of a training step's time and memory with the sizes of an experiment.

`python -m tgan.benchmarks.step.growth STEPS THREADS SETTINGS` takes a few steps in this process and
prints what they took, as JSON.
"""

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from statistics import median
from typing import Any

import numpy as np
import torch

from tgan.config import Config
from tgan.config.reading import make_config
from tgan.runs.build import build_task
from tgan.system.memory import free_memory, peak_resident
from tgan.training.footprint import peak_of_step
from tgan.training.processes import make_accelerator
from tgan.training.steps import Batch

# TGAN's own networks at the paper's sizes, on a batch that leaves room to grow.
BASE: dict[str, Any] = {"train.batch_size": 8, "constraint.name": "none"}
# Settings by the axis that they are a size of; each axis grows alone.
AXES: dict[str, list[dict[str, Any]]] = {
    "batch": [{"train.batch_size": size} for size in (4, 8, 16, 32, 64, 128)],
    "width": [{"generator.width": w, "critic.width": w // 8} for w in (128, 256, 512, 1024)],
    "resolution": [{"data.resolution": side} for side in (32, 64, 128, 256)],
    "frames": [{"data.num_frames": length} for length in (16, 32, 64)],
    "batch, activations checkpointed": [
        {"train.batch_size": size, "train.checkpoint_activations": True}
        for size in (8, 16, 32, 64, 128)
    ],
}
# Sizes whose tensors take more than this part of the free memory are computed, not measured.
_ROOM = 0.4


@dataclass(frozen=True)
class Point:
    """A step at one size.

    Attributes:
        size: the first of its settings.
        counted: bytes of its tensors, by `peak_of_step`.
        seconds, held: of a step, and bytes of the whole process; None where it was not taken.
    """

    size: int
    counted: int
    seconds: float | None = None
    held: float | None = None


def growth(*, steps: int, threads: int) -> Iterator[tuple[str, list[Point]]]:
    """Yield each axis with its points, each measured in a process of its own.

    Args:
        steps: timed ones of each size, after one that is not timed.
        threads: of the processor.
    """
    for axis, sizes in AXES.items():
        yield axis, [_point(settings, steps=steps, threads=threads) for settings in sizes]


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The power of the size by which a value grows: a least-squares slope of logarithms."""
    if len(sizes) < 2:
        return math.nan
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def table(axis: str, points: Sequence[Point]) -> str:
    """An axis as a Markdown table, the last row of which has the exponents."""
    rows = [
        f"| {axis} | s per step | GB, whole process | GB, tensors counted |",
        "|---|---|---|---|",
    ]
    for point in points:
        seconds = "" if point.seconds is None else f"{point.seconds:.2f}"
        held = "" if point.held is None else f"{point.held / 1e9:.2f}"
        rows.append(f"| {point.size} | {seconds} | {held} | {point.counted / 1e9:.2f} |")
    columns = ("seconds", "held", "counted")
    known = ([p for p in points if getattr(p, column) is not None] for column in columns)
    powers = (
        exponent([p.size for p in there], [getattr(p, column) for p in there])
        for column, there in zip(columns, known, strict=True)
    )
    return "\n".join([*rows, "| exponent | " + " | ".join(f"{p:.2f}" for p in powers) + " |"])


def _point(settings: Mapping[str, Any], *, steps: int, threads: int) -> Point:
    config = make_config(None, {**BASE, **settings})
    size, counted = next(iter(settings.values())), _counted(config)
    free = free_memory()
    if free is not None and counted > _ROOM * free:
        return Point(size, counted)
    command = [sys.executable, "-m", __name__, str(steps), str(threads), json.dumps(settings)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise ValueError(f"a step with {dict(settings)} failed: {words[-1]}")
    return Point(size, counted, **json.loads(done.stdout.splitlines()[-1]))


def _counted(config: Config) -> int:
    """Bytes of a step's tensors, of which only the networks' own are made."""
    return peak_of_step(build_task(config, make_accelerator()), *_batches(config, "meta"))


def _batches(config: Config, device: str) -> tuple[Batch, torch.Tensor]:
    data, count = config.data, config.train.batch_size
    size = (count, data.channels, data.num_frames, data.resolution, data.resolution)
    real = torch.rand(size, device=device) * 2 - 1
    return Batch(real), torch.rand(count, config.generator.z_slow, device=device) * 2 - 1


def main(steps: str, threads: str, settings: str) -> None:
    """Take the steps; see the module."""
    torch.set_num_threads(int(threads))
    config = make_config(None, {**BASE, **json.loads(settings)})
    spares = config.train.checkpoint_activations
    task = build_task(config, make_accelerator(spares_memory=spares))
    real, z = _batches(config, "cpu")
    seconds = []
    for step in range(int(steps) + 1):
        begin = time.perf_counter()
        task.step(step, repeat(real), repeat(z))
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"seconds": median(seconds[1:]), "held": peak_resident()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
