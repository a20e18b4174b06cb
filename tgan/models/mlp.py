"""Multilayer perceptrons for distributions of a few numbers."""

from itertools import pairwise

from torch import Tensor, nn

from tgan.lookup import look_up
from tgan.models.activations import ACTIVATIONS
from tgan.models.layers import BatchNorm, initialise


class MLP(nn.Module):
    """Maps (N, sizes[0]) to (N, sizes[-1]): linear layers with activations between them.

    Args:
        sizes: of the input, of every hidden layer and of the output.
        batch_norm: whether all hidden layers but the first are followed by a batch norm, as in
            the critic of videos.
        activation: a key of `tgan.models.activations.ACTIVATIONS`.
        init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: fewer than two sizes, or one below 1; no such activation.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        *,
        batch_norm: bool = False,
        activation: str = "leaky_relu",
        init: str = "he_normal",
    ) -> None:
        super().__init__()
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes {sizes} of a perceptron: at least two, each from 1")
        self.activation = look_up(ACTIVATIONS, activation, kind="activation")
        self.linears = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
        self.norms = nn.ModuleList(
            BatchNorm(size, shift=False) if batch_norm and number else nn.Identity()
            for number, size in enumerate(sizes[1:-1])
        )
        initialise(self, init)

    def forward(self, x: Tensor) -> Tensor:
        return self.linears[-1](self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """What the last layer takes in: (N, sizes[-2])."""
        for linear, norm in zip(self.linears, self.norms, strict=False):
            x = self.activation(norm(linear(x)))
        return x


class MLPCritic(MLP):
    """Maps (N, K) to scores (N,).

    Args:
        size: K.
        width: of every hidden layer.
        depth: hidden layers.
        settings: see `MLP`.
    """

    def __init__(self, size: int, *, width: int, depth: int, **settings) -> None:
        super().__init__((size, *[width] * depth, 1), **settings)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flatten()
