"""Toy distributions in the plane on which mode collapse can be counted."""

from dataclasses import dataclass

import numpy as np

# The scale at which Gulrajani et al. 2017 hand both to their networks: the outermost modes of
# either lie at sqrt(2) along an axis. Every published figure is blind to it.
EXTENT = 2**0.5
RING_MODES, GRID_SIDE = 8, 5


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """Equally likely round Gaussians of one standard deviation.

    Attributes:
        centres: (K, D).
        deviation: along every axis.

    Example:
        >>> ring().draw(1000, np.random.default_rng(0)).shape
        (1000, 2)
    """

    centres: np.ndarray
    deviation: float

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw independent samples (count, D), float64."""
        modes = rng.integers(len(self.centres), size=count)
        noise = rng.standard_normal((count, self.centres.shape[1]))
        return self.centres[modes] + self.deviation * noise


def ring() -> GaussianMixture:
    """Place 8 modes on a circle; the deviation is 0.01 of its radius.

    Source: Lin et al. 2018 (PacGAN), section 4.1: radius 1, variance 1e-4.
    """
    angles = 2 * np.pi * np.arange(RING_MODES) / RING_MODES
    centres = EXTENT * np.stack([np.cos(angles), np.sin(angles)], 1)
    return GaussianMixture(centres, 0.01 * EXTENT)


def grid() -> GaussianMixture:
    """Place 25 modes on a square lattice; the deviation is 1/40 of its spacing.

    Source: Lin et al. 2018 (PacGAN), section 4.1: spacing 2, variance 0.0025.
    """
    steps = np.linspace(-EXTENT, EXTENT, GRID_SIDE)
    centres = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2)
    return GaussianMixture(centres, (steps[1] - steps[0]) / 40)


TOYS = {"ring": ring, "grid": grid}
