"""What is measured and shown of networks while they train, besides their losses."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

from tgan.data.clips import ClipSource
from tgan.data.loader import ClipBatches
from tgan.data.pixels import normalise
from tgan.data.replaced import ReplacedBatches
from tgan.data.views import view_of
from tgan.media.video import write_samples
from tgan.metrics.frechet import frechet_distance
from tgan.metrics.lipschitz import CriticReport, critic_report
from tgan.metrics.pooled import pooled_statistics
from tgan.sampling.decoding import latent_size, sample_batches, sample_videos
from tgan.training.copies import Copies
from tgan.training.run import Run
from tgan.training.signs import RealClips

# Samples of the distance share no seed with previews, nor with what users ask for first.
DISTANCE_SEED = 1_000_000
# Previews show each sample at this many pixels at least: 4:2:0 colour blurs smaller ones.
PREVIEW_SIDE = 96
# Reports on the critic look at so many clips of each kind (or a few more, for packs of them), and
# search so many steps from each.
CRITIC_CLIPS, CRITIC_SEARCH = 8, 5
# So many training clips, or a few more, are what samples may be found to be copies of.
COMPARED_CLIPS = 128
# Its number of dimensions follows.
DISTANCE = "frechet_pooled"


def write_preview(run: Run, path: Path) -> np.ndarray:
    """Write a grid of samples, always of the same seeds: MP4, of images PNG.

    Returns:
        The samples, uint8 (N, T, H, W, C).
    """
    count = run.config.log.preview_count
    condition = run.conditioning.examples(run.conditions, count)
    samples = np.stack(list(_samples(run, range(count), condition)))
    view = view_of(run.config.data)
    videos = view(run.conditioning.beside(samples, condition))
    # A column per class where there are enough samples.
    classes = run.conditioning.num_labels
    columns = classes if 0 < classes <= count else math.ceil(math.sqrt(count))
    write_samples(
        path,
        videos,
        columns=columns,
        fps=run.config.log.fps,
        scale=max(math.ceil(PREVIEW_SIDE / videos.shape[2]), 1),
        legend=view.legend,
    )
    return samples


def real_clips(run: Run) -> RealClips:
    """Real clips to look at samples of previews beside, always the same; unreadable ones aside."""
    count = run.config.log.preview_count
    batches = ReplacedBatches(run.source, batch_size=count, seed=0)
    numbers = range(math.ceil(COMPARED_CLIPS / count))
    clips = [batches[number][0].numpy() for number in numbers]
    videos = np.concatenate([batches.sampler.indices(number) for number in numbers])
    return RealClips(clips[0], Copies(clips, videos))


def distance_to(run: Run, held_out: ClipSource) -> tuple[str, float]:
    """Measure how far samples are from clips that training never saw.

    Returns:
        The name of the distance, which begins with `DISTANCE`, and its value.
    """
    count = run.config.log.distance_clips
    seeds = range(DISTANCE_SEED, DISTANCE_SEED + count)
    condition = run.conditioning.prior(run.conditions, seeds)
    samples = (video[None] for video in _samples(run, seeds, condition))
    return distance_between(samples, held_out, count)


def distance_between(
    samples: Iterable[np.ndarray], held_out: ClipSource, count: int
) -> tuple[str, float]:
    """Do as `distance_to` for `count` samples in batches (N, T, H, W, C), uint8.

    As many real clips are drawn, one at a time: memory does not grow with their number.
    """
    batches = ClipBatches(held_out, batch_size=1, seed=0)
    real = pooled_statistics(batches[number][0].numpy() for number in range(count))
    return f"{DISTANCE}{real.size}", frechet_distance(real, pooled_statistics(samples))


def report_on_critic(run: Run) -> CriticReport:
    """Measure how Lipschitz the critic is, at a few clips and samples."""
    config, device, packs = run.config, run.accelerator.device, run.config.critic.packs
    count = packs * math.ceil(CRITIC_CLIPS / packs)
    batches = ClipBatches(run.source, batch_size=count, seed=0)
    clips, labels = (tensor.to(device) for tensor in batches[0])
    real = normalise(clips)
    condition = run.conditioning.of(real, labels)
    (fake,) = sample_batches(
        run.task.sampler,
        range(DISTANCE_SEED, DISTANCE_SEED + count),
        size=latent_size(run.task.sampler, config.generator),
        condition=condition,
    )
    return critic_report(
        run.task.critic.module,
        real,
        fake.float(),
        condition=condition,
        mixed_precision=run.accelerator.mixed_precision,
        steps=CRITIC_SEARCH,
    )


def _samples(run: Run, seeds: range, condition: tuple[Tensor, ...]) -> Iterator[np.ndarray]:
    size = latent_size(run.task.sampler, run.config.generator)
    return sample_videos(run.task.sampler, seeds, size=size, condition=condition)
