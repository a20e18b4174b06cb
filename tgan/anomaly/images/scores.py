"""Scores of pictures by a trained GAN: its critic, a search for latents, or an encoder.

A picture is a clip of one frame, (N, C, 1, H, W) in [-1, 1]. Higher scores are more abnormal.
Networks are expected in inference mode, on the device of the pictures; see `fixed`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tgan._moved import moved_names
from tgan.models.modes import evaluating, frozen
from tgan.rng import Stream, seed_of
from tgan.system.device import fuses
from tgan.training.rates import linear

# Schlegl et al. 2017: steps of the search, and the weight of the critic's features in it.
SEARCH_STEPS, FEATURE_WEIGHT = 500, 0.1
# Of Adam at the first step, falling linearly to 0; latents lie in [-1, 1].
SEARCH_RATE = 0.05
# Schlegl et al. 2019: the weight of the critic's features beside the pixels.
KAPPA = 1.0

__getattr__ = moved_names(__name__, {"Scored": f"{__name__}:MethodScores"})


def _ignore() -> None:
    """Take no notice of a step."""


@dataclass(frozen=True, eq=False)
class MethodScores:
    """Scores of N pictures by one method.

    Attributes:
        scores: (N,), higher is more abnormal.
        reconstructions: (N, C, 1, H, W) in [-1, 1]; None from a method without reconstructions.
        residuals: (N, H, W), the absolute difference to the reconstruction, mean over channels.
    """

    scores: Tensor
    reconstructions: Tensor | None = None
    residuals: Tensor | None = None

    def cpu(self) -> "MethodScores":
        """Move what lies elsewhere to the CPU."""
        others = (self.reconstructions, self.residuals)
        return MethodScores(
            self.scores.cpu(), *(None if part is None else part.cpu() for part in others)
        )


@contextmanager
def fixed(*networks: nn.Module) -> Iterator[None]:
    """Hold networks in inference mode and without gradients of their own, for a while."""
    with ExitStack() as stack:
        for network in networks:
            stack.enter_context(evaluating(network))
            stack.enter_context(frozen(network))
        yield


@torch.no_grad()
def score_by_critic(pictures: Tensor, critic: nn.Module, *, batch_size: int = 64) -> MethodScores:
    """Score by the critic with its sign turned, so that what looks real is normal."""
    return MethodScores(torch.cat([-critic(rows) for rows in pictures.split(batch_size)]))


def score_by_search(
    pictures: Tensor,
    generator: nn.Module,
    critic: nn.Module,
    *,
    size: int,
    steps: int = SEARCH_STEPS,
    weight: float = FEATURE_WEIGHT,
    rate: float = SEARCH_RATE,
    restarts: int = 1,
    seed: int = 0,
    batch_size: int = 64,
    report: Callable[[], None] = _ignore,
) -> MethodScores:
    """Score by AnoGAN: the loss of the best latent that a search finds for each picture.

    Adam moves every latent on `search_loss`; the latent is kept in [-1, 1], where training draws.
    Where a search starts depends on the seed and on the numbers of picture and restart alone;
    hence scores do not depend on how pictures are batched, up to rounding.

    Args:
        generator: maps latents (N, size) to pictures.
        critic: with a method `features`.
        size: numbers in a latent.
        steps: of each search.
        weight: of the features, lambda in the paper.
        rate: of Adam at the first step; it falls linearly to 0.
        restarts: searches per picture, of which the one with the lowest loss counts.
        report: is called after every step of every batch: `search_reports` times in all.

    Raises:
        ValueError: `steps` or `restarts` is below 1, or `weight` is not in [0, 1].

    Source: Schlegl et al. 2017, section 2.2. The falling rate, the bounds and the restarts are
    not in the paper.
    """
    if steps < 1 or restarts < 1:
        raise ValueError(f"a search of {steps} steps, {restarts} times; both start at 1")
    if not 0 <= weight <= 1:
        raise ValueError(f"weight {weight} of the features is not in [0, 1]")
    parts = []
    for first, rows in _batches(pictures, batch_size):
        features = critic.features(rows).detach()
        best = None
        for restart in range(restarts):
            latents = _starts(seed, restart, range(first, first + len(rows)), size).to(rows)

            def losses(z: Tensor, rows: Tensor = rows, features: Tensor = features) -> Tensor:
                fakes = generator(z)
                return search_loss(rows, fakes, features, critic.features(fakes), weight=weight)

            latents, found = _descend(latents, losses, steps=steps, rate=rate, report=report)
            if best is not None:
                is_better = found < best[1]
                latents = torch.where(is_better[:, None], latents, best[0])
                found = torch.minimum(found, best[1])
            best = latents, found
        with torch.no_grad():
            parts.append(_with_residuals(best[1], rows, generator(best[0])))
    return _joined(parts)


def search_reports(count: int, *, batch_size: int, steps: int, restarts: int) -> int:
    """Count the reports of `score_by_search` for `count` pictures."""
    return -(-count // batch_size) * steps * restarts


@torch.no_grad()
def score_by_encoder(
    pictures: Tensor,
    generator: nn.Module,
    critic: nn.Module,
    encoder: nn.Module,
    *,
    kappa: float = KAPPA,
    batch_size: int = 64,
) -> MethodScores:
    """Score by f-AnoGAN: `encoder_loss` of a picture's reconstruction by encoder and generator.

    Args:
        generator: maps latents to pictures.
        critic: with a method `features`.
        encoder: maps pictures to latents.
        kappa: weight of the features.

    Source: Schlegl et al. 2019, equation 6.
    """
    parts = []
    for rows in pictures.split(batch_size):
        fakes = generator(encoder(rows))
        features = critic.features(rows), critic.features(fakes)
        scores = encoder_loss(rows, fakes, *features, kappa=kappa)
        parts.append(_with_residuals(scores, rows, fakes))
    return _joined(parts)


def search_loss(
    real: Tensor, fake: Tensor, real_features: Tensor, fake_features: Tensor, *, weight: float
) -> Tensor:
    """Compute (1 - w) sum |x - G(z)| + w sum |f(x) - f(G(z))| of each picture: (N,).

    Args:
        real, fake: x and G(z), (N, ...).
        real_features, fake_features: f(x) and f(G(z)), (N, K).
        weight: w.

    Source: Schlegl et al. 2017, equations 3 to 5.
    """
    pixels = (real - fake).abs().flatten(1).sum(1)
    features = (real_features - fake_features).abs().sum(1)
    return (1 - weight) * pixels + weight * features


def encoder_loss(
    real: Tensor, fake: Tensor, real_features: Tensor, fake_features: Tensor, *, kappa: float
) -> Tensor:
    """Compute the mean square of x - G(E(x)) plus kappa times that of the features: (N,).

    Args:
        real, fake: x and G(E(x)), (N, ...).
        real_features, fake_features: (N, K).
        kappa: weight of the features.

    Source: Schlegl et al. 2019, equation 4 (`izi_f`).
    """
    pixels = (real - fake).square().flatten(1).mean(1)
    return pixels + kappa * (real_features - fake_features).square().mean(1)


def residual_maps(real: Tensor, fake: Tensor) -> Tensor:
    """Compute absolute differences of pictures (N, C, 1, H, W), mean over channels: (N, H, W)."""
    return (real - fake).abs().mean((1, 2))


def _descend(
    latents: Tensor,
    losses: Callable[[Tensor], Tensor],
    *,
    steps: int,
    rate: float,
    report: Callable[[], None],
) -> tuple[Tensor, Tensor]:
    """Search from `latents` (N, K); return latents of lower loss, and their losses (N,)."""
    latents = latents.clone().requires_grad_()
    optimizer, falling = torch.optim.Adam([latents], lr=rate, fused=fuses([latents])), linear(steps)
    with torch.enable_grad():
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = rate * falling(step)
            # Adam treats every coordinate by itself, and the gradient of the sum has a row for
            # each picture: each is searched for as if it were alone.
            (latents.grad,) = torch.autograd.grad(losses(latents).sum(), latents)
            optimizer.step()
            with torch.no_grad():
                latents.clamp_(-1, 1)
            report()
    with torch.no_grad():
        return latents.detach(), losses(latents)


def _starts(seed: int, restart: int, numbers: range, size: int) -> Tensor:
    """Draw latents (len(numbers), size), uniform on [-1, 1], one for each picture's number."""
    rows = []
    for number in numbers:
        drawn = torch.Generator().manual_seed(seed_of(Stream.SEARCH, seed, restart, number))
        rows.append(torch.rand(size, generator=drawn) * 2 - 1)
    return torch.stack(rows)


def _batches(pictures: Tensor, batch_size: int) -> Iterator[tuple[int, Tensor]]:
    for first in range(0, len(pictures), batch_size):
        yield first, pictures[first : first + batch_size]


def _with_residuals(scores: Tensor, real: Tensor, fake: Tensor) -> MethodScores:
    return MethodScores(scores, fake, residual_maps(real, fake))


def _joined(parts: list[MethodScores]) -> MethodScores:
    names = ("scores", "reconstructions", "residuals")
    return MethodScores(*(torch.cat([getattr(part, name) for part in parts]) for name in names))
