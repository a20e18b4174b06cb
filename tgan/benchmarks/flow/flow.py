"""Flow matching: training a velocity that carries noise to clips, and following it.

Source: Lipman et al. 2023, with the straight paths of Liu et al. 2023 (rectified flow).
"""

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from tgan.rng import Stream, seed_of
from tgan.training.running_mean import RunningMean


def train_flow(
    network: nn.Module,
    clips: Iterator[Tensor],
    *,
    lr: float,
    decay: float,
    seed: int,
    goes_on: Callable[[int], bool],
) -> RunningMean:
    """Train a network to give the velocity of straight paths from normal noise to clips.

    Args:
        network: maps points (N, ...) of the paths and times (N,) to velocities.
        clips: yields batches (N, ...) in [-1, 1].
        lr: of Adam.
        decay: of the running mean of the weights.
        seed: of noise and times.
        goes_on: asked before each step whether it is taken, by its number.

    Returns:
        The running mean, to sample from.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=lr)
    mean, generator = RunningMean(network, decay=decay), _generator(seed, 0)
    step = 0
    while goes_on(step):
        real = next(clips)
        noise = torch.randn(real.shape, generator=generator)
        times = torch.rand(len(real), generator=generator)
        at = times.view(-1, *[1] * (real.ndim - 1))
        loss = (network(torch.lerp(noise, real, at), times) - (real - noise)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean.update_parameters(network)
        step += 1
    return mean


@torch.no_grad()
def sample_flow(network: nn.Module, shape: tuple[int, ...], *, steps: int, seed: int) -> Tensor:
    """Carry noise of `shape` to clips in [-1, 1], by steps of Heun's method.

    Each takes the network twice.
    """
    x = torch.randn(shape, generator=_generator(seed, 1))
    times = torch.linspace(0, 1, steps + 1).tolist()
    for begin, end in zip(times, times[1:], strict=False):
        velocity = network(x, torch.full(shape[:1], begin))
        ahead = network(x + (end - begin) * velocity, torch.full(shape[:1], end))
        x = x + (end - begin) * (velocity + ahead) / 2
    return x.clamp(-1, 1)


def for_seconds(seconds: float) -> Callable[[int], bool]:
    """Whether there is time for another step, counted from here; for the first there is."""
    end = time.perf_counter() + seconds
    return lambda step: step == 0 or time.perf_counter() < end


def _generator(seed: int, purpose: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed_of(Stream.NOISE, seed, purpose))
