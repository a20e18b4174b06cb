"""Stages of deconvolution networks: a norm, its rectifier, and the layer that they feed.

A stage is computed in one of two ways, with the same results: `kept` has autograd keep what each
part gave for the backward pass, `recomputed` has it keep what the norm was given, and no more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.autograd.graph import get_gradient_edge

from tgan.models.rectifier import Bounded, Leaky

Rectifier = Leaky | Bounded
RELU = Leaky()
Stage = Callable[..., Tensor]


@dataclass(frozen=True)
class Modulated:
    """A norm whose maps are multiplied by gains and moved by shifts that each video has.

    Takes the place of the norm in a stage. Maps are (N T, C, ...), the T frames of a video one
    after the other.

    Attributes:
        norm: maps (N T, C, ...) to as many.
        gains, shifts: (N, C).

    Source: Chen et al. 2019, On Self Modulation for Generative Adversarial Networks, section 2.
    """

    norm: nn.Module
    gains: Tensor
    shifts: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        videos, channels = self.gains.shape
        maps = self.norm(x).unflatten(0, (videos, -1))
        shape = (videos, 1, channels, *[1] * (x.ndim - 2))
        gains, shifts = (each.reshape(shape).to(maps.dtype) for each in (self.gains, self.shifts))
        return torch.addcmul(shifts, maps, gains).flatten(0, 1)

    def parameters(self) -> list[Tensor]:
        """What has a gradient: the norm's parameters, and what videos have."""
        return [*self.norm.parameters(), self.gains, self.shifts]

    def buffers(self) -> Iterator[Tensor]:
        """The norm's."""
        return self.norm.buffers()


Norm = nn.Module | Modulated


def recompute_stages(network: nn.Module) -> None:
    """Have all stages of a network be `recomputed`; a network without stages is left as it is."""
    for module in network.modules():
        if hasattr(module, "stage"):
            module.stage = recomputed


def kept(x: Tensor, norm: Norm, layer: nn.Module, rectify: Rectifier = RELU) -> Tensor:
    """Give `layer` of the rectified `norm` of x (N, C, ...)."""
    return layer(rectify(norm(x)))


def recomputed(x: Tensor, norm: Norm, layer: nn.Module, rectify: Rectifier = RELU) -> Tensor:
    """Give what `kept` gives, of which x alone is kept for the backward pass.

    Norm and rectifier, which cost little beside the layer, are computed again there; what the
    layer gave is not. It can be differentiated once.

    Args:
        layer: a convolution or deconvolution that pads with zeros.

    Source: Bulo et al. 2018 (in-place activated batch norm) recompute as much; Chen et al. 2016.
    """
    if not torch.is_grad_enabled():
        return kept(x, norm, layer, rectify)
    return _Recomputed.apply(x, norm, layer, rectify, *norm.parameters(), *layer.parameters())


class _Recomputed(torch.autograd.Function):
    """A stage that keeps its input, and computes norm and rectifier anew for its gradient."""

    @staticmethod
    def forward(ctx, x, norm, layer, rectify, *parameters):
        out = kept(x, norm, layer, rectify)
        ctx.norm, ctx.layer, ctx.rectify, ctx.dtype = norm, layer, rectify, out.dtype
        ctx.save_for_backward(x, *parameters)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, *_ = ctx.saved_tensors
        with _unchanged(ctx.norm):
            with torch.enable_grad():
                x = x.detach().requires_grad_()
                normal = ctx.norm(x)
            back, rectified = get_gradient_edge(normal), ctx.rectify.plain_(normal.detach())
            at_rectified, *of_layer = _layer_backward(ctx.layer, gradient, rectified.to(ctx.dtype))
            at_normal = at_rectified.to(rectified.dtype)
            ctx.rectify.backward_(at_normal, rectified)
            # Each as large as what the stage was given: none is there longer than needed.
            del normal, rectified, at_rectified
            at_x, *of_norm = torch.autograd.grad(back, (x, *ctx.norm.parameters()), at_normal)
        return at_x, None, None, None, *of_norm, *of_layer


def _layer_backward(layer: nn.Module, gradient: Tensor, given: Tensor) -> list[Tensor]:
    """Gradients at what a layer was given, and at its weight and its bias, if it has one."""
    weight, has_bias = layer.weight, layer.bias is not None
    found = torch.ops.aten.convolution_backward(
        gradient,
        given,
        weight.detach().to(given.dtype),
        list(layer.bias.shape) if has_bias else None,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.transposed,
        layer.output_padding,
        layer.groups,
        [True, weight.requires_grad, has_bias],
    )
    at_given, *of_parameters = found if has_bias else found[:2]
    return [at_given, *(each.to(weight.dtype) for each in of_parameters)]


@contextmanager
def _unchanged(norm: Norm) -> Iterator[None]:
    """Have running statistics be what they were: this batch counted already."""
    before = [(buffer, buffer.clone()) for buffer in norm.buffers()]
    try:
        yield
    finally:
        for buffer, value in before:
            buffer.copy_(value)
