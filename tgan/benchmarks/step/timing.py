"""Times of our training step and our clipping."""

import time
from itertools import repeat
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import RMSprop

from tgan.benchmarks.step.sizes import Sizes
from tgan.constraints import Constraint, SingularValueClip
from tgan.data.pixels import normalise
from tgan.losses import OBJECTIVES
from tgan.models import VideoCritic, VideoGenerator
from tgan.training.gan import GANTask
from tgan.training.processes import make_accelerator, prepare
from tgan.training.steps import Batch, Critic, Learner

Z_SIZE, NUM_FRAMES, RESOLUTION = 100, 16, 64
# PyTorch's own batch norm epsilon, which a plain port has.
PLAIN_EPS = 1e-5


def time_step(sizes: Sizes, *, mixed_precision: str = "no") -> dict[str, Any]:
    """Time our step and our clipping in this process, after one of each that is not timed.

    The first clip of all has every direction of new kernels to correct, the others what an update
    left above the bound.

    Returns:
        `step_seconds` and `clip_seconds` (medians), `seconds_per_step_with_clip`, `all_steps`.
    """
    torch.manual_seed(0)
    torch.set_num_threads(sizes.threads)
    task = make_task(*make_networks(sizes), mixed_precision=mixed_precision)
    clip = SingularValueClip(interval=1)
    videos = random_videos(sizes)
    seconds, clip_seconds = [], []
    for step in range(sizes.steps + 1):
        begin = time.perf_counter()
        real, z = normalise(videos), random_latents(sizes)
        task.step(step, repeat(Batch(real)), repeat(z))
        middle = time.perf_counter()
        if step:
            seconds.append(middle - begin)
        if step % sizes.svc_every == 0 or step == sizes.steps:
            clip.project(task.critic.module, step)
            clip_seconds.append(time.perf_counter() - middle)
    clip_seconds = clip_seconds[1:]
    return {
        "step_seconds": median(seconds),
        "clip_seconds": median(clip_seconds),
        "seconds_per_step_with_clip": median(seconds) + median(clip_seconds) / sizes.svc_every,
        "all_steps": seconds,
    }


def make_networks(sizes: Sizes) -> tuple[nn.Module, nn.Module]:
    """Our networks with the settings of a plain port: a shift and eps 1e-5 in all batch norms."""
    generator = VideoGenerator(
        z_slow=Z_SIZE,
        channels=sizes.channels,
        width=sizes.generator_width,
        temporal_shift=True,
        eps=PLAIN_EPS,
    )
    critic = VideoCritic(
        channels=sizes.channels, width=sizes.critic_width, shift=True, eps=PLAIN_EPS
    )
    return generator, critic


def make_task(generator: nn.Module, critic: nn.Module, *, mixed_precision: str = "no") -> GANTask:
    """The task that training would make of these networks, without a constraint."""
    accelerator = make_accelerator(mixed_precision=mixed_precision)
    generator.to(accelerator.device, memory_format=torch.channels_last)
    critic.to(accelerator.device, memory_format=torch.channels_last_3d)
    optimizers = (RMSprop(network.parameters(), lr=5e-5) for network in (generator, critic))
    rules = {"objective": OBJECTIVES["wasserstein"], "constraint": Constraint()}
    learners = (
        Learner(generator, next(optimizers)),
        Critic(critic, next(optimizers), **rules),
    )
    return GANTask(*(prepare(accelerator, learner) for learner in learners))


def random_videos(sizes: Sizes) -> Tensor:
    """A batch of noise (N, T, H, W, C), uint8."""
    shape = (sizes.batch, NUM_FRAMES, RESOLUTION, RESOLUTION, sizes.channels)
    return torch.randint(0, 256, shape, dtype=torch.uint8)


def random_latents(sizes: Sizes, dtype: torch.dtype = torch.float32) -> Tensor:
    """Latents (N, Z_SIZE), uniform on [-1, 1)."""
    return torch.rand(sizes.batch, Z_SIZE, dtype=dtype) * 2 - 1
