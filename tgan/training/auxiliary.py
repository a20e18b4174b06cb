"""Auxiliary losses: what a generator pays beside its objective."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from tgan.config import TrainConfig
from tgan.losses import Objective, l1, l2
from tgan.models.distributed import mean_over_processes
from tgan.rng.noise import Noise
from tgan.training.learners import Batch, Critic, Learner


class AuxiliaryLoss(Protocol):
    """A scalar that the generator minimises too; the critic gathers no gradients from it.

    One that looks at the critic's features says so by an attribute `needs_features`.
    """

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


@dataclass(frozen=True)
class FeatureMatching:
    """The mean squared difference of the mean features of fakes and of real samples.

    Features are what the critic's last layer takes in, under the augmentation and the condition of
    its scores; their means are of the global batch.

    Attributes:
        weight: that it is multiplied by.

    Source: Salimans et al. 2016, section 3.1; the square is a mean over features, not their sum,
        as in its authors' code.
    """

    needs_features: ClassVar[bool] = True

    weight: float

    def __call__(
        self, generator: Learner, critic: Critic, *, fake: Tensor, real: Batch, noise: Noise
    ) -> Tensor:
        with torch.no_grad():
            at_real = _mean(critic.features(real.samples, real.condition, noise))
        at_fake = _mean(critic.features(fake, real.condition, noise))
        return self.weight * l2(at_fake, at_real)


def _mean(features: Tensor) -> Tensor:
    """The mean (K,) of features (N, K) over the samples of all processes, in float32 or wider."""
    wide = torch.promote_types(features.dtype, torch.float32)
    return mean_over_processes(features.to(wide).mean(0))


@dataclass(frozen=True)
class Reconstruction:
    """The mean squared difference of the picture and what a pyramid remakes it as.

    Of critics whose scores are the root of the number of places times as large as the authors'
    (`tgan.models.patch`): it is multiplied by the root of the number of pixels, too.

    Attributes:
        weight: alpha in the paper.

    Source: Shaham et al. 2019, equation 4.
    """

    weight: float

    def __call__(
        self, generator: Learner, critic: Critic, *, fake: Tensor, real: Batch, noise: Noise
    ) -> Tensor:
        picture = real.samples[:, :, 0]
        remade: Tensor = generator.module.remade()  # type: ignore[operator]
        places = picture.shape[2] * picture.shape[3]
        return self.weight * places**0.5 * l2(remade.expand_as(picture), picture)


# The weight of each is a setting: `train.l1_weight`.
AUXILIARY_LOSSES: dict[str, Callable[[float], AuxiliaryLoss]] = {
    "l1": L1,
    "feature_matching": FeatureMatching,
    "reconstruction": Reconstruction,
}


def check_auxiliary(auxiliary: AuxiliaryLosses, critic: Critic) -> None:
    """Refuse a critic with which the generator could not pay what it is to pay.

    Raises:
        ValueError: there is nothing that it could minimise, or features of a critic are to be
            looked at that has none.
    """
    if critic.objective.generator is None and not auxiliary:
        raise ValueError(
            "the generator has nothing to minimise: its objective has no loss of scores, and no "
            "auxiliary loss has a weight"
        )
    for name, loss in auxiliary.items():
        if getattr(loss, "needs_features", False) and not hasattr(critic.module, "features"):
            raise ValueError(
                f"{name} needs a critic with a method `features`, and "
                f"{type(critic.module).__name__} has none"
            )


def auxiliary_losses(train: TrainConfig, objective: Objective) -> dict[str, AuxiliaryLoss]:
    """Those whose weight is not 0, by name.

    A weight that is not set is 1 for those that the objective names, and 0 for others.
    """
    weights = {name: getattr(train, f"{name}_weight") for name in AUXILIARY_LOSSES}
    for name, weight in weights.items():
        if weight is None:
            weights[name] = float(name in objective.auxiliary)
    return {name: AUXILIARY_LOSSES[name](weight) for name, weight in weights.items() if weight}
