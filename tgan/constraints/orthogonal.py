"""Constraints that draw kernels towards orthogonal ones, all of whose singular values are equal."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tgan.constraints.base import Constraint
from tgan.constraints.checks import refuse_mixing, refuse_unbounded
from tgan.constraints.kernels import affine_modules
from tgan.constraints.rescaling import AlmostOrthogonalWeight
from tgan.linalg.symmetric import norm_bound
from tgan.models.affine import affine_layers
from tgan.system.device import waits_for_reads, where_float64_is

# Bjorck's iteration takes a singular value s to s (3 - s^2) / 2: towards 1 below sqrt(3), but
# first to nearly 0 close to there.
_SAFE_NORM = 1.4


@dataclass(frozen=True)
class Parseval(Constraint):
    """Moves every kernel, as the matrix (out_channels, the rest), to the nearest orthogonal one.

    Rows are made orthonormal, or columns where there are fewer of them. That bounds the norm of a
    linear layer; a strided, zero-padded convolution can exceed it, as for `SingularValueClip`
    (with `maximum` 1 / 2.83 TGAN's layers cannot).

    Attributes:
        maximum: all singular values of a kernel.
        iterations: see `orthogonalise`; 1 pulls gently, 15 bring singular values from 0.01 of the
            largest to within a thousandth.
        interval: after critic updates interval, 2 * interval, ...

    Source: Cisse et al. 2017, with the step 1/2 of Bjorck and Bowie 1971.
    """

    maximum: float = 1.0
    iterations: int = 15
    interval: int = 1

    @torch.no_grad()
    def project(self, critic: nn.Module, updates: int) -> None:
        if not self.is_due(updates):
            return
        kernels = {name: each for name, each in critic.named_parameters() if each.ndim >= 2}
        _check_finite(kernels)
        for weight in kernels.values():
            scaled = weight.flatten(1) / self.maximum
            matrix = self.maximum * orthogonalise(scaled, iterations=self.iterations)
            weight.copy_(matrix.reshape(weight.shape))


def _check_finite(kernels: dict[str, nn.Parameter]) -> None:
    """Name a kernel whose entries are not finite; all are told by one read."""
    are_finite = [weight.isfinite().all() for weight in kernels.values()]
    told = torch.stack(are_finite).tolist() if are_finite else []
    for name, is_finite in zip(kernels, told, strict=True):
        if not is_finite:
            raise ArithmeticError(f"critic weight '{name}' has entries that are not finite")


@torch.no_grad()
def orthogonalise(matrix: Tensor, *, iterations: int) -> Tensor:
    """W <- 3/2 W - 1/2 W W^T W, so many times: towards the nearest matrix of singular values 1.

    It converges below sqrt(3), so a matrix with a norm above 1.4 is divided by it first; a
    singular value that is 0 stays 0. All steps act on W from the left (or right) as polynomials of
    its smaller Gram matrix: they are multiplied up there, in float64, and cost next to nothing.

    Args:
        matrix: (rows, columns), finite, float32 or float64.

    Source: Bjorck and Bowie 1971, first order.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    exact = where_float64_is(wide).double()
    gram = exact @ exact.T
    # An accelerator waits for eigenvalues.
    waits = waits_for_reads(gram)
    largest = norm_bound(gram, squarings=16) if waits else torch.linalg.eigvalsh(gram)[-1]
    norm = largest.clamp(min=0).sqrt()
    scale = torch.where(norm > _SAFE_NORM, 1 / norm, 1.0)
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    total, gram = scale * identity, scale.square() * gram
    for _ in range(iterations):
        step = 1.5 * identity - 0.5 * gram
        total, gram = step @ total, step @ gram @ step
    moved = total.to(wide) @ wide
    return moved if wide is matrix else moved.T


@dataclass(frozen=True)
class AlmostOrthogonal(Constraint):
    """Scales the channels of every layer so that its norm at its real input size is at most 1.

    Row i of any matrix A, divided by sqrt(sum_j |A A^T|_ij) for all i, makes a matrix of norm at
    most 1; so do columns by A^T A. For a convolution, A A^T holds the products of the kernels of
    two output channels, one of them shifted over the input by a multiple of the stride. They are
    taken on an unbounded input: zero padding leaves some of its columns, whose norm is no larger.
    Dilation spaces the taps, groups do not meet, and outputs meet only as far apart as the output
    is long.

    The published form scales input channels, at stride 1. With a stride, inputs differ by their
    phase, and outputs do not: rows are the natural side. Columns, one per input channel and phase,
    are scaled where there are fewer of them, as in a first layer of few channels: the larger side
    cannot be orthogonal, and the sums would shrink it for nothing. Orthogonal layers stay as they
    are, and training leads there.

    The norm is certified up to rounding, for inputs of the size of the example or smaller.

    Source: Prach and Lampert 2022.
    """

    def attach(self, critic: nn.Module, example: tuple[Tensor, ...]) -> None:
        """See the class.

        Raises:
            ValueError: batch norms, a view of the batch, or other parts that nothing bounds.
        """
        refuse_mixing(critic, "which the norms of its layers do not bound")
        affine_modules(critic)
        layers = affine_layers(critic, example)
        refuse_unbounded(critic, layers)
        for layer in layers:
            bounded = AlmostOrthogonalWeight(layer)
            parametrize.register_parametrization(layer.module, "weight", bounded)
