"""Constraints that add to the critic's loss: a penalty on its gradients, or on its kernels.

A gradient penalty looks at a few points of every step. Between them the critic may be as steep as
it likes, so none of these certifies a Lipschitz constant.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn.functional import relu

from tgan.constraints.base import Constraint, Score
from tgan.constraints.checks import refuse_mixing
from tgan.models.distributed import mean_over_processes
from tgan.rng.noise import Noise

_NOT_ALONE = "through which a sample's score, whose gradient is penalised, depends on other samples"

# Kodali et al.'s code: perturbations are below this many standard deviations of the batch.
DRAGAN_RADIUS = 0.5


@dataclass(frozen=True)
class _InputGradientPenalty(Constraint):
    """A penalty on the critic's gradients with respect to its inputs: what the five below share.

    A critic with batch norms, or with a view of its batch, is refused: through them a sample's
    score depends on other samples.

    Attributes:
        weight: by which it is multiplied.
        interval: it is paid after updates interval, 2 * interval, ... alone, times the interval.
    """

    differentiates_twice = True

    weight: float = 10.0
    interval: int = 1

    def attach(self, critic: nn.Module, example: tuple[Tensor, ...]) -> None:
        refuse_mixing(critic, _NOT_ALONE)


@dataclass(frozen=True)
class GradientPenalty(_InputGradientPenalty):
    """weight * mean((|gradient| - 1)^2), at one random point between each real and each fake.

    The norm is over all values of a sample. Under the Wasserstein objective it settles above 1, at
    about 1 + W / (2 * weight), W the distance between real and fake; that of videos is large.

    Source: WGAN-GP (Gulrajani et al. 2017), equation 3 and Algorithm 1.
    """

    def penalty(
        self, critic: nn.Module, score: Score, real: Tensor, fake: Tensor, noise: Noise
    ) -> Tensor:
        norms = vector_norm(_gradients(score, _between(real, fake, noise)), dim=1)
        return self.weight * (norms - 1).square().mean()


@dataclass(frozen=True)
class OneSidedGradientPenalty(_InputGradientPenalty):
    """weight * mean(max(0, |gradient| - 1)^2), at the points of `GradientPenalty`.

    The best 1-Lipschitz critic has a gradient of 1 where it matters and may be flatter elsewhere.

    Source: WGAN-LP (Petzka et al. 2018); the weight is that of `GradientPenalty`.
    """

    def penalty(
        self, critic: nn.Module, score: Score, real: Tensor, fake: Tensor, noise: Noise
    ) -> Tensor:
        norms = vector_norm(_gradients(score, _between(real, fake, noise)), dim=1)
        return self.weight * relu(norms - 1).square().mean()


@dataclass(frozen=True)
class Dragan(_InputGradientPenalty):
    """weight * mean((|gradient| - 1)^2), at x + a * 0.5 * s * u near each real sample x.

    a is uniform on [0, 1), one number per sample; u is uniform on [0, 1), one per value, so that
    values only grow; s is the standard deviation of all values of the global batch. The paper
    itself writes normal noise; this is what its authors ran.

    Source: DRAGAN (Kodali et al. 2017), the authors' notebook.
    """

    def penalty(
        self, critic: nn.Module, score: Score, real: Tensor, fake: Tensor, noise: Noise
    ) -> Tensor:
        share = _one_per_sample(real, noise)
        step = DRAGAN_RADIUS * _deviation(real) * noise.uniform(tuple(real.shape), real)
        norms = vector_norm(_gradients(score, real + share * step), dim=1)
        return self.weight * (norms - 1).square().mean()


@dataclass(frozen=True)
class R1(_InputGradientPenalty):
    """weight / 2 * mean(|gradient|^2), at the real samples.

    Attributes:
        weight: gamma.

    Source: Mescheder et al. 2018, equation 9.
    """

    def penalty(
        self, critic: nn.Module, score: Score, real: Tensor, fake: Tensor, noise: Noise
    ) -> Tensor:
        return self.weight / 2 * _mean_square(_gradients(score, real))


@dataclass(frozen=True)
class R1R2(_InputGradientPenalty):
    """weight / 2 * mean(|gradient|^2) at the real samples, and as much at the fakes.

    Attributes:
        weight: gamma. R3GAN's for 64x64 images starts at the 2 of here and falls to 0.2; it is
            0.05 at first for CIFAR-10 and 150 for 256x256.

    Source: Mescheder et al. 2018, equations 9 and 10; R3GAN (Huang et al. 2024).
    """

    weight: float = 2.0

    def penalty(
        self, critic: nn.Module, score: Score, real: Tensor, fake: Tensor, noise: Noise
    ) -> Tensor:
        at_real = _mean_square(_gradients(score, real))
        at_fake = _mean_square(_gradients(score, fake))
        return self.weight / 2 * (at_real + at_fake)


@dataclass(frozen=True)
class Orthonormal(Constraint):
    """weight * the sum over kernels W of |W W^T - I|^2 (Frobenius; W^T W for tall ones).

    A kernel is seen as the matrix (out_channels, everything else), as for `SingularValueClip`.

    Attributes:
        weight: no paper has one for a Wasserstein critic, whose loss pulls without end. On clips
            of 32x32, against noise, 1000 kept all singular values below 1.1, 100 below 3 and 10
            below 11; under objectives that level off, 0.01 was enough.
        interval: as of a penalty on gradients.

    Source: Brock et al. 2017, with the square of Miyato et al. 2018, section 3.
    """

    weight: float = 1000.0
    interval: int = 1

    def penalty(
        self, critic: nn.Module, score: Score, real: Tensor, fake: Tensor, noise: Noise
    ) -> Tensor:
        kernels = [parameter for parameter in critic.parameters() if parameter.ndim >= 2]
        # Products in bf16 would be off by a percent.
        with torch.autocast(real.device.type, enabled=False):
            distances = [_distance_to_orthonormal(kernel.flatten(1)) for kernel in kernels]
        return self.weight * sum(distances, start=real.new_zeros(()))


def _distance_to_orthonormal(matrix: Tensor) -> Tensor:
    rows, columns = matrix.shape
    gram = matrix @ matrix.T if rows <= columns else matrix.T @ matrix
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    return (gram - identity).square().sum()


def _gradients(score: Score, points: Tensor) -> Tensor:
    """The gradient (N, D) of each point's score at that point, float32 or wider.

    It can be differentiated by the critic's parameters; nothing upstream of the points sees it.
    """
    wide = torch.promote_types(points.dtype, torch.float32)
    points = points.detach().to(wide).requires_grad_()
    scores = score(points)
    # A backward pass repeats the forward pass's types by itself; autocast would add its own.
    with torch.autocast(points.device.type, enabled=False):
        (gradients,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    return gradients.flatten(1)


def _mean_square(gradients: Tensor) -> Tensor:
    return gradients.square().sum(1).mean()


def _between(real: Tensor, fake: Tensor, noise: Noise) -> Tensor:
    return fake + _one_per_sample(real, noise) * (real - fake)


def _one_per_sample(samples: Tensor, noise: Noise) -> Tensor:
    return noise.uniform((len(samples), *[1] * (samples.ndim - 1)), samples)


def _deviation(samples: Tensor) -> Tensor:
    """Standard deviation of all values of all processes' samples."""
    mean = mean_over_processes(samples.mean())
    return mean_over_processes((samples - mean).square().mean()).sqrt()
