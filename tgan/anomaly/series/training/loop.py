"""Training loop of a TadGAN on windows, a function of its settings and its seed."""

import math
from collections.abc import Callable, Iterator
from itertools import count

import torch
from torch import Tensor

from tgan.anomaly.series.networks.components import start_from_components
from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.anomaly.series.training.task import TadGANTask
from tgan.data.sampler import ClipSampler
from tgan.rng import Stream, seed_of
from tgan.system.device import upload
from tgan.training.rates import trapezoid
from tgan.training.steps import Batch, Terms

# Steps between two checks that losses are finite: each check waits for the device.
CHECK_EVERY = 25
# Windows that are converted at once; all of them may not fit in memory.
_CHUNK = 1024


def train(
    windows: Tensor,
    settings: TadGANSettings,
    *,
    seed: int,
    steps: int,
    device: str | torch.device = "cpu",
    report: Callable[[int, Terms], None] = lambda step, terms: None,
) -> TadGANTask:
    """Train a TadGAN on windows, of which the result is a function, as of the other arguments.

    Batches run through all windows in a random order, then in another one, and so on. Orion drops
    the rest of a pass that is no whole step; here the next pass completes it.

    Args:
        windows: (M, C, W) in [-1, 1], float32; a view of a series is enough, of which only
            batches are copied if it lies on `device`.
        seed: of weights, order, latents, dropout and penalties.
        steps: updates of encoder and decoder in all.
        device: of the networks.
        report: is called after every step with its number (from 0) and its terms, on the device.

    Raises:
        ValueError: windows are of another shape or not finite.
        ArithmeticError: a loss is not finite; checked after every 25 steps and the last one.
    """
    _check_windows(windows, settings)
    # That of a constant is 0, and any weight is right then.
    variance = _variance(windows) or 1.0
    task = TadGANTask(settings, seed=seed, device=device, variance=variance)
    if settings.starts_from_components:
        start_from_components(task.encoder, task.decoder, windows)
    reals = _reals(windows.to(task.device), settings.batch_size, seed)
    latents = _latents(settings, task.device, seed)
    rate_at = trapezoid(steps, cool_down=settings.cooldown)
    for step in range(steps):
        terms = task.step(step, reals, latents, rate=rate_at(step))
        if (step + 1) % CHECK_EVERY == 0 or step + 1 == steps:
            _check_terms(terms, step)
        report(step, terms)
    return task


def _reals(windows: Tensor, batch_size: int, seed: int) -> Iterator[Batch]:
    sampler = ClipSampler(len(windows), batch_size=batch_size, seed=seed)
    for number in count():
        picked = windows[upload(torch.from_numpy(sampler.indices(number)), windows.device)]
        # Always in this layout: networks round otherwise in that of a view.
        yield Batch(picked.contiguous())


def _latents(settings: TadGANSettings, device: torch.device, seed: int) -> Iterator[Tensor]:
    """Draw standard normal numbers, on the CPU, so that every device gets the same ones."""
    shape = settings.batch_size, settings.latent_size
    for number in count():
        generator = torch.Generator().manual_seed(seed_of(Stream.LATENTS, seed, number))
        yield upload(torch.randn(shape, generator=generator), device)


def _variance(windows: Tensor) -> float:
    """Compute the variance of all numbers in windows, in float64."""
    mean = sum(float(part.sum()) for part in _parts(windows)) / windows.numel()
    squares = sum(float((part - mean).square().sum()) for part in _parts(windows))
    return squares / windows.numel()


def _parts(windows: Tensor) -> Iterator[Tensor]:
    """Yield windows in float64 on the CPU, chunk by chunk."""
    for part in windows.split(_CHUNK):
        yield part.cpu().contiguous().double()


def _check_windows(windows: Tensor, settings: TadGANSettings) -> None:
    expected = (settings.channels, settings.window)
    if windows.ndim != 3 or windows.shape[1:] != expected or not len(windows):
        raise ValueError(
            f"windows of shape {tuple(windows.shape)} for a TadGAN of (windows, channels, steps) "
            f"(1 or more, {expected[0]}, {expected[1]})"
        )
    if not all(torch.isfinite(part).all() for part in windows.split(_CHUNK)):
        raise ValueError("windows hold numbers that are not finite")


def _check_terms(terms: Terms, step: int) -> None:
    for name, value in zip(terms, torch.stack(list(terms.values())).tolist(), strict=True):
        if not math.isfinite(value):
            raise ArithmeticError(f"TadGAN's {name} is {value} at step {step}")
