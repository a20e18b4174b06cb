"""Trains a few steps in float64 as one of any number of processes, and writes what came out.

accelerate launch --multi_gpu --num_processes 2 float64_worker.py OUT SCHEDULE:OBJECTIVE[:DATA] ...
"""

import json
import sys
from itertools import count
from pathlib import Path

import torch

from tests.conftest import make_tiny_config
from tgan.config import DataConfig
from tgan.data.datasets import open_dataset
from tgan.data.loader import ClipBatches, stream_batches
from tgan.data.pixels import normalise
from tgan.runs.build import build_task, classes_of
from tgan.sampling.decoding import batch_latents
from tgan.training.processes import finish, make_accelerator
from tgan.training.steps import Batch


def train(accelerator, schedule: str, objective: str, labelled: str | None = None) -> dict:
    """Losses of each step (averaged over processes) and all weights, as lists.

    With a packed folder of `labelled` videos it is a conditional GAN of those.
    """
    config = make_tiny_config()
    if labelled is not None:
        config.conditional = True
        config.data = DataConfig(name="videos", path=labelled, resolution=32)
    source = open_dataset(config.data)
    classes = classes_of(source, config) if config.conditional else []
    config.objective, config.train.schedule = objective, schedule
    config.train.n_critic = 2 if schedule == "alternating" else 1
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
    for step in range(4):
        terms = torch.stack(list(task.step(step, reals, latents).values()))
        losses.append(accelerator.reduce(terms, "mean").tolist())
    weights = {
        f"{name}.{key}": value.flatten().tolist()
        for name in ("generator", "critic")
        for key, value in task.tensors()[name].items()
    }
    return {"num_processes": world_size, "losses": losses, "weights": weights}


if __name__ == "__main__":
    out, *pairs = sys.argv[1:]
    accelerator = make_accelerator()
    results = {}
    for pair in pairs:
        torch.set_default_dtype(torch.float32)
        results[pair] = train(accelerator, *pair.split(":"))
    Path(f"{out}.{accelerator.process_index}").write_text(json.dumps(results))
    finish(accelerator)
