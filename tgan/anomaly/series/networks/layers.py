"""Layers of TadGAN's networks, initialised as by Keras."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tgan.models.activations import LEAKY_SLOPE


class BiLSTM(nn.Module):
    """Maps sequences (N, T, C) to (N, T, 2 units) by an LSTM in each direction.

    Its parameters are those of Keras: of the two biases that PyTorch gives to every gate, the
    second one is 0 and is not trained.

    Args:
        size: C.
        units: of one direction.
        dropout: share of the inputs that are set to 0, the same ones at all steps of a sample,
            other ones in the other direction.
    """

    def __init__(self, size: int, units: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        if dropout:
            # Apart, since each direction drops its own inputs.
            self.forwards = nn.LSTM(size, units, batch_first=True)
            self.backwards = nn.LSTM(size, units, batch_first=True)
        else:
            self.both = nn.LSTM(size, units, batch_first=True, bidirectional=True)
        initialise_as_keras(self)

    def forward(self, x: Tensor) -> Tensor:
        if not self.dropout:
            return self.both(x)[0]
        ahead, _ = self.forwards(self._drop(x))
        behind, _ = self.backwards(self._drop(x).flip(1))
        return torch.cat([ahead, behind.flip(1)], 2)

    def _drop(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        keep = 1 - self.dropout
        return x * (torch.rand_like(x[:, :1]) < keep).to(x.dtype) / keep


class LinearAndHidden(nn.Module):
    """Maps (N, before) to (N, after): a linear layer plus a perceptron of one hidden layer.

    Args:
        units: of the hidden layer.
        dropout: after its activation.
    """

    def __init__(self, before: int, units: int, after: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.linear = nn.Linear(before, after)
        self.hidden = nn.Sequential(
            *active(nn.Linear(before, units), dropout), nn.Linear(units, after)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + self.hidden(x)

    @torch.no_grad()
    def start_linear(self, weight: Tensor, bias: Tensor) -> None:
        """Become the map x -> weight x + bias, in place: at first the hidden layer adds 0."""
        self.linear.weight.copy_(weight)
        self.linear.bias.copy_(bias)
        self.hidden[-1].weight.zero_()
        self.hidden[-1].bias.zero_()


class HidesMiddle(nn.Module):
    """Hides the middle of windows (N, C, W) from a network, which sees 0 there.

    Its output for the middle is then a prediction from both sides, into which an anomaly in the
    middle cannot be copied.

    Args:
        network: of windows.
        window: W.
        hidden: steps that are hidden; W - hidden is even.

    Source: Pathak et al. 2016 for pictures; it is not in the paper on TadGAN.
    """

    def __init__(self, network: nn.Module, *, window: int, hidden: int) -> None:
        super().__init__()
        self.network = network
        margin = (window - hidden) // 2
        is_hidden = torch.zeros(window, dtype=torch.bool)
        is_hidden[margin : window - margin] = True
        self.register_buffer("is_hidden", is_hidden, persistent=False)

    def forward(self, windows: Tensor) -> Tensor:
        # Not by a product: infinities and NaN would pass through it.
        return self.network(windows.masked_fill(self.is_hidden, 0))


def active(layer: nn.Module, dropout: float) -> list[nn.Module]:
    """List a layer, a leaky rectifier of slope 0.2, and dropout if there is any."""
    return [layer, nn.LeakyReLU(LEAKY_SLOPE), *([nn.Dropout(dropout)] if dropout else [])]


def perceptron(size: int, units: int, dropout: float) -> nn.Sequential:
    """Make a perceptron of two hidden layers from (N, size) to (N, 1)."""
    hidden = [(size, units), (units, units)]
    parts = [part for pair in hidden for part in active(nn.Linear(*pair), dropout)]
    return nn.Sequential(*parts, nn.Linear(units, 1))


@torch.no_grad()
def initialise_as_keras(network: nn.Module) -> None:
    """Draw every kernel by Glorot's uniform scheme and set biases to 0, in place.

    The matrices between states of an LSTM become orthogonal, its biases of forget gates 1.

    Source: the defaults of Keras, which Orion's networks use.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv1d):
            nn.init.xavier_uniform_(module.weight)
            module.bias.zero_()
        elif isinstance(module, nn.LSTM):
            for name, parameter in module.named_parameters():
                _draw_of_lstm(name, parameter, module.hidden_size)


def _draw_of_lstm(name: str, parameter: nn.Parameter, units: int) -> None:
    if name.startswith("weight_ih"):
        nn.init.xavier_uniform_(parameter)
    elif name.startswith("weight_hh"):
        # Without numbers there is nothing to draw, and PyTorch imports its compiler to do so.
        if not parameter.is_meta:
            nn.init.orthogonal_(parameter)
    else:
        parameter.zero_()
        if name.startswith("bias_hh"):
            parameter.requires_grad_(False)
        else:
            parameter[units : 2 * units] = 1  # Gates are input, forget, cell, output.


@dataclass(frozen=True)
class Shape:
    """Sizes of the networks of a TadGAN.

    Attributes:
        window: W, steps of a window.
        channels: C.
        latent_size: K.

    Raises:
        ValueError: one of them is below 1.
    """

    window: int = 100
    channels: int = 1
    latent_size: int = 20

    def __post_init__(self) -> None:
        for name, size in vars(self).items():
            if size < 1:
                raise ValueError(f"{name} {size} of a network is below 1")

    @property
    def numbers(self) -> int:
        """Numbers in a window, C W."""
        return self.channels * self.window


def check_layers(units: int, dropout: float) -> None:
    """Raise a ValueError for fewer than one unit, or for a dropout outside [0, 1)."""
    if units < 1:
        raise ValueError(f"units {units} of a network is below 1")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout {dropout} of a network is not in [0, 1)")
