"""Leaky rectifier whose gradient can be differentiated again without work for zeros."""

import torch
from torch import Tensor
from torch.autograd import Function


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
        return _TimesSlopes.apply(gradient, *ctx.saved_tensors, ctx.slope), None


class _TimesSlopes(Function):
    """The gradient of a leaky rectifier: linear in what comes in, and its own transpose."""

    @staticmethod
    def forward(ctx, gradient, out, slope):
        ctx.slope = slope
        ctx.save_for_backward(out)
        return torch.ops.aten.leaky_relu_backward(gradient, out, slope, True)

    @staticmethod
    def backward(ctx, gradient):
        return _TimesSlopes.apply(gradient, *ctx.saved_tensors, ctx.slope), None, None
