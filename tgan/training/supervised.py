"""Supervised training: one network, a loss of batches, and one optimiser."""

import math
from collections.abc import Callable, Iterable
from typing import TypeVar

from torch import Tensor, nn
from torch.optim import Optimizer

from tgan.training.rates import RateAt, constant

Network = TypeVar("Network", bound=nn.Module)
Batch = TypeVar("Batch")


def supervised(
    module: Network,
    loss: Callable[[Network, Batch], Tensor],
    batches: Iterable[Batch],
    optimizer: Optimizer,
    *,
    steps: int,
    rate: RateAt = constant,
    report: Callable[[float], None] = lambda loss: None,
    name: str = "network",
) -> list[float]:
    """Minimise the loss of one batch per step; leave the module in inference mode.

    Args:
        module: is trained in place, in training mode.
        loss: maps module and batch to a scalar.
        batches: at least as many as steps; no more are drawn.
        optimizer: of the module's parameters, with its learning rate.
        steps: updates in all.
        rate: share of the learning rate at each step, from 0.
        report: is called after every step with its loss.
        name: of the module in error messages.

    Returns:
        the loss of every step.

    Raises:
        ArithmeticError: a loss is not finite.

    Example:
        >>> line = nn.Linear(1, 1)
        >>> batches = itertools.repeat((x, y))
        >>> losses = supervised(
        ...     line, lambda line, batch: F.mse_loss(line(batch[0]), batch[1]), batches,
        ...     torch.optim.Adam(line.parameters(), 0.1), steps=100,
        ... )
    """
    bases = [group["lr"] for group in optimizer.param_groups]
    losses = []
    module.train()
    for step, batch in zip(range(steps), batches, strict=False):
        value = loss(module, batch)
        share = rate(step)
        for group, base in zip(optimizer.param_groups, bases, strict=True):
            group["lr"] = base * share
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
        if not math.isfinite(losses[-1]):
            raise ArithmeticError(f"the {name}'s loss is {losses[-1]} at step {step}")
        report(losses[-1])
    module.eval()
    return losses
