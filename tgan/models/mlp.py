"""Multilayer perceptrons for distributions of a few numbers."""

from torch import Tensor, nn

from tgan.lookup import look_up
from tgan.models.activations import ACTIVATIONS
from tgan.models.batch_view import KERNELS, make_batch_view
from tgan.models.layers import BatchNorm, initialise
from tgan.models.packs import check_packs, concatenated


class MLP(nn.Module):
    """Maps (N, sizes[0]) to (N, sizes[-1]): linear layers with activations between them.

    Args:
        sizes: of the input, of every hidden layer and of the output.
        batch_norm: whether all hidden layers but the first are followed by a batch norm, as in
            the critic of videos.
        activation: a key of `tgan.models.activations.ACTIVATIONS`.
        init: see `tgan.models.layers.initialise`.
        appended: numbers that the last layer takes in beside the last hidden layer's, where a
            subclass has any.

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
        appended: int = 0,
    ) -> None:
        super().__init__()
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes {sizes} of a perceptron: at least two, each from 1")
        self.activation = look_up(ACTIVATIONS, activation, kind="activation")
        taken = (*sizes[:-2], sizes[-2] + appended)
        self.linears = nn.ModuleList(map(nn.Linear, taken, sizes[1:]))
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
    """Maps (N, K) to scores (N,), or (N / packs,).

    Args:
        size: K.
        width: of every hidden layer.
        depth: hidden layers.
        sees_batch: a key of `tgan.models.batch_view.BATCH_VIEWS`: statistics of the batch that are
            appended to what the last layer takes in.
        kernels: statistics of discrimination.
        packs: how many consecutive samples of a batch are scored as one.
        init: see `tgan.models.layers.initialise`.
        settings: see `MLP`.

    Raises:
        ValueError: as of `MLP`, no such view of the batch, or packs below 1.
    """

    def __init__(
        self,
        size: int,
        *,
        width: int,
        depth: int,
        sees_batch: str = "none",
        kernels: int = KERNELS,
        packs: int = 1,
        init: str = "he_normal",
        **settings,
    ) -> None:
        check_packs(packs)
        hidden = (packs * size, *[width] * depth)
        view = make_batch_view(sees_batch, hidden[-1], kernels=kernels)
        super().__init__((*hidden, 1), init=init, appended=view.added, **settings)
        self.batch_view, self.packs = view, packs
        initialise(view, init)

    def forward(self, x: Tensor) -> Tensor:
        return self.linears[-1](self.batch_view(self.features(x))).flatten()

    def features(self, x: Tensor) -> Tensor:
        """What the last layer takes in of each pack, but for statistics of the batch."""
        return super().features(concatenated(x, self.packs))
