"""Batch normalisation over the global batch, on any device and any number of processes."""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from tgan.models.distributed import gather_over_processes, sum_over_processes, world_size
from tgan.models.moments import combined, moments, normalise_by

# Chainer's default, which the authors' networks use; PyTorch's own is 1e-5.
BATCH_NORM_EPS = 2e-5
BATCH_NORM_MOMENTUM = 0.1


class BatchNorm(nn.Module):
    """Batch normalisation over axis 1 of an input (N, C, ...), whatever the number of axes.

    It differs from PyTorch's in four ways that training a GAN needs:

    - in several processes the statistics are those of the global batch, on any device, so the
      number of processes changes nothing but the speed;
    - each sample can count `repeats` times, which is what mapping the same latent once for each
      of T frames would do to the running variance;
    - a batch with one value per channel is allowed (its variance is 0), as in Chainer;
    - on a CPU its sums are accurate, at the price that it cannot be differentiated twice there,
      nor in several processes (a gradient penalty through it raises a RuntimeError).

    Args:
        num_features: C.
        shift: whether there is a learned shift beside the learned gain.
        repeats: how often each sample counts.
        eps: added to the variance.

    Source: Ioffe and Szegedy 2015; the authors' networks use eps 2e-5 and decay 0.9.
    """

    def __init__(
        self,
        num_features: int,
        *,
        shift: bool = True,
        repeats: int = 1,
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        self.repeats, self.eps = repeats, eps
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features)) if shift else None
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Tensor) -> Tensor:
        running = (self.running_mean, self.running_var)
        if not self.training:
            return F.batch_norm(x, *running, self.weight, self.bias, eps=self.eps)
        values = x.numel() // x.shape[1]
        if world_size() > 1:
            return self._normalise_over_processes(x, values * self.repeats)
        if self.repeats > 1 or values == 1:
            return self._normalise_repeated(x, values * self.repeats)
        if x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64):
            return self._normalise_on_cpu(x, values)
        return F.batch_norm(
            x, *running, self.weight, self.bias, True, BATCH_NORM_MOMENTUM, self.eps
        )

    def _normalise_over_processes(self, x: Tensor, values: int) -> Tensor:
        """Normalise by the statistics of all processes' batches, each of the same size."""
        mean, variance = _merged(gather_over_processes(torch.stack(moments(x.detach()))))
        self._update_running(mean, variance, values * world_size())
        return _NormaliseOverProcesses.apply(x, mean, variance, self.weight, self.bias, self.eps)

    def _normalise_repeated(self, x: Tensor, values: int) -> Tensor:
        """Normalise where a sample counts several times, or a channel has a single value."""
        axes, shape = [0, *range(2, x.ndim)], _of_channels(x)
        wide = x if x.dtype == torch.float64 else x.float()
        mean = wide.mean(axes)
        centred = wide - mean.view(shape)
        variance = centred.square().mean(axes)
        self._update_running(mean, variance, values)
        gain = self.weight * (variance + self.eps).rsqrt()
        out = centred * gain.view(shape)
        return (out if self.bias is None else out + self.bias.view(shape)).to(x.dtype)

    def _normalise_on_cpu(self, x: Tensor, values: int) -> Tensor:
        """Normalise as PyTorch does, but by statistics that are summed accurately."""
        mean, variance = moments(x.detach())
        self._update_running(mean, variance, values)
        return normalise_by(x, mean, variance, self.weight, self.bias, self.eps)

    @torch.no_grad()
    def _update_running(self, mean: Tensor, variance: Tensor, values: int) -> None:
        unbiased = variance * (values / max(values - 1, 1))
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), BATCH_NORM_MOMENTUM)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), BATCH_NORM_MOMENTUM)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, shift={self.bias is not None}, repeats={self.repeats}"


def _merged(moments: Tensor) -> tuple[Tensor, Tensor]:
    """The mean and variance (C,) of parts of the same size from theirs (P, 2, C)."""
    means, variances = moments.unbind(1)
    return combined(means, variances, 1 / len(means))


def _of_channels(x: Tensor) -> list[int]:
    """The shape of numbers (C,) that are to be spread over x (N, C, ...)."""
    return [1, -1, *[1] * (x.ndim - 2)]


class _NormaliseOverProcesses(torch.autograd.Function):
    """Batch norm by the statistics of all processes' batches, with the gradient through them.

    Every process calls the backward pass, too, and there waits for the others' sums. It keeps the
    input and numbers of channels, as PyTorch's own does.

    Source: the gradient is that of Ioffe and Szegedy 2015, section 3, its two means over the
        global batch.
    """

    @staticmethod
    def forward(ctx, x, mean, variance, weight, bias, eps):
        ctx.eps = eps
        ctx.save_for_backward(x, weight, mean, variance)
        return F.batch_norm(x, mean, variance, weight, bias, eps=eps)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, weight, mean, variance = ctx.saved_tensors
        _, at_weight, at_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, x, weight, mean, variance, None, None, False, ctx.eps, [False, True, True]
        )
        at_x = None
        if ctx.needs_input_grad[0]:
            values = world_size() * x.numel() // x.shape[1]
            of_gradient, of_product = sum_over_processes(torch.stack([at_bias, at_weight])) / values
            inverse_deviation = (variance + ctx.eps).rsqrt()
            gain = weight * inverse_deviation
            of_channels = (mean, -gain * of_gradient, -gain * inverse_deviation * of_product, gain)
            mean, offset, slope, gain = (each.view(_of_channels(x)) for each in of_channels)
            at_x = x - mean
            torch.addcmul(offset, at_x, slope, out=at_x)
            at_x = at_x.addcmul_(gradient, gain).to(x.dtype)
        return at_x, None, None, at_weight, at_bias if ctx.needs_input_grad[4] else None, None
