"""Arithmetic on latents: slow motion, walks, sums (Saito et al. 2017)."""

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from operator import add

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.data.pixels import to_bytes
from tgan.lookup import look_up
from tgan.models.modes import evaluating
from tgan.rng import Stream, seed_of
from tgan.system.device import where_float64_is

# Below this sine of their angle two latents count as parallel: no arc is distinguished.
_PARALLEL = 1e-6


def interpolate_time(z_fast: Tensor, factor: int) -> Tensor:
    """Fast latents (N, K, T) with `factor` - 1 more between neighbours: (N, K, (T-1) factor + 1).

    Linear in time; every factor-th of the result is one of the given, bit for bit.

    Raises:
        ValueError: `factor` is below 1.

    Source: Saito et al. 2017 ("bilinear filter" on the output of G0).
    """
    if factor < 1:
        raise ValueError(f"slow motion {factor} is below 1")
    weights = torch.arange(factor, device=z_fast.device, dtype=z_fast.dtype) / factor
    before, after = z_fast[..., :-1, None], z_fast[..., 1:, None]
    between = rearrange(torch.lerp(before, after, weights), "n k t f -> n k (t f)")
    return torch.cat([between, z_fast[..., -1:]], 2)


def lerp(a: Tensor, b: Tensor, weights: Tensor) -> Tensor:
    """Points on the straight line from latent a to b, both (K,), at weights (S,): (S, K)."""
    return torch.lerp(a, b, weights[:, None])


def slerp(a: Tensor, b: Tensor, weights: Tensor) -> Tensor:
    """Points on the arc from latent a to b, both (K,), at weights (S,): (S, K).

    The length stays about that of the ends, where the straight line passes nearer to zero; some
    numbers may leave [-1, 1]. Parallel latents have no arc of their own and take the line.

    Source: Shoemake 1985; White 2016, "Sampling Generative Networks", section 2.1.
    """
    ends, t = (where_float64_is(x).double() for x in (torch.stack([a, b]), weights[:, None]))
    cosine = torch.cosine_similarity(ends[0], ends[1], dim=0).clamp(-1, 1)
    angle = torch.acos(cosine)
    sine = torch.sin(angle)
    if sine < _PARALLEL:
        return lerp(a, b, weights)
    points = torch.sin((1 - t) * angle) / sine * ends[0] + torch.sin(t * angle) / sine * ends[1]
    return points.to(a)


PATHS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"lerp": lerp, "slerp": slerp}


def walk(a: Tensor, b: Tensor, steps: int, *, kind: str = "slerp") -> Tensor:
    """`steps` latents from a to b, both (K,), the ends included and exact: (steps, K).

    Args:
        kind: `slerp` (arc) or `lerp` (straight; its middle is near zero, where latents of
            training are rare and samples pale).

    Raises:
        ValueError: fewer than 2 steps, or an unknown kind.
    """
    if steps < 2:
        raise ValueError(f"a walk of {steps} steps; both ends need at least 2")
    path = look_up(PATHS, kind, kind="walk")
    weights = torch.linspace(0, 1, steps, device=a.device, dtype=a.dtype)
    return path(a, b, weights)


def combine(terms: Iterable[tuple[float, Tensor]]) -> Tensor:
    """The sum of factor times mean over (factor, latents (M, K)): (K,), clamped to [-1, 1].

    Training draws from [-1, 1] alone: what a sum leaves outside goes to the nearest such latent.

    Source: Radford et al. 2016 (DCGAN), section 6.3.2 (the mean of three latents for a concept).
    """
    return reduce(add, (factor * latents.mean(0) for factor, latents in terms)).clamp(-1, 1)


def jittered(latent: Tensor, count: int, *, amount: float) -> Tensor:
    """`count` variants (count, K) of a latent (K,): noise uniform on ±`amount` is added.

    Always the same noise; what it leaves outside [-1, 1] is clamped, as in `combine`.

    Source: Radford et al. 2016 (DCGAN), Figure 7, with ±0.25 (and no clamp).
    """
    rng = torch.Generator().manual_seed(seed_of(Stream.JITTER))
    noise = torch.rand(count, len(latent), generator=rng).mul_(2).sub_(1).to(latent)
    return (latent + amount * noise).clamp(-1, 1)


def slow_motion(
    generator: nn.Module, z_slow: Tensor, factor: int, labels: Tensor | None = None
) -> Tensor:
    """Videos (N, C, (T-1) factor + 1, H, W) in which fast latents are interpolated in time.

    The slow latents (N, K) and the labels (N,) stay; every factor-th frame is one of the plain
    video's, up to rounding. In inference mode only: batch statistics would see other frames.
    Frames are made T at a time, so that no more memory is needed for features than otherwise.

    Args:
        generator: with parts `temporal`, to fast latents, and `image`, which decodes them.

    Raises:
        ValueError: `factor` is below 1, or the generator has no fast latents.
    """
    temporal, image = (getattr(generator, part, None) for part in ("temporal", "image"))
    if not (isinstance(temporal, nn.Module) and isinstance(image, nn.Module)):
        raise ValueError(
            f"slow motion interpolates fast latents, which {type(generator).__name__} does not have"
        )
    z_fast = temporal(z_slow, labels)
    pieces = interpolate_time(z_fast, factor).split(z_fast.shape[2], 2)
    return torch.cat([image(z_slow, piece, labels) for piece in pieces], 2)


@torch.no_grad()
def decode(
    generator: nn.Module,
    z_slow: Tensor,
    *,
    condition: tuple[Tensor, ...] = (),
    factor: int = 1,
    batch_size: int = 16,
) -> Iterator[np.ndarray]:
    """Yield one video (T, H, W, C), uint8, per slow latent, in inference mode.

    Args:
        generator: maps latents (N, K), and conditions, to videos (N, C, T, H, W); its training
            mode is restored.
        z_slow: on any device.
        condition: of all samples, as `tgan.models.conditions` makes it, on any device.
        factor: of slow motion; the videos have (T-1) factor + 1 frames.
        batch_size: how many videos of T frames are made at once; it changes pixels by 1 at most.

    Raises:
        ValueError: as `slow_motion`, when `factor` is not 1.
    """
    device = next(generator.parameters()).device
    at_once = max(batch_size // factor, 1)
    with evaluating(generator):
        for begin in range(0, len(z_slow), at_once):
            rows = slice(begin, begin + at_once)
            latents = z_slow[rows].to(device)
            conditions = [tensor[rows].to(device) for tensor in condition]
            if factor == 1:
                videos = generator(latents, *conditions)
            else:
                videos = slow_motion(generator, latents, factor, *conditions)
            yield from to_bytes(videos).cpu().numpy()
