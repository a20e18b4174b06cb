"""Bounds on the norms of convolutions that nothing is read for, as accelerators need them."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from tgan.linalg.lattice import Axis, Sizes, kernel_axes, make_axes
from tgan.linalg.torus import Torus

# Times the largest entry: no norm comes near, and its square is far from the ends of float32.
_BEYOND = 1e12


class NormBoundsAtOnce:
    """What `ConvNormBounds` tells, as tensors (), in double precision, on the weight's device.

    An accelerator waits for all that it was asked for before wherever a number is read. Here none
    is: all is computed in single precision, at every frequency of one torus. Arguments and errors
    are those of `tgan.linalg.conv_norm`, but that of numbers which are not finite nothing is
    proved.

    Example:
        >>> bounds = NormBoundsAtOnce(torch.ones(1, 1, 4), (8,), stride=2, padding=1)
        >>> bounds.is_below(2.7), bounds.is_below(2.6)
        (tensor(True), tensor(False))
    """

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
        weight = weight.detach()
        if not input_size:
            # A matrix: one position, which is looked at by itself.
            weight, input_size = weight[..., None], (1,)
        axes = kernel_axes(weight.shape, input_size, stride, padding, dilation, groups)
        self._is_finite = weight.isfinite().all()
        largest = weight.abs().amax().clamp(min=torch.finfo(weight.dtype).tiny)
        self._scale = largest.double()
        parts = (weight / largest).float().chunk(groups)
        reaches = all(axis.overlap for axis in axes)
        self._kernels = [_Kernel(part, axes) for part in parts] if reaches else []

    def guess(self) -> Tensor:
        """What the least bound is about, mostly to a thousandth; it bounds nothing."""
        return self._largest(_Kernel.guess)

    def provable(self) -> Tensor:
        """A bound that `is_below` proves unless `guess` misses too much, at most 1 % above it."""
        return self._largest(_Kernel.provable)

    def is_below(self, bound: float | Tensor) -> Tensor:
        """Whether a bound is proved, (), boolean.

        Args:
            bound: positive; a tensor is () and in double precision.
        """
        goal = (bound / self._scale).clamp(max=_BEYOND)
        proved = self._of_each(lambda kernel: kernel.is_below(goal))
        return torch.stack([self._is_finite, *proved]).all()

    def _largest(self, ask: Callable[["_Kernel"], Tensor]) -> Tensor:
        return torch.stack([self._scale.new_zeros(()), *self._of_each(ask)]).max() * self._scale

    @torch.no_grad()
    def _of_each(self, ask: Callable[["_Kernel"], Tensor]) -> list[Tensor]:
        with torch.autocast(self._scale.device.type, enabled=False):
            return [ask(kernel) for kernel in self._kernels]


class _Kernel:
    """The kernel of a convolution without groups, in float32, of entries up to 1."""

    def __init__(self, kernel: Tensor, axes: Sequence[Axis]) -> None:
        # Tori, and what times their bounds bounds the norm.
        self._forms = [(Torus(kernel, axes), 1.0)]
        if any(axis.overlap < axis.offsets for axis in axes):
            # See `ConvNormBounds.upper` on overlaps.
            patch = make_axes([1], [1], stride=1, padding=0, dilation=1)
            overlap = math.prod(axis.overlap for axis in axes)
            self._forms.append((Torus(kernel.flatten(1)[..., None], patch), overlap**0.5))

    def guess(self) -> Tensor:
        return torch.stack([torus.guess_at_once() * over for torus, over in self._forms]).min()

    def provable(self) -> Tensor:
        return torch.stack([torus.provable() * over for torus, over in self._forms]).min()

    def is_below(self, bound: Tensor) -> Tensor:
        return torch.stack([torus.is_below(bound / over) for torus, over in self._forms]).any()
