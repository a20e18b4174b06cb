"""`temporal_*`: how fast features of frames change within a clip, over any network of frames.

Distances over networks of frames are blind to the order of frames. Here a clip is the spectrum of
its features over time, in which what stands still has no power and what jumps has power at high
frequencies. A clip that plays backwards has the same spectrum. The idea is that of STREAM-T (Kim et
al. 2024), which compares histograms of such spectra; the numbers are others.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tgan.metrics.frechet import FrechetDistance
from tgan.metrics.state import State


def spectra(features: np.ndarray) -> np.ndarray:
    """The amplitude of each frequency over time, as a share of all: (N, T // 2), from 0 to 1.

    The root of the mean power over features, constant parts included in the whole.

    Args:
        features: (N, T, size), T of 2 at least.
    """
    wide = np.asarray(features, np.float64)
    power = np.square(np.abs(np.fft.rfft(wide, axis=1))).sum(2)
    # All but the constant part and an even clip's highest frequency stand for two.
    twice = np.full(power.shape[1], 2.0)
    twice[0] = 1
    if wide.shape[1] % 2 == 0:
        twice[-1] = 1
    power *= twice
    whole = power.sum(1, keepdims=True)
    return np.sqrt(power[:, 1:] / np.where(whole, whole, 1))


class TemporalDistance:
    """The Fréchet distance between spectra of real and generated clips."""

    def __init__(self) -> None:
        self._distance: FrechetDistance | None = None

    def add(self, real: np.ndarray, fake: np.ndarray) -> None:
        """Take in features (N, T, size) of each."""
        sides = [spectra(side) for side in (real, fake)]
        self._distance = self._distance or FrechetDistance(sides[0].shape[1])
        self._distance.add(*sides)

    def result(self) -> dict[str, Any]:
        """As of `tgan.metrics.frechet.FrechetDistance`; None before the first clip."""
        return {"value": None} if self._distance is None else self._distance.result()

    def state(self) -> State:
        """Everything, as arrays."""
        return {} if self._distance is None else self._distance.state()

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` gave."""
        self._distance = FrechetDistance(len(state["real.mean"])) if state else None
        if self._distance is not None:
            self._distance.load_state(state)
