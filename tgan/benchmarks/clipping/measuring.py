"""Measurements of training runs and their critics, and the clips that are shown."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tgan.config import Config, DataConfig
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.pixels import normalise
from tgan.evaluation.comparison import Comparison
from tgan.evaluation.controls import ControlClips
from tgan.evaluation.measures import Measure, parse_metrics
from tgan.evaluation.networks import load_networks, network_names
from tgan.evaluation.streams import Clips, GeneratedClips, RealClips
from tgan.media.video import write_samples
from tgan.metrics.lipschitz import critic_report
from tgan.runs.trained import load
from tgan.sampling.decoding import sample_videos, seed_latents
from tgan.system.device import pick_device

DATA: dict[str, Callable[[DataConfig], ClipSource | None]] = {
    "training": open_dataset,
    "held_out": open_held_out,
}
# Settings are chosen by samples that the final measurement never sees.
CHOOSING_SEED, MEASURING_SEED = 4_000_000, 2_000_000
REAL_SEED, BATCH = 0, 16
# A control of our own, and how many training clips it is the mean of.
MEAN, AVERAGED = "mean", 512
# Samples in a picture, in how many columns, and how many pixels each is wide at least.
SHOWN, COLUMNS, SIDE = 16, 4, 96
# Of the search for the critic's largest gradient.
SEARCH_STEPS = 5


def measure_checkpoint(
    path: Path, metrics: Mapping[str, int], *, data: str, first_seed: int
) -> dict[str, Any]:
    """Measure the samples of a checkpoint.

    Args:
        metrics: number of samples by the name of a metric.
        data: a key of `DATA`.

    Returns:
        What the metrics give, by their names.

    Raises:
        ArithmeticError: samples that are not finite.
    """
    run = load(path)
    clips = GeneratedClips.of(run, first_seed=first_seed)
    return measure(clips, metrics, real=real_clips(run.config, data))


def measure_controls(
    config: Config, metrics: Mapping[str, int], names: Sequence[str]
) -> dict[str, Any]:
    """Measure training clips, changed as controls say, against held-back clips.

    Returns:
        What the metrics give by control, and for `MEAN`, the mean clip over and over: what a
        generator could do that has learnt nothing else.
    """
    real, training = (real_clips(config, data) for data in ("held_out", "training"))
    mean = training(0, AVERAGED).mean(0)
    clips = {name: ControlClips(name, training) for name in names}
    clips[MEAN] = lambda first, count: mean.expand(count, *mean.shape)
    return {name: measure(each, metrics, real=real) for name, each in clips.items()}


def measure(clips: Clips, metrics: Mapping[str, int], *, real: RealClips) -> dict[str, Any]:
    """Numbers of `clips` beside real ones, by the names in `metrics` (numbers of samples)."""
    shape = real.batches.source.shape
    parsed = parse_metrics(metrics, network_names())
    wanted = [named.network for named in parsed.values()]
    networks = load_networks(wanted, shape, device=real.device)
    measures = [
        Measure(name, named, networks[named.network], samples=metrics[name], frames=shape[0])
        for name, named in parsed.items()
    ]
    comparison = Comparison(measures, real=real, fake=clips, batch_size=BATCH)
    for number in range(comparison.batches):
        comparison.step(number)
    # By our names: those of the results tell of projections, which have too few samples.
    return dict(zip(metrics, comparison.result().values(), strict=True))


def real_clips(config: Config, data: str) -> RealClips:
    """Real clips of an experiment: of `DATA`.

    Raises:
        ValueError: it has no held-back clips.
    """
    source = DATA[data](config.data)
    if source is None:
        raise ValueError("no held-back clips to measure against: set data.held_out_path")
    return RealClips(source, seed=REAL_SEED, device=device())


def show_checkpoint(path: Path, out: Path) -> None:
    """Write a grid of samples of a checkpoint as a video."""
    run, seeds = load(path), range(SHOWN)
    condition = run.conditioning.prior(run.conditions, seeds)
    size = run.config.generator.z_slow
    samples = sample_videos(run.generator, seeds, size=size, condition=condition)
    _show(np.stack(list(samples)), out)


def show_real(config: Config, out: Path) -> None:
    """Write a grid of held-back clips as a video."""
    _show(real_clips(config, "held_out").draw(0, SHOWN)[0].numpy(), out)


def describe_critic(path: Path) -> dict[str, Any]:
    """How Lipschitz the critic of a checkpoint is, and what its layers do to gradients.

    Returns:
        `layers`: names; `gradients`: mean norms of the score's gradient at their inputs, with
        batch norms as in training; `empirical`, `certificate`: bounds on the Lipschitz constant
        from below and above, with batch norms in inference mode.
    """
    run = load(path)
    real, labels = real_clips(run.config, "held_out").draw(0, BATCH)
    real = normalise(real.to(run.device))
    condition = run.conditioning.of(real, labels.to(run.device))
    seeds = range(MEASURING_SEED, MEASURING_SEED + BATCH)
    latents = seed_latents(seeds, run.config.generator.z_slow).to(run.device)
    with torch.no_grad():
        fake = run.generator(latents, *condition)
    clips = {"real": real, "fake": fake.float(), "condition": condition}
    inference = critic_report(run.critic, **clips, steps=SEARCH_STEPS)
    training = inference
    if inference.statistics != "none":
        training = critic_report(run.critic, **clips, mode="batch", steps=0)
    return {
        "layers": [layer.name for layer in training.layers],
        "gradients": [layer.gradient for layer in training.layers],
        "empirical": inference.empirical,
        "certificate": inference.certificate,
    }


def device() -> str:
    """What networks run on: the accelerator, or the processor."""
    return pick_device("auto")


def _show(videos: np.ndarray, out: Path) -> None:
    scale = max(math.ceil(SIDE / videos.shape[2]), 1)
    write_samples(out, videos, columns=COLUMNS, scale=scale)
