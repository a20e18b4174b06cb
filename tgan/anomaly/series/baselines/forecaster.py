"""A network that forecasts instead of reconstructing: an LSTM tells a sample from those before it.

Source: Hundman et al. 2018, section 3.1; in Orion the pipeline `lstm_dynamic_threshold`.
"""

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.anomaly.series.baselines.reconstructor import Reconstructor
from tgan.anomaly.series.networks.layers import initialise_as_keras
from tgan.data.sampler import ClipSampler
from tgan.rng.weights import seeded
from tgan.training.supervised import supervised

LEARNING_RATE, BATCH_SIZE = 1e-3, 64
# Windows forecast at once.
_CHUNK = 512


class LSTMForecaster(Reconstructor):
    """Every sample is what an LSTM expects after the samples before it.

    Adam minimises the squared error of the forecast of all channels, in float32 on the CPU. It is
    smaller than Hundman et al.'s network, which has two layers of 80 units, dropout, and sees 250
    samples: 4,000 samples take about 10 seconds of one core (AMD EPYC, torch 2.14.1).

    The first `length` samples are their own forecasts, with errors of 0: what comes before them is
    not known. An anomaly there is not found.

    Args:
        length: samples that are seen.
        units: of the LSTM, which has one layer.
        epochs: passes over the training series, in a random order each.
        seed: of weights and order.

    Raises:
        ValueError: a number below 1 (here), or no sample with `length` before it (in `fit`).
    """

    def __init__(
        self, *, length: int = 100, units: int = 32, epochs: int = 10, seed: int = 0
    ) -> None:
        for name, number in (("length", length), ("units", units), ("epochs", epochs)):
            if number < 1:
                raise ValueError(f"{name} {number} of a forecaster is below 1")
        self._length, self._units, self._epochs, self._seed = length, units, epochs, seed

    def fit(self, values: np.ndarray) -> "LSTMForecaster":
        """Train on values (N, C), a function of them, the settings and the seed."""
        if len(values) <= self._length:
            raise ValueError(
                f"{len(values)} samples are too few for forecasts from {self._length}: "
                f"at least {self._length + 1}"
            )
        self._network = _build(values.shape[1], self._units, seed=self._seed)
        pasts, targets = self._examples(values)
        sampler = ClipSampler(len(targets), batch_size=BATCH_SIZE, seed=self._seed)
        steps = -(-self._epochs * len(targets) // BATCH_SIZE)
        picks = (torch.from_numpy(sampler.indices(number)) for number in range(steps))
        trained = [p for p in self._network.parameters() if p.requires_grad]
        supervised(
            self._network,
            lambda network, picked: F.mse_loss(network(pasts[picked]), targets[picked]),
            picks,
            torch.optim.Adam(trained, LEARNING_RATE),
            steps=steps,
            name="forecaster",
        )
        return self

    @torch.no_grad()
    def reconstruct(self, values: np.ndarray) -> np.ndarray:
        """The forecasts, (N, C), behind the first `length` samples as they are."""
        made = values.astype(np.float64)
        if len(values) > self._length:
            pasts, _ = self._examples(values)
            parts = [self._network(part) for part in pasts.split(_CHUNK)]
            made[self._length :] = torch.cat(parts).numpy()
        return made

    def _examples(self, values: np.ndarray) -> tuple[Tensor, Tensor]:
        """Pasts (n, C, W), a view, and the samples (n, C) that follow."""
        stream = torch.from_numpy(values.astype(np.float32))
        return stream[:-1].unfold(0, self._length, 1), stream[self._length :]


class NextSample(nn.Module):
    """Pasts (N, C, W) to the samples that follow (N, C): an LSTM, whose last output counts."""

    def __init__(self, channels: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, units, batch_first=True)
        self.last = nn.Linear(units, channels)
        initialise_as_keras(self)

    def forward(self, pasts: Tensor) -> Tensor:
        outputs, _ = self.lstm(rearrange(pasts, "n c w -> n w c"))
        return self.last(outputs[:, -1])


def _build(channels: int, units: int, *, seed: int) -> NextSample:
    return seeded(lambda: NextSample(channels, units), seed)
