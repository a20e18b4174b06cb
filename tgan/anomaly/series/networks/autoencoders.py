"""Encoders and decoders: from windows (N, C, W) in [-1, 1] to latents (N, K), and back."""

import math

import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.anomaly.series.networks.layers import (
    BiLSTM,
    LinearAndHidden,
    Shape,
    check_layers,
    initialise_as_keras,
)


class LSTMEncoder(nn.Module):
    """Maps windows (N, C, W) to latents (N, K) by a BiLSTM and a linear layer of all its outputs.

    Args:
        shape: C, W and K.
        units: of the LSTM in each direction.
        dropout: of the inputs; the published one has none.

    Raises:
        ValueError: no units, or a dropout outside [0, 1).
    """

    def __init__(self, shape: Shape, *, units: int = 100, dropout: float = 0.0) -> None:
        super().__init__()
        check_layers(units, dropout)
        self.lstm = BiLSTM(shape.channels, units, dropout=dropout)
        self.last = nn.Linear(shape.window * 2 * units, shape.latent_size)
        initialise_as_keras(self)

    def forward(self, windows: Tensor) -> Tensor:
        h = self.lstm(rearrange(windows, "n c t -> n t c"))
        return self.last(rearrange(h, "n t u -> n (t u)"))


class LSTMDecoder(nn.Module):
    """Maps latents (N, K) to windows (N, C, W) in (-1, 1) by two BiLSTMs.

    A linear layer makes half as many steps as the window has, of one number each; between two
    BiLSTMs every step is doubled (the last one is cut off where the window is odd). Dropout is on
    the inputs of both, its mask the same at all steps, as in Keras; recurrent dropout is left
    out, as in Orion's configuration for GPUs.

    Args, Raises: see `LSTMEncoder`.
    """

    def __init__(self, shape: Shape, *, units: int = 64, dropout: float = 0.2) -> None:
        super().__init__()
        check_layers(units, dropout)
        self.window = shape.window
        self.first = nn.Linear(shape.latent_size, math.ceil(shape.window / 2))
        self.coarse = BiLSTM(1, units, dropout=dropout)
        self.fine = BiLSTM(2 * units, units, dropout=dropout)
        self.last = nn.Linear(2 * units, shape.channels)
        initialise_as_keras(self)

    def forward(self, latents: Tensor) -> Tensor:
        h = self.coarse(rearrange(self.first(latents), "n t -> n t 1"))
        h = self.fine(h.repeat_interleave(2, dim=1)[:, : self.window])
        return rearrange(torch.tanh(self.last(h)), "n t c -> n c t")


class DenseEncoder(nn.Module):
    """Maps windows (N, C, W) to latents (N, K): a perceptron of one hidden layer plus a linear map.

    Args, Raises: see `LSTMEncoder`; `units` are those of the hidden layer.
    """

    def __init__(self, shape: Shape, *, units: int = 100, dropout: float = 0.0) -> None:
        super().__init__()
        check_layers(units, dropout)
        self.path = LinearAndHidden(shape.numbers, units, shape.latent_size, dropout=dropout)
        initialise_as_keras(self)

    def forward(self, windows: Tensor) -> Tensor:
        return self.path(rearrange(windows, "n c t -> n (c t)"))


class DenseDecoder(nn.Module):
    """Maps latents (N, K) to windows (N, C, W): a perceptron of one hidden layer plus a linear map.

    Its output is not bounded: a tanh learns slowly where a signal stays at the end of its range,
    as spiky ones do.

    Args, Raises: see `LSTMEncoder`; `units` are those of the hidden layer.
    """

    def __init__(self, shape: Shape, *, units: int = 100, dropout: float = 0.0) -> None:
        super().__init__()
        check_layers(units, dropout)
        self.channels = shape.channels
        self.path = LinearAndHidden(shape.latent_size, units, shape.numbers, dropout=dropout)
        initialise_as_keras(self)

    def forward(self, latents: Tensor) -> Tensor:
        return rearrange(self.path(latents), "n (c t) -> n c t", c=self.channels)
