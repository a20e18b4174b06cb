"""Auxiliary losses: what a generator pays beside its objective."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from torch import Tensor

from tgan.config import TrainConfig
from tgan.losses import l1
from tgan.rng.noise import Noise
from tgan.training.learners import Batch, Critic, Learner


class AuxiliaryLoss(Protocol):
    """A scalar that the generator minimises too; the critic gathers no gradients from it."""

    def __call__(
        self, generator: Learner, critic: Critic, *, fake: Tensor, real: Batch, noise: Noise
    ) -> Tensor:
        """What is paid for these fakes.

        Args:
            generator: that made them.
            critic: frozen.
            fake: (N, ...), with their graph.
            real: samples (N, ...) and the condition under which the fakes were generated.
            noise: of this update.
        """
        ...


AuxiliaryLosses = Mapping[str, AuxiliaryLoss]
NOTHING: AuxiliaryLosses = MappingProxyType({})


@dataclass(frozen=True)
class L1:
    """The mean absolute difference of fakes and the real samples whose condition they have.

    Attributes:
        weight: that it is multiplied by.

    Source: Isola et al. 2017, equation 3.
    """

    weight: float

    def __call__(
        self, generator: Learner, critic: Critic, *, fake: Tensor, real: Batch, noise: Noise
    ) -> Tensor:
        return self.weight * l1(fake, real.samples)


# The weight of each is a setting: `train.l1_weight`.
AUXILIARY_LOSSES: dict[str, Callable[[float], AuxiliaryLoss]] = {"l1": L1}


def auxiliary_losses(train: TrainConfig) -> dict[str, AuxiliaryLoss]:
    """Those whose weight is not 0, by name."""
    weights = {name: getattr(train, f"{name}_weight") for name in AUXILIARY_LOSSES}
    return {name: AUXILIARY_LOSSES[name](weight) for name, weight in weights.items() if weight}
