"""Rectifiers that take the place of what they are given, and save work or memory."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

_leaky_relu_backward = torch.ops.aten.leaky_relu_backward.grad_input
_hardtanh_backward = torch.ops.aten.hardtanh_backward.grad_input


@dataclass(frozen=True)
class Leaky:
    """Multiplies what is below zero by `slope`, 0 or above, in place of what one layer takes.

    Called, it can be differentiated; `plain_` and `backward_` are the two halves by themselves.
    """

    slope: float = 0.0

    def __call__(self, x: Tensor) -> Tensor:
        return leaky_relu_of_layer_(x, self.slope)

    def plain_(self, x: Tensor) -> Tensor:
        return F.leaky_relu_(x, self.slope)

    def backward_(self, gradient: Tensor, out: Tensor) -> Tensor:
        return _leaky_relu_backward(gradient, out, self.slope, True, grad_input=gradient)


@dataclass(frozen=True)
class Bounded:
    """Keeps what lies between 0 and `ceiling`, in place; otherwise as `Leaky`.

    After a batch norm a map that is rarely lit may be many deviations high where it is: a frame of
    burnt pixels. A ceiling of a few deviations keeps it down.

    Source: ReLU6 (Krizhevsky 2010) has a ceiling of 6.
    """

    ceiling: float

    def __call__(self, x: Tensor) -> Tensor:
        return F.hardtanh_(x, 0.0, self.ceiling)

    plain_ = __call__

    def backward_(self, gradient: Tensor, out: Tensor) -> Tensor:
        return _hardtanh_backward(gradient, out, 0.0, self.ceiling, grad_input=gradient)


def leaky_relu_(x: Tensor, slope: float) -> Tensor:
    """Multiply what is below zero by `slope`, in place.

    As `torch.nn.functional.leaky_relu`, up to what a second derivative costs. The slopes depend on
    x, but their derivative is 0 almost everywhere: PyTorch fills a tensor with that 0, and takes it
    back through all layers before. Here nothing goes back.

    Args:
        x: not a leaf that requires a gradient.
        slope: above 0.
    """
    return _LeakyReLU.apply(x, slope)


def leaky_relu_of_layer_(x: Tensor, slope: float) -> Tensor:
    """`leaky_relu_` for what one convolution alone takes: its gradient takes the place of what
    came back from that layer, too, unless it is differentiated again.

    Args:
        x: not a leaf that requires a gradient.
        slope: 0 or above.
    """
    return _OfLayer.apply(x, slope)


def _times_slopes(gradient: Tensor, out: Tensor, slope: float) -> Tensor:
    return torch.ops.aten.leaky_relu_backward(gradient, out, slope, True)


class _LeakyReLU(Function):
    @staticmethod
    def forward(ctx, x, slope):
        ctx.slope = slope
        out = torch.nn.functional.leaky_relu_(x, slope)
        ctx.mark_dirty(out)
        ctx.save_for_backward(out)
        # What does not come back stays away, rather than to be filled with zeros.
        ctx.set_materialize_grads(False)
        return out

    @staticmethod
    def backward(ctx, gradient):
        if gradient is None:
            return None, None
        (out,) = ctx.saved_tensors
        multiply = _TimesSlopes.apply if torch.is_grad_enabled() else _times_slopes
        return multiply(gradient, out, ctx.slope), None


class _OfLayer(_LeakyReLU):
    @staticmethod
    def backward(ctx, gradient):
        if gradient is None or torch.is_grad_enabled():
            return _LeakyReLU.backward(ctx, gradient)
        (out,) = ctx.saved_tensors
        return _leaky_relu_backward(gradient, out, ctx.slope, True, grad_input=gradient), None


class _TimesSlopes(Function):
    """The gradient of a leaky rectifier: linear in what comes in, and its own transpose."""

    @staticmethod
    def forward(ctx, gradient, out, slope):
        ctx.slope = slope
        ctx.save_for_backward(out)
        return _times_slopes(gradient, out, slope)

    @staticmethod
    def backward(ctx, gradient):
        return _TimesSlopes.apply(gradient, *ctx.saved_tensors, ctx.slope), None, None
