"""Convolutions in inference mode: batch norms folded in, and memory channels last."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights


def conv2d(weight: Tensor, bias: Tensor | None = None, **settings: Any) -> nn.Conv2d:
    """A convolution with this kernel (C', C / groups, H, W), channels last in memory.

    Args:
        settings: `stride`, `padding`, `dilation`, `groups`, as for `torch.nn.Conv2d`.
    """
    outputs, inputs, *size = weight.shape
    channels = inputs * settings.get("groups", 1), outputs
    with torch.device("meta"):
        conv = nn.Conv2d(*channels, tuple(size), bias=bias is not None, **settings)
    tensors = {"weight": weight, "bias": bias}
    state = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    conv.load_state_dict(state, assign=True)
    return conv.requires_grad_(False).to(memory_format=torch.channels_last)


def fold(
    conv: nn.Conv2d | nn.Conv3d,
    norm: nn.BatchNorm2d | nn.BatchNorm3d,
    channels: slice = slice(None),
) -> tuple[Tensor, Tensor]:
    """Kernel and bias that do what a convolution, then a batch norm in inference mode, do.

    Args:
        channels: those of the norm that the convolution gives.
    """
    statistics = norm.running_mean, norm.running_var, norm.weight, norm.bias
    mean, var, gain, shift = (each[channels] for each in statistics)
    return fuse_conv_bn_weights(conv.weight, conv.bias, mean, var, norm.eps, gain, shift)
