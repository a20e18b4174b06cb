"""Signs that a run goes wrong, in words, each with what to try first.

They are told while it trains, once each, as soon as two looks in a row show them: the first ones
after a start show networks that have learnt nothing yet. docs/troubleshooting.md has more of each.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tgan.training.copies import Copies

# How much of what real clips have samples may lack: differences among clips, from frame to frame,
# and bytes that are not at the ends of their range.
_ALIKE, _STILL, _SATURATED = 0.15, 0.1, 0.3
# Levels of 255 that are all but black or white.
_END = 8
# At so many looks in a row the critic's gap tells the same.
_LOOKS = 20
# It is gone where it is this part of what it was at first, or of the largest distance that two
# clips can have, or where less than this share of looks has it above 0; it has exploded where it is
# so many times that distance, of either sign, at this share of looks.
_VANISHED, _FLAT, _ABOVE, _EXPLODED, _MOST = 1e-3, 1e-6, 1 / 3, 10, 3 / 4


@dataclass(frozen=True)
class RealClips:
    """Real clips that samples are looked at beside.

    Attributes:
        clips: as many as there are samples, uint8 (N, T, H, W, C).
        copies: tells copies of training clips.
    """

    clips: np.ndarray
    copies: Copies


@dataclass(frozen=True)
class Sign:
    """What may be seen, and what to do about it.

    Attributes:
        seen: of samples, uint8 (N, T, H, W, C), and real clips.
        text: what is wrong, and what to try.
    """

    seen: Callable[[np.ndarray, RealClips], bool]
    text: str


def _between(clips: np.ndarray) -> float:
    """The mean difference of neighbouring clips."""
    return float(np.abs(np.diff(clips.astype(np.int16), axis=0)).mean())


def _over_time(clips: np.ndarray) -> float:
    return float(np.abs(np.diff(clips.astype(np.int16), axis=1)).mean())


def _between_ends(clips: np.ndarray) -> float:
    """The share of bytes that are neither black nor white, nor all but."""
    return float(((clips > _END) & (clips < 255 - _END)).mean())


SIGNS = {
    "alike": Sign(
        lambda fake, real: len(fake) > 1 and _between(fake) < _ALIKE * _between(real.clips),
        "samples are nearly equal to each other; if they were so from the start, try larger "
        "learning rates or more steps, else a lower generator_optimizer.lr, constraint.name "
        "wgan_gp with critic.batch_norm false, or a larger train.batch_size",
    ),
    "still": Sign(
        lambda fake, real: fake.shape[1] > 1 and _over_time(fake) < _STILL * _over_time(real.clips),
        "samples hardly move; try larger learning rates or more steps, or a larger "
        "generator.z_fast",
    ),
    "saturated": Sign(
        lambda fake, real: _between_ends(fake) < _SATURATED * _between_ends(real.clips),
        "colours are saturated: far more pixels than in real clips are at the ends of their range; "
        "try lower learning rates of both optimisers, or a smaller constraint.maximum",
    ),
    "copies": Sign(
        lambda fake, real: real.copies.are(fake),
        "samples are copies of training clips: far nearer to one of them than other videos are; "
        "try more videos, train.augment [translation, colour, cutout], or fewer steps",
    ),
}
VANISHED = (
    "the critic's gap has stayed at 0 or below: it does not tell real clips from samples; try a "
    "larger critic_optimizer.lr, train.n_critic above 1 with train.schedule alternating, or "
    "constraint.name wgan_gp with critic.batch_norm false"
)
EXPLODED = (
    "the critic's gap is far beyond the distance of any two clips: nothing keeps it Lipschitz; try "
    "another constraint.name, a smaller constraint.maximum or interval, or lower learning rates"
)


class Signs:
    """Looks at what a run gives, and tells each sign once.

    Args:
        size: numbers in a clip.

    Example:
        >>> signs = Signs(16 * 64 * 64 * 3)
        >>> for line in signs.of_samples(samples, real):
        ...     print(line)
    """

    def __init__(self, size: int) -> None:
        self._told: set[str] = set()
        self._before: set[str] = set()
        self._gaps: deque[float] = deque(maxlen=_LOOKS)
        self._first: float | None = None
        # No critic whose slope is 1 has a larger gap: clips are in [-1, 1].
        self._farthest = 2 * size**0.5

    def of_samples(self, samples: np.ndarray, real: RealClips) -> list[str]:
        """New lines on samples, uint8 (N, T, H, W, C), beside real clips."""
        now = {name for name, sign in SIGNS.items() if sign.seen(samples, real)}
        lines = [SIGNS[name].text for name in sorted(now & self._before)]
        self._before = now
        return self._new(*lines)

    def of_losses(self, values: Mapping[str, float]) -> list[str]:
        """New lines on the losses of a step, as they are logged."""
        gap = values.get("critic_gap", np.nan)
        if not np.isfinite(gap):
            return []
        self._gaps.append(gap)
        if len(self._gaps) < _LOOKS:
            return []
        gaps = np.array(self._gaps)
        sizes = np.abs(gaps)
        if self._first is None:
            self._first = float(np.median(sizes))
        if (sizes > _EXPLODED * self._farthest).mean() >= _MOST:
            return self._new(EXPLODED)
        gone = max(_VANISHED * self._first, _FLAT * self._farthest)
        if sizes.max() < gone or (gaps > 0).mean() < _ABOVE:
            return self._new(VANISHED)
        return []

    def _new(self, *lines: str) -> list[str]:
        """Those that were not told yet."""
        new = [line for line in lines if line not in self._told]
        self._told.update(new)
        return new
