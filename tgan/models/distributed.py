"""Sums and means over the processes that share a batch; one process is its own mean."""

import torch
import torch.distributed as dist
from torch import Tensor


def world_size() -> int:
    """How many processes share a batch."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def mean_over_processes(x: Tensor) -> Tensor:
    """The mean of every process's `x`, the same in all, differentiable any number of times."""
    processes = world_size()
    return _SumOverProcesses.apply(x) / processes if processes > 1 else x


def gather_over_processes(x: Tensor) -> Tensor:
    """Every process's `x`, of the same shape, in order (P, *x.shape); not to be differentiated."""
    gathered = x.new_empty(world_size(), *x.shape)
    dist.all_gather(list(gathered.unbind()), x)
    return gathered


def gather_with_gradients(x: Tensor) -> Tensor:
    """As `gather_over_processes`, differentiable any number of times."""
    if world_size() == 1:
        return x[None]
    spread = x.new_zeros(world_size(), *x.shape)
    spread[dist.get_rank()] = x
    return _SumOverProcesses.apply(spread)


def sum_over_processes(x: Tensor) -> Tensor:
    """The sum of every process's `x`, the same in all; not to be differentiated."""
    total = x.clone()
    dist.all_reduce(total)
    return total


class _SumOverProcesses(torch.autograd.Function):
    """The sum over processes of a tensor; each one's gradient is the sum of all gradients."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return sum_over_processes(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        # Applied, not computed, so that it can be differentiated once more.
        return _SumOverProcesses.apply(gradient)
