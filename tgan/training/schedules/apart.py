"""A critic apart from itself: at other weights, or called without a trace."""

import copy
from collections.abc import Mapping
from functools import partial

from torch import Tensor, nn
from torch.func import functional_call

from tgan.models.packs import packs_of
from tgan.training.learners import Critic


def apart(critic: Critic, weights: Mapping[str, Tensor]) -> Critic:
    """A critic at other weights, whose passes leave the buffers of the critic as they are.

    Args:
        weights: by the names of the critic's parameters; others are the critic's own.

    Returns:
        A critic that scores and has no weights of its own to train, unwrapped: its gradients are
        of this process's samples.
    """
    other = copy.copy(critic)
    other.module = other.network = _Apart(critic.module, weights)
    return other


class _Apart(nn.Module):
    """A network at other weights, which are none of its parameters."""

    def __init__(self, network: nn.Module, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.mixes_samples, self.packs = getattr(network, "mixes_samples", True), packs_of(network)
        buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
        tensors = {**weights, **buffers}
        # Not registered: nobody freezes, moves or trains it.
        self._call = partial(functional_call, network, tensors)
        inside = {f"network.{name}": tensor for name, tensor in tensors.items()}
        self._call_features = partial(functional_call, _Features(network), inside)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self._call(inputs)

    def features(self, *inputs: Tensor) -> Tensor:
        """As of the network, if it has them."""
        return self._call_features(inputs)


class _Features(nn.Module):
    """A network whose output is another one's features."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.network.features(*inputs)  # type: ignore[operator]
