"""Critic losses: what a critic pays beside its objective."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from tgan.config import TrainConfig
from tgan.rng.noise import Noise
from tgan.training.learners import Batch, Critic, CriticLoss


@dataclass(frozen=True)
class CrossEntropy:
    """The mean cross entropy, in nats, of the classes of labelled samples and the critic's guess.

    The guess is the softmax of its K logits: the probability of each class, given that a sample is
    real. Together with the objective `non_saturating`, which scores other samples, that is the
    loss of a classifier of K + 1 classes, the last of which are generated samples.

    Attributes:
        weight: that it is multiplied by; 1 in the paper.

    Source: Salimans et al. 2016, section 5, L_supervised.
    """

    weight: float

    def __call__(self, critic: Critic, *, real: Batch, noise: Noise) -> Tensor:
        samples, classes = real.labelled
        logits = critic.logits(samples, noise)
        wide = torch.promote_types(logits.dtype, torch.float32)
        return self.weight * F.cross_entropy(logits.to(wide), classes)


# The weight of each is a setting: `train.cross_entropy_weight`.
CRITIC_LOSSES: dict[str, Callable[[float], CriticLoss]] = {"cross_entropy": CrossEntropy}


def critic_losses(train: TrainConfig) -> dict[str, CriticLoss]:
    """Those whose weight is not 0, by name."""
    weights = {name: getattr(train, f"{name}_weight") for name in CRITIC_LOSSES}
    return {name: CRITIC_LOSSES[name](weight) for name, weight in weights.items() if weight}
