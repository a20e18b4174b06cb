"""Trains a few steps in float64 as one of any number of processes, and writes what came out.

accelerate launch --multi_gpu --num_processes 2 float64_worker.py OUT CELL ...

A cell is SCHEDULE:OBJECTIVE[+SEES_BATCH|+PACKS]:CONSTRAINT[/INTERVAL][:DATA].
"""

import sys
from itertools import count

import torch

from tests.conftest import make_tiny_config
from tests.made.schedules import UNCONSTRAINED
from tgan.config import ConstraintConfig, DataConfig, OptimizerConfig
from tgan.constraints import CONSTRAINTS
from tgan.data.datasets import open_dataset
from tgan.data.loader import ClipBatches, stream_batches
from tgan.data.pixels import normalise
from tgan.runs.build import build_task, classes_of
from tgan.sampling.decoding import batch_latents
from tgan.training.processes import finish, make_accelerator
from tgan.training.steps import Batch

STEPS = 3
# A batch norm takes away what a bias before it adds, whose gradient is rounding noise. Adam without
# this would make full steps of it.
EPS = 1e-2


def config_of(schedule: str, objective: str, constraint: str, labelled: str | None):
    config = make_tiny_config()
    config.data.resolution = 8
    if labelled is not None:
        config.conditional = True
        config.data = DataConfig(name="videos", path=labelled, resolution=32)
    config.objective, _, seen = objective.partition("+")
    config.critic.packs = int(seen) if seen.isdigit() else 1
    config.critic.sees_batch = "none" if seen.isdigit() else seen or "none"
    config.train.schedule = schedule
    config.train.n_critic = 1 if schedule == "simultaneous" else 2
    config.train.survivors = 2 if schedule == "evolutionary" else 1
    constraint, _, interval = constraint.partition("/")
    assert constraint in CONSTRAINTS
    config.constraint = ConstraintConfig(constraint, interval=int(interval) if interval else None)
    # Gradient penalties, among others, refuse batch norms.
    config.critic.batch_norm = constraint in ("none", "weight_clip", "svc")
    config.critic.batch_norm &= schedule not in UNCONSTRAINED
    # Two kinds of sums over processes, in a backward pass that computes one of them anew.
    config.train.checkpoint_activations = constraint == "wgan_gp"
    config.generator.self_modulation = constraint == "wgan_gp"
    optimizer = OptimizerConfig(name="adam", lr=1e-3, eps=EPS)
    config.generator_optimizer = config.critic_optimizer = optimizer
    return config


def train(accelerator, *cell: str) -> dict:
    """Losses of each step (averaged over processes) and all weights."""
    schedule, objective, constraint, labelled = (*cell, None)[:4]
    config = config_of(schedule, objective, constraint, labelled)
    source = open_dataset(config.data)
    classes = classes_of(source, config) if config.conditional else []
    torch.set_default_dtype(torch.float64)
    task = build_task(config, accelerator, classes)
    rank, world_size = accelerator.process_index, accelerator.num_processes
    batches = ClipBatches(source, batch_size=4, seed=0, rank=rank, world_size=world_size)
    reals = (
        Batch(normalise(clips, torch.float64), (labels,) if config.conditional else ())
        for clips, labels in stream_batches(batches, first=0)
    )
    share = slice(rank * 4 // world_size, (rank + 1) * 4 // world_size)
    latents = (batch_latents(0, k, batch_size=4, size=8)[share].double() for k in count())
    losses = []
    for step in range(STEPS):
        terms = torch.stack(list(task.step(step, reals, latents).values()))
        losses.append(accelerator.reduce(terms, "mean"))
    weights = {
        f"{name}.{key}": value.clone()
        for name in ("generator", "critic")
        for key, value in task.tensors()[name].items()
    }
    return {"losses": torch.cat(losses), **weights}


def train_all(accelerator, out: str, cells: list[str]) -> None:
    """Train each cell, and write what came out beside `out`."""
    results = {}
    for cell in cells:
        try:
            results[cell] = train(accelerator, *cell.split(":"))
        finally:
            torch.set_default_dtype(torch.float32)
    torch.save(results, f"{out}.{accelerator.num_processes}.{accelerator.process_index}")


if __name__ == "__main__":
    out, *cells = sys.argv[1:]
    accelerator = make_accelerator()
    train_all(accelerator, out, cells)
    finish(accelerator)
