"""What comes between the layers of a critic. None is steeper than 1."""

from collections.abc import Callable

import torch
from torch import Tensor

from tgan.models.rectifier import leaky_relu_

LEAKY_SLOPE = 0.2


def leaky(x: Tensor) -> Tensor:
    """Multiply what is below zero by 0.2, in place."""
    return leaky_relu_(x, LEAKY_SLOPE)


def maxmin(x: Tensor) -> Tensor:
    """Sort pairs of channels: the larger ones of (N, 2K, ...), then the smaller ones.

    Channel k is paired with channel K + k. A permutation at every place, it keeps the norm of what
    it is given and of every gradient, which a rectifier does not: a critic of bounded layers can
    then be as steep as its bound.

    Raises:
        ValueError: the number of channels is odd.

    Source: Anil et al. 2019, section 3.1 (GroupSort with groups of two); Chernodub and Nowicki
        2016.
    """
    if x.shape[1] % 2:
        raise ValueError(f"maxmin sorts pairs of channels, and {x.shape[1]} channels are odd")
    first, second = x.chunk(2, 1)
    return torch.cat([torch.maximum(first, second), torch.minimum(first, second)], 1)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"leaky_relu": leaky, "maxmin": maxmin}
