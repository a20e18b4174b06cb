"""A running mean of a network's weights, which samples are taken from."""

from copy import deepcopy
from itertools import compress

import torch
from torch import Tensor, nn


class RunningMean(nn.Module):
    """A copy of a network that follows it: mean <- decay * mean + (1 - decay) * network.

    Weights and statistics are averaged, and whole numbers taken over. Nothing is read from the
    network's device, nor sent there. Its tables are those of `torch.optim.swa_utils.AveragedModel`.

    Args:
        decay: from 0 to 1.

    Example:
        >>> network = nn.Linear(2, 1)
        >>> mean = RunningMean(network, decay=0.9)
        >>> mean.update_parameters(network)

    Attributes:
        module: the copy.

    Source: Polyak and Juditsky 1992; for GANs, Yazici et al. 2019.
    """

    n_averaged: Tensor

    def __init__(self, network: nn.Module, *, decay: float) -> None:
        super().__init__()
        self.module, self._decay = deepcopy(network), decay
        # On the CPU, whatever device the network is on.
        self.register_buffer("n_averaged", torch.zeros((), dtype=torch.long, device="cpu"))

    @torch.no_grad()
    def update_parameters(self, network: nn.Module) -> None:
        """Take in the network as it is; the first time, the mean is that."""
        weight = 1 - self._decay if self.n_averaged else 1.0
        means, values = ([*each.parameters(), *each.buffers()] for each in (self.module, network))
        averages = [mean.is_floating_point() or mean.is_complex() for mean in means]
        torch._foreach_lerp_(
            list(compress(means, averages)), list(compress(values, averages)), weight
        )
        for mean, value, is_averaged in zip(means, values, averages, strict=True):
            if not is_averaged:
                mean.copy_(value)
        self.n_averaged += 1
