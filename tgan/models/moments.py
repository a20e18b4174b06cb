"""Moments of a batch, and normalising by them: batch norm on a CPU, accurate and fast.

PyTorch's own kernels for channels last add up a channel's values one by one in float32: at 2
million of them, as in TGAN's last layers, their output is off by 2e-3 and their gradient by 3e-4.
They are also several times slower below 16 channels, which do not fill a processor's vectors.
Here channels that lie last in memory are taken for many more of them, and put together afterwards.
docs/performance.md has errors and times.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# Values of a column that PyTorch may add up one by one in float32.
_SUMMED_ALONE = 2**12
# Columns that values are summed in at most, unless there are more channels.
_COLUMNS = 2**8


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """The means and variances (C,) of x (N, C, ...), in float32 at least.

    On a CPU they are put together from those of parts of it.
    """
    if type(x) is not Tensor or x.is_meta:
        # Tensors without numbers, by which memory is counted, know no such statistics.
        variance, mean = torch.var_mean(x, [0, *range(2, x.ndim)], correction=0)
        return mean, variance
    if x.device.type != "cpu":
        return torch.batch_norm_update_stats(x, None, None, 0.0)
    wide = x if x.dtype == torch.float64 else x.float()
    channels, columns = wide.shape[1], _in_columns(wide)
    copies = columns.shape[1] // channels
    alone = columns[0, 0].numel()
    parts = columns.split(max(_SUMMED_ALONE // alone, 1))
    found = [torch.batch_norm_update_stats(part, None, None, 0.0) for part in parts]
    if len(parts) == 1:
        means, variances = (each.view(copies, channels) for each in found[0])
        return combined(means, variances, 1 / copies) if copies > 1 else found[0]
    means, variances = (torch.stack(each).view(-1, channels) for each in zip(*found, strict=True))
    shares = means.new_tensor([len(part) for part in parts], dtype=torch.float64)
    shares /= len(columns) * copies
    return combined(means, variances, shares.repeat_interleave(copies)[:, None])


def combined(means: Tensor, variances: Tensor, weights: Tensor | float) -> tuple[Tensor, Tensor]:
    """The mean and variance (C,) of parts from theirs (P, C) and their shares (P, 1) of all.

    Source: Chan, Golub and LeVeque 1983, equation 2.1, for several parts at once.
    """
    wide = means.double()
    mean = (weights * wide).sum(0)
    variance = (wide - mean).square_().add_(variances).mul_(weights).sum(0)
    return mean.to(means.dtype), variance.to(means.dtype)


def normalise_by(
    x: Tensor, mean: Tensor, variance: Tensor, weight: Tensor, bias: Tensor | None, eps: float
) -> Tensor:
    """Batch norm of x (N, C, ...) by its own moments (C,), with the gradient through them.

    It can be differentiated once.
    """
    return _NormaliseBy.apply(x, mean, variance, weight, bias, eps)


class _NormaliseBy(torch.autograd.Function):
    """Batch norm by given moments of this very batch."""

    @staticmethod
    def forward(ctx, x, mean, variance, weight, bias, eps):
        ctx.eps = eps
        ctx.save_for_backward(x, mean, variance, weight)
        columns, out = _in_columns(x), torch.empty_like(x)
        mean, variance, weight, bias = _repeated(columns, mean, variance, weight, bias)
        # Not a view, so that a rectifier can take its place in memory. It has no gaps; x, such as
        # a part of more channels, may have some.
        laid_out = out if columns is x else _in_columns(out)
        into = (laid_out, x.new_empty(0), x.new_empty(0))
        torch.native_batch_norm(columns, weight, bias, mean, variance, False, 0, eps, out=into)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, mean, variance, weight = ctx.saved_tensors
        columns = _in_columns(x)
        gradient = gradient if columns is x else gradient.movedim(1, -1).reshape(columns.shape)
        by = _repeated(columns, mean, variance)
        sums = torch.ops.aten.native_batch_norm_backward(
            gradient, columns, None, *by, None, None, False, ctx.eps, [False, True, True]
        )[1:]
        at_weight, at_bias = (each.view(-1, mean.numel()).sum(0) for each in sums)
        # With n values per channel, standardised ones s and slope k = weight / deviation, the
        # gradient is k (gradient - at_bias / n - s at_weight / n).
        slope = weight * (variance + ctx.eps).rsqrt()
        per_value = -slope * mean.numel() / x.numel()
        each = _repeated(columns, per_value * at_weight, per_value * at_bias, slope)
        at_x = F.batch_norm(columns, *by, *each[:2], eps=ctx.eps)
        at_x.addcmul_(gradient, each[2].view(1, -1, *[1] * (columns.ndim - 2)))
        at_bias = at_bias if ctx.needs_input_grad[4] else None
        return _as(x, at_x), None, None, at_weight, at_bias, None


def _in_columns(x: Tensor) -> Tensor:
    """View x (N, C, ...) as (M, K C), K values of each channel in a row, if channels lie last.

    Others are left as they are, with K = 1.
    """
    last = x.movedim(1, -1)
    if not last.is_contiguous():
        return x
    room = max(_COLUMNS // x.shape[1], 1)
    copies = math.gcd(x.numel() // x.shape[1], 2 ** (room.bit_length() - 1))
    return last.view(-1, copies * x.shape[1])


def _repeated(columns: Tensor, *of_channels: Any) -> list[Any]:
    """What is given for channels (C,), for each of the columns."""
    copies = columns.shape[1] // of_channels[0].numel()
    if copies == 1:
        return list(of_channels)
    # Several times as fast as to repeat them.
    return [
        each if each is None else each.expand(copies, -1).contiguous().view(-1)
        for each in of_channels
    ]


def _as(x: Tensor, columns: Tensor) -> Tensor:
    """Columns, or what has the shape of x already, in the shape of x."""
    last = x.movedim(1, -1)
    return columns if columns.shape == x.shape else columns.view(last.shape).movedim(-1, 1)
