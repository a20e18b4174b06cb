"""Which modes of a mixture of Gaussians samples reach, how well, and how evenly."""

from dataclasses import dataclass

import numpy as np

# Standard deviations within which a sample counts as good.
RADIUS = 3.0


@dataclass(frozen=True)
class ModeReport:
    """How samples share themselves out over K modes.

    Attributes:
        counts: (K,) good samples of each mode: those within 3 standard deviations of its centre;
            where modes are labels, all samples are good.
        total: samples in all.
    """

    counts: np.ndarray
    total: int

    @property
    def covered(self) -> int:
        """Modes with a good sample."""
        return int(np.count_nonzero(self.counts))

    @property
    def good_share(self) -> float:
        """Share of good samples, 0 to 1."""
        return float(self.counts.sum() / self.total)

    @property
    def reverse_kl(self) -> float:
        """Divergence of the good samples' modes from evenness, in nats: 0 to log K.

        It is log K where no sample is good.
        """
        modes, good = len(self.counts), self.counts.sum()
        if good == 0:
            return float(np.log(modes))
        shares = self.counts[self.counts > 0] / good
        return float(np.sum(shares * np.log(shares * modes)))


def count_modes(samples: np.ndarray, centres: np.ndarray, deviation: float) -> ModeReport:
    """How samples (N, D) share themselves out over equally likely round Gaussians.

    Args:
        centres: (K, D).
        deviation: of each Gaussian along an axis.

    Raises:
        ValueError: no samples, or a coordinate is not finite.

    Source: Srivastava et al. 2017 (VEEGAN), section 4.1; Lin et al. 2018 (PacGAN), section 4.
    """
    if len(samples) == 0 or not np.isfinite(samples).all():
        raise ValueError(f"modes of {len(samples)} samples: at least one is needed, all finite")
    distances = np.linalg.norm(samples[:, None] - centres, axis=-1)
    nearest, good = distances.argmin(1), distances.min(1) < RADIUS * deviation
    counts = np.bincount(nearest[good], minlength=len(centres))
    return ModeReport(counts, len(samples))


def count_labels(labels: np.ndarray, modes: int) -> ModeReport:
    """How samples share themselves out over modes, given the mode (N,) that each is of.

    Args:
        modes: K, how many there are; labels are 0 to K - 1.

    Raises:
        ValueError: no samples, or a label that is no mode.
    """
    if len(labels) == 0 or not 0 <= labels.min() <= labels.max() < modes:
        raise ValueError(f"labels of {len(labels)} samples: at least one, each in 0 to {modes - 1}")
    return ModeReport(np.bincount(labels, minlength=modes), len(labels))
