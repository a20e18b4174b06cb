"""A strided, zero-padded convolution as a linear operator: its norm, from below and from above.

A kernel (C_out, C_in / groups, *K) acts on inputs (C_in, *input_size). A matrix (C_out, C_in) is
the kernel of a convolution over no axes, so linear layers need no code of their own.
"""

import math
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor
from torch.linalg import vector_norm
from torch.nn import functional as F

from tgan.linalg.lanczos import largest_from_below
from tgan.linalg.lattice import Axis, Sizes, kernel_axes
from tgan.linalg.torus import Torus
from tgan.system.device import where_float64_is

_CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}

# Rounding of the float64 sums and products below, many times over.
ROUNDING = 1e-9


@torch.no_grad()
def conv_norm(
    weight: Tensor,
    input_size: Sequence[int],
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    tolerance: float = 1e-3,
    max_iterations: int = 1000,
) -> float:
    """The largest singular value of a convolution at its real input size, from below.

    Power iteration by the convolution and its transpose, from a fixed start, ended when
    |A^T A v - s^2 v| <= `tolerance` s^2. What is returned is |A v| for a unit vector v, so up to
    rounding never above the norm, however early it ends.

    Args:
        weight: (C_out, C_in / groups, *K) with 0 to 3 axes K; computed in float32 at least.
        input_size: one size per axis of K.
        stride, padding, dilation: one number, or one per axis; padding is of zeros.
        tolerance, max_iterations: when to end.

    Raises:
        ValueError: sizes that do not fit each other, or entries that are not finite.

    Source: Ryu et al. 2019; Farnia et al. 2019.
    """
    axes = kernel_axes(weight.shape, input_size, stride, padding, dilation, groups)
    weight, scale = _near_one(weight)
    if not axes:
        return _matrix_norm(weight) * scale
    shape = (1, weight.shape[1] * groups, *input_size)
    start = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(weight)
    v = start / vector_norm(start)
    geometry = _geometry(axes, groups)
    with torch.autocast(weight.device.type, enabled=False):
        for _ in range(max_iterations):
            image = _CONVOLUTIONS[len(axes)](v, weight, **geometry)
            back = _TRANSPOSED[len(axes)](
                image, weight, **geometry, output_padding=[axis.unread for axis in axes]
            )
            sigma = vector_norm(image)
            if vector_norm(back - sigma**2 * v) <= tolerance * sigma**2:
                break
            v = back / vector_norm(back)
    return sigma.item() * scale


class ConvNormBounds:
    """Bounds on the norm of a convolution at its real input size, of which one is a guess.

    What they have in common is computed once. Arguments and errors as for `conv_norm`; the weights
    are those of the moment of the call.
    """

    @torch.no_grad()
    def __init__(
        self,
        weight: Tensor,
        input_size: Sequence[int],
        *,
        stride: Sizes = 1,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> None:
        axes = kernel_axes(weight.shape, input_size, stride, padding, dilation, groups)
        weight, self._scale = _near_one(weight)
        self._kernels = [_Kernel(part, axes) for part in where_float64_is(weight).chunk(groups)]

    @torch.no_grad()
    def guess(self) -> float:
        """What `upper` is about, in a fraction of its time.

        It is to rounding that of smooth kernels, a few percent too small for random ones, and
        bounds nothing: a kernel can be made for which it is far too small.
        """
        return max(kernel.guess() for kernel in self._kernels) * self._scale

    @torch.no_grad()
    def upper(self, *, enough: float = 0.0, slack: float = 0.0) -> float:
        """A number that the norm never exceeds.

        The smaller of two bounds, each with room for its rounding:

        - *overlap*: |A| <= |W| sqrt(prod c), W the kernel as a matrix (C_out, rest) and c the
          largest number of patches that an input position lies in, axis by axis:
          ceil(k gcd(d, s) / s) on a large input, less on a small one;
        - *torus*: see `tgan.linalg.torus.Torus`.

        Both are exact where one patch covers the whole input.

        Args:
            enough: where a bound of at most this can be proved, it is not looked for how much less
                would do.
            slack: the share by which the bound may be larger than need be.

        Source: the overlap factor generalises Serrurier et al. 2021 (deel-torchlip).
        """
        goal = enough / self._scale * (1 - 2 * ROUNDING)
        bound = max(kernel.upper(goal, slack) for kernel in self._kernels)
        return bound * (1 + ROUNDING) * self._scale


def conv_norm_upper_bound(
    weight: Tensor,
    input_size: Sequence[int],
    *,
    enough: float = 0.0,
    slack: float = 0.0,
    **geometry: Sizes,
) -> float:
    """A number that the norm of a convolution at its real input size never exceeds.

    See `ConvNormBounds`, whose arguments these are, and `ConvNormBounds.upper`.
    """
    return ConvNormBounds(weight, input_size, **geometry).upper(enough=enough, slack=slack)


class _Kernel:
    """The kernel of a convolution without groups, of entries near 1."""

    def __init__(self, kernel: Tensor, axes: Sequence[Axis]) -> None:
        self._kernel = kernel
        self._axes = axes
        self._overlap = math.prod(axis.overlap for axis in axes)

    @cached_property
    def _torus(self) -> Torus:
        return Torus(self._kernel, self._axes)

    def guess(self) -> float:
        if not self._overlap:
            return 0.0
        with torch.autocast(self._kernel.device.type, enabled=False):
            return self._torus.guess() if self._axes else _matrix_guess(self._kernel)

    def upper(self, enough: float, slack: float) -> float:
        if not self._overlap:
            return 0.0
        with torch.autocast(self._kernel.device.type, enabled=False):
            if not self._axes:
                return _matrix_norm(self._kernel)
            bound = self._torus.bound(enough=enough, slack=slack)
            # A sum of k matrices is at most sqrt(k) times as large as all of them side by side:
            # where k patches overlap the torus gives the smaller bound.
            if any(axis.overlap < axis.offsets for axis in self._axes):
                bound = min(bound, _matrix_norm(self._kernel) * self._overlap**0.5)
            return bound


def _near_one(weight: Tensor) -> tuple[Tensor, float]:
    """A kernel over a power of two, whose squares neither overflow nor vanish, and that power.

    In float32 at least.
    """
    # In the order of memory, which is ten times faster.
    flat = weight.detach().permute(sorted(range(weight.ndim), key=weight.stride, reverse=True))
    ends = flat.aminmax() if flat.numel() else ()
    largest = max((abs(end.item()) for end in ends), default=0.0)
    if not math.isfinite(largest):
        raise ValueError("norm of a convolution with entries that are not finite")
    scale = 2.0 ** math.frexp(largest)[1] if largest else 1.0
    return weight.detach().to(torch.promote_types(weight.dtype, torch.float32)) / scale, scale


def _matrix_norm(kernel: Tensor) -> float:
    """The largest singular value of a kernel as a matrix (C_out, rest), in float64."""
    gram = _small_gram(where_float64_is(kernel.detach()).double())
    return torch.linalg.eigvalsh(gram)[-1].clamp(min=0).sqrt().item()


def _matrix_guess(kernel: Tensor) -> float:
    return largest_from_below(_small_gram(kernel.float())).sqrt().item()


def _small_gram(kernel: Tensor) -> Tensor:
    matrix = kernel.flatten(1)
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    return wide @ wide.T


def _geometry(axes: Sequence[Axis], groups: int) -> dict[str, list[int] | int]:
    names = ("stride", "padding", "dilation")
    return {name: [getattr(axis, name) for axis in axes] for name in names} | {"groups": groups}
