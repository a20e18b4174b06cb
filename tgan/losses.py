"""Objectives: what critic and generator minimise, as pure functions of score tensors.

A critic is seen here only through its scores, so videos, images and time series share these
lines. Scores are logits; log-probabilities are taken with softplus and never overflow.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn.functional import relu, softplus


@dataclass(frozen=True)
class Objective:
    """A pair of losses over the scores (N,) of real and of generated samples.

    Attributes:
        critic: `(real_scores, fake_scores) -> scalar`, minimised by the critic.
        generator: `(real_scores, fake_scores) -> scalar`, minimised by the generator;
            `real_scores` is None unless the objective is `relativistic`. None where the generator
            minimises nothing but auxiliary losses.
        zero_sum: as functions of the fake scores the two losses differ by sign and a constant,
            so one backward pass serves both players.
        relativistic: the generator's loss depends on the real scores too.
        auxiliary: names of the auxiliary losses (`tgan.training.auxiliary`) that the generator
            pays with weight 1 unless another one is set.
    """

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Any, Tensor], Tensor] | None
    zero_sum: bool = False
    relativistic: bool = False
    auxiliary: tuple[str, ...] = ()


def l1(fake: Tensor, real: Tensor) -> Tensor:
    """The mean absolute difference of samples (N, ...)."""
    return (fake - real).abs().mean()


def l2(fake: Tensor, real: Tensor) -> Tensor:
    """The mean squared difference of samples (N, ...)."""
    return (fake - real).square().mean()


OBJECTIVES = {
    # Arjovsky, Chintala, Bottou 2017, Algorithm 1; TGAN (Saito et al. 2017).
    "wasserstein": Objective(
        critic=lambda real, fake: fake.mean() - real.mean(),
        generator=lambda real, fake: -fake.mean(),
        zero_sum=True,
    ),
    # Goodfellow et al. 2014, equation 1: the generator minimises log(1 - D(G(z))).
    "minimax": Objective(
        critic=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        generator=lambda real, fake: -softplus(fake).mean(),
        zero_sum=True,
    ),
    # Goodfellow et al. 2014, section 3: the generator maximises log D(G(z)).
    "non_saturating": Objective(
        critic=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        generator=lambda real, fake: softplus(-fake).mean(),
    ),
    # Mao et al. 2017, equation 9: targets 1 for real, 0 for fake, 1 for the generator.
    "least_squares": Objective(
        critic=lambda real, fake: ((real - 1).square().mean() + fake.square().mean()) / 2,
        generator=lambda real, fake: (fake - 1).square().mean() / 2,
    ),
    # Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17.
    "hinge": Objective(
        critic=lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
        generator=lambda real, fake: -fake.mean(),
    ),
    # Jolicoeur-Martineau 2019, section 3.1: each real sample is paired with one fake sample.
    "relativistic": Objective(
        critic=lambda real, fake: softplus(fake - real).mean(),
        generator=lambda real, fake: softplus(real - fake).mean(),
        relativistic=True,
    ),
    # Salimans et al. 2016, section 3.1: the generator matches mean features, whatever the scores.
    "feature_matching": Objective(
        critic=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        generator=None,
        auxiliary=("feature_matching",),
    ),
}
