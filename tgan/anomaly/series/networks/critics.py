"""Critics of windows (N, C, W) and of latents (N, K); scores (N,) are higher for real ones."""

import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.anomaly.series.networks.layers import (
    BiLSTM,
    Shape,
    active,
    check_layers,
    initialise_as_keras,
    perceptron,
)

KERNEL, CONV_LAYERS = 5, 4


class ConvCritic(nn.Module):
    """Maps windows (N, C, W) to scores (N,) by 4 unpadded convolutions of 5 steps.

    Args:
        shape: C and W.
        units: channels of every layer.
        dropout: after every activation.

    Raises:
        ValueError: as `LSTMEncoder`, or a window too short for the four layers.
    """

    def __init__(self, shape: Shape, *, units: int = 64, dropout: float = 0.25) -> None:
        super().__init__()
        check_layers(units, dropout)
        length = shape.window - CONV_LAYERS * (KERNEL - 1)
        if length < 1:
            raise ValueError(
                f"a window of {shape.window} steps is too short for a convolutional critic, which "
                f"needs {shape.window + 1 - length}; choose a window critic of dense or lstm"
            )
        widths = [shape.channels] + [units] * CONV_LAYERS
        layers = [nn.Conv1d(*widths[i : i + 2], KERNEL) for i in range(CONV_LAYERS)]
        self.layers = nn.Sequential(*(part for conv in layers for part in active(conv, dropout)))
        self.last = nn.Linear(units * length, 1)
        initialise_as_keras(self)

    def forward(self, windows: Tensor) -> Tensor:
        return self.last(rearrange(self.layers(windows), "n c t -> n (c t)")).flatten()


class LSTMCritic(nn.Module):
    """Maps windows (N, C, W) to scores (N,) by a BiLSTM and a linear layer of all its outputs.

    No constraint certifies it, see `tgan.anomaly.series.networks.tables`. A gradient penalty
    differentiates every step of it twice, which costs much time and memory.

    Args, Raises: see `LSTMEncoder`.

    Source: Geiger et al. 2020, section IV; the authors' code has convolutions instead.
    """

    def __init__(self, shape: Shape, *, units: int = 64, dropout: float = 0.25) -> None:
        super().__init__()
        check_layers(units, dropout)
        self.lstm = BiLSTM(shape.channels, units)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.last = nn.Linear(shape.window * 2 * units, 1)
        initialise_as_keras(self)

    def forward(self, windows: Tensor) -> Tensor:
        # cuDNN's LSTM cannot be differentiated twice, as gradient penalties do.
        with torch.backends.cudnn.flags(enabled=False):
            h = self.lstm(rearrange(windows, "n c t -> n t c"))
        return self.last(self.dropout(rearrange(h, "n t u -> n (t u)"))).flatten()


class DenseCritic(nn.Module):
    """Maps windows (N, C, W) to scores (N,) by a perceptron of two hidden layers.

    Args, Raises: see `LSTMEncoder`; `units` are those of a hidden layer.
    """

    def __init__(self, shape: Shape, *, units: int = 64, dropout: float = 0.0) -> None:
        super().__init__()
        check_layers(units, dropout)
        self.layers = perceptron(shape.numbers, units, dropout)
        initialise_as_keras(self)

    def forward(self, windows: Tensor) -> Tensor:
        return self.layers(rearrange(windows, "n c t -> n (c t)")).flatten()


class LatentCritic(nn.Module):
    """Maps latents (N, K) to scores (N,) by a perceptron of two hidden layers.

    Args:
        shape: K.
        units: of a hidden layer.
        dropout: after every activation.

    Raises:
        ValueError: no units, or a dropout outside [0, 1).
    """

    def __init__(self, shape: Shape, *, units: int = 20, dropout: float = 0.2) -> None:
        super().__init__()
        check_layers(units, dropout)
        self.layers = perceptron(shape.latent_size, units, dropout)
        initialise_as_keras(self)

    def forward(self, latents: Tensor) -> Tensor:
        return self.layers(latents).flatten()
