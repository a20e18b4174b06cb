"""Scores of pictures by a trained GAN: its critic, a search for latents, or an encoder.

A picture is a clip of one frame, (N, C, 1, H, W) in [-1, 1]. Higher scores are more abnormal.
Networks are expected in inference mode, on the device of the pictures.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tgan.rng import Stream, seed_of
from tgan.training.rates import linear

# Schlegl et al. 2017: steps of the search, and the weight of the critic's features in it.
SEARCH_STEPS, FEATURE_WEIGHT = 500, 0.1
# Of Adam at the first step, falling linearly to 0; latents lie in [-1, 1].
SEARCH_RATE = 0.05
# Schlegl et al. 2019: the weight of the critic's features beside the pixels.
KAPPA = 1.0


def _nothing() -> None:
    """What is reported when nobody listens."""


@dataclass(frozen=True, eq=False)
class Scored:
    """What a method says of N pictures.

    Attributes:
        scores: (N,), higher is more abnormal.
        reconstructions: (N, C, 1, H, W) in [-1, 1]; None from a method that makes none.
        residuals: (N, H, W), the absolute difference to the reconstruction, mean over channels.
    """

    scores: Tensor
    reconstructions: Tensor | None = None
    residuals: Tensor | None = None


@torch.no_grad()
def score_by_critic(pictures: Tensor, critic: nn.Module, *, batch_size: int = 64) -> Scored:
    """The critic's score with its sign turned: what the critic takes for real is normal."""
    return Scored(torch.cat([-critic(rows) for rows in pictures.split(batch_size)]))


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
    report: Callable[[], None] = _nothing,
) -> Scored:
    """AnoGAN: the loss of the best latent that a search finds for each picture.

    Every latent is moved by Adam on `search_loss` and kept in [-1, 1], where training draws. Where
    it starts depends on the seed, on the number of the picture and of the restart, and on nothing
    else; so neither do scores, up to rounding, depend on how pictures are batched.

    Args:
        generator: maps latents (N, size) to pictures.
        critic: with `features`.
        size: numbers in a latent.
        steps: of each search.
        weight: of the features, lambda in the paper.
        rate: of Adam at the first step; it falls linearly to 0.
        restarts: searches per picture, of which the one with the lowest loss counts.
        report: called after every step of every batch: `search_reports` times in all.

    Raises:
        ValueError: `steps` or `restarts` is below 1, or `weight` is not in [0, 1].

    Source: Schlegl et al. 2017, section 2.2. The falling rate, the bounds and the restarts are
    ours.
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
                made = generator(z)
                return search_loss(rows, made, features, critic.features(made), weight=weight)

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
    """How often `score_by_search` reports in all for `count` pictures."""
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
) -> Scored:
    """f-AnoGAN: `encoder_loss` of what the generator makes of the encoder's latent.

    Args:
        generator: maps latents to pictures.
        critic: with `features`.
        encoder: maps pictures to latents.
        kappa: weight of the features.

    Source: Schlegl et al. 2019, equation 6.
    """
    parts = []
    for rows in pictures.split(batch_size):
        made = generator(encoder(rows))
        scores = encoder_loss(rows, made, critic.features(rows), critic.features(made), kappa=kappa)
        parts.append(_with_residuals(scores, rows, made))
    return _joined(parts)


def search_loss(
    real: Tensor, made: Tensor, real_features: Tensor, made_features: Tensor, *, weight: float
) -> Tensor:
    """(1 - w) sum |x - G(z)| + w sum |f(x) - f(G(z))|, per picture: (N,).

    Args:
        real, made: (N, ...).
        real_features, made_features: (N, K).
        weight: w.

    Source: Schlegl et al. 2017, equations 3 to 5.
    """
    pixels = (real - made).abs().flatten(1).sum(1)
    features = (real_features - made_features).abs().sum(1)
    return (1 - weight) * pixels + weight * features


def encoder_loss(
    real: Tensor, made: Tensor, real_features: Tensor, made_features: Tensor, *, kappa: float
) -> Tensor:
    """The mean square of x - G(E(x)) plus kappa times that of the features, per picture: (N,).

    Args:
        real, made: (N, ...).
        real_features, made_features: (N, K).

    Source: Schlegl et al. 2019, equation 4 (`izi_f`).
    """
    pixels = (real - made).square().flatten(1).mean(1)
    return pixels + kappa * (real_features - made_features).square().mean(1)


def residual_maps(real: Tensor, made: Tensor) -> Tensor:
    """Absolute differences of pictures (N, C, 1, H, W), mean over channels: (N, H, W)."""
    return (real - made).abs().mean((1, 2))


def _descend(
    latents: Tensor,
    losses: Callable[[Tensor], Tensor],
    *,
    steps: int,
    rate: float,
    report: Callable[[], None],
) -> tuple[Tensor, Tensor]:
    """Latents (N, K) after the search, and their losses (N,)."""
    latents = latents.clone().requires_grad_()
    optimizer, falling = torch.optim.Adam([latents], lr=rate), linear(steps)
    with torch.enable_grad():
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = rate * falling(step)
            # Adam goes by coordinates, and the gradient of the sum has a row for each picture: so
            # each is searched for as if it were alone. Networks are left without gradients.
            (latents.grad,) = torch.autograd.grad(losses(latents).sum(), latents)
            optimizer.step()
            with torch.no_grad():
                latents.clamp_(-1, 1)
            report()
    with torch.no_grad():
        return latents.detach(), losses(latents)


def _starts(seed: int, restart: int, numbers: range, size: int) -> Tensor:
    """Uniform latents (len(numbers), size) on [-1, 1], one for the number of each picture."""
    rows = []
    for number in numbers:
        drawn = torch.Generator().manual_seed(seed_of(Stream.SEARCH, seed, restart, number))
        rows.append(torch.rand(size, generator=drawn) * 2 - 1)
    return torch.stack(rows)


def _batches(pictures: Tensor, batch_size: int) -> Iterator[tuple[int, Tensor]]:
    for first in range(0, len(pictures), batch_size):
        yield first, pictures[first : first + batch_size]


def _with_residuals(scores: Tensor, real: Tensor, made: Tensor) -> Scored:
    return Scored(scores, made, residual_maps(real, made))


def _joined(parts: list[Scored]) -> Scored:
    names = ("scores", "reconstructions", "residuals")
    return Scored(*(torch.cat([getattr(part, name) for part in parts]) for name in names))
