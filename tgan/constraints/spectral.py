"""Constraints that divide every kernel by its norm: spectral normalisation.

The norm is found by power iteration, which goes on while the critic trains: vectors u and v are
kept from one pass to the next. It converges from below, so kernels end up above the bound, by as
much as their weights move faster than the vectors follow: 5 to 15 % at a learning rate of 1e-3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn import functional as F
from torch.nn.utils import parametrize

from tgan.constraints.base import Constraint
from tgan.constraints.kernels import affine_modules
from tgan.linalg.lattice import make_axes
from tgan.models.affine import AffineLayer, affine_layers

_CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}

# First vectors are sought until an iteration raises the norm by this share; on random kernels it
# is half a percent short then.
_TOLERANCE = 1e-4
_MAX_ITERATIONS = 200
_SMALLEST = 1e-12

LinearMap = Callable[[Tensor], Tensor]
# A weight as a linear map and its transpose.
Operator = Callable[[Tensor], tuple[LinearMap, LinearMap]]


@dataclass(frozen=True)
class SpectralNorm(Constraint):
    """Divides every kernel by its largest singular value as a matrix (out_channels, the rest).

    For a linear layer that is its norm; a strided, zero-padded convolution can exceed it, as for
    `SingularValueClip`.

    Attributes:
        iterations: of the power method, at every pass through a critic in training mode.
        maximum: the norm that kernels are scaled to.

    Source: Miyato et al. 2018, Algorithm 1.
    """

    iterations: int = 1
    maximum: float = 1.0

    def attach(self, critic: nn.Module, example: tuple[Tensor, ...]) -> None:
        for module in affine_modules(critic):
            start = module.weight.new_empty(module.weight[0].numel())
            _scale(module, start, matrix_operator, iterations=self.iterations, to=self.maximum)


@dataclass(frozen=True)
class ConvSpectralNorm(Constraint):
    """Divides every kernel by the norm of its convolution at its real input size.

    Stride, zero padding, dilation and groups are those of the layer. The norm is a lower bound
    that converges from below: no certificate, unlike `AlmostOrthogonal`. For an input of another
    size the norm can be larger.

    Attributes:
        iterations: of the power method, at every pass through a critic in training mode; each
            costs a convolution of one sample and its transpose.
        maximum: the norm that layers are scaled to.

    Source: Farnia et al. 2019; Ryu et al. 2019.
    """

    iterations: int = 1
    maximum: float = 1.0

    def attach(self, critic: nn.Module, example: tuple[Tensor, ...]) -> None:
        affine_modules(critic)
        for layer in affine_layers(critic, example):
            weight = layer.module.weight
            if isinstance(layer.module, nn.Linear):
                start, operator = weight.new_empty(weight.shape[1]), matrix_operator
            else:
                start = weight.new_empty(1, layer.module.in_channels, *layer.input_size)
                operator = convolution_operator(layer)
            _scale(layer.module, start, operator, iterations=self.iterations, to=self.maximum)


def matrix_operator(weight: Tensor) -> tuple[LinearMap, LinearMap]:
    """A kernel as the matrix (out_channels, the rest), and its transpose."""
    matrix = weight.flatten(1)
    return (lambda x: matrix @ x), (lambda y: y @ matrix)


def convolution_operator(layer: AffineLayer) -> Operator:
    """A kernel as the layer's convolution (1, C_in, *size) -> (1, C_out, *size), and transpose."""
    module, geometry = layer.module, layer.geometry
    axes = make_axes(
        module.kernel_size,
        layer.input_size,
        stride=module.stride,
        padding=module.padding,
        dilation=module.dilation,
    )
    return partial(_convolution, geometry=geometry, unread=[axis.unread for axis in axes])


def _convolution(weight: Tensor, *, geometry: dict, unread: list[int]) -> tuple:
    convolve, transpose = _CONVOLUTIONS[weight.ndim - 2], _TRANSPOSED[weight.ndim - 2]
    return (
        lambda x: convolve(x, weight, **geometry),
        lambda y: transpose(y, weight, **geometry, output_padding=unread),
    )


def _scale(
    module: nn.Module, start: Tensor, operator: Operator, *, iterations: int, to: float
) -> None:
    # Drawn on the CPU from a fixed seed: every process needs the same vectors.
    drawn = torch.randn(start.shape, generator=torch.Generator().manual_seed(0)).to(start)
    scaled = ScaledToNorm(module.weight, drawn, operator, iterations=iterations, maximum=to)
    parametrize.register_parametrization(module, "weight", scaled)


class ScaledToNorm(nn.Module):
    """Maps a weight to the multiple of it that has norm `maximum` as a linear operator.

    In training mode the vectors are improved first; in inference mode they stay. The norm counts
    in the gradient, with the vectors as constants: at convergence that is its exact gradient.

    Args:
        weight: to find the first vectors for.
        start: a first input of the operator, not 0.
        operator: of a weight; the same one for all weights of this shape.
    """

    def __init__(
        self, weight: Tensor, start: Tensor, operator: Operator, *, iterations: int, maximum: float
    ) -> None:
        super().__init__()
        self.operator, self.iterations, self.maximum = operator, iterations, maximum
        with torch.no_grad():
            self.register_buffer("v", start / vector_norm(start))
            self.register_buffer("u", torch.zeros_like(operator(weight)[0](start)))
            self._converge(weight)

    def forward(self, weight: Tensor) -> Tensor:
        # A norm in bf16 would be off by a percent.
        with torch.autocast(weight.device.type, enabled=False):
            forward, transpose = self.operator(weight)
            for _ in range(self.iterations if self.training else 0):
                self._improve(forward, transpose)
            # Cloned, so that another pass before the backward pass may change them.
            u, v = self.u.clone(), self.v.clone()
            sigma = (u * forward(v)).sum()
            return weight * (self.maximum / sigma.clamp(min=_SMALLEST))

    @torch.no_grad()
    def _converge(self, weight: Tensor) -> None:
        forward, transpose = self.operator(weight)
        reached = torch.zeros_like(weight.sum())
        for _ in range(_MAX_ITERATIONS):
            sigma = self._improve(forward, transpose)
            if sigma - reached <= _TOLERANCE * sigma:
                break
            reached = sigma

    @torch.no_grad()
    def _improve(self, forward: LinearMap, transpose: LinearMap) -> Tensor:
        """One iteration of the power method, and the norm that it found."""
        image = forward(self.v)
        self.u.copy_(_unit(image, otherwise=self.u))
        self.v.copy_(_unit(transpose(self.u), otherwise=self.v))
        return vector_norm(image)


def _unit(x: Tensor, *, otherwise: Tensor) -> Tensor:
    """x at length 1, or `otherwise` if it is 0: vectors outlive a kernel that passes through 0."""
    norm = vector_norm(x)
    return torch.where(norm > 0, x / norm, otherwise)
