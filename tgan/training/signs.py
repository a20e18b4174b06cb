"""Signs that a run goes wrong, in words, each with what to try first.

They are told while it trains, once each, as soon as two looks in a row show them: the first ones
after a start show networks that have learnt nothing yet. docs/troubleshooting.md has more of each.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

# How much of what real clips have samples may lack: differences among clips, and from frame to
# frame.
_ALIKE, _STILL = 0.15, 0.1
# The share of bytes at the ends of their range that is too much beside the real clips'.
_SATURATED = 0.5
# The critic's gap: so small beside its largest, or so many times what it was at first, at so many
# looks in a row.
_VANISHED, _EXPLODED, _LOOKS = 1e-3, 1e3, 20


@dataclass(frozen=True)
class Sign:
    """What may be seen, and what to do about it.

    Attributes:
        seen: of samples and as many real clips, uint8 (N, T, H, W, C).
        text: what is wrong, and what to try.
    """

    seen: Callable[[np.ndarray, np.ndarray], bool]
    text: str


def _between(clips: np.ndarray) -> float:
    """The mean difference of neighbouring clips."""
    return float(np.abs(np.diff(clips.astype(np.int16), axis=0)).mean())


def _over_time(clips: np.ndarray) -> float:
    return float(np.abs(np.diff(clips.astype(np.int16), axis=1)).mean())


def _at_ends(clips: np.ndarray) -> float:
    """The share of bytes that are black or white, or all but."""
    return float(((clips <= 2) | (clips >= 253)).mean())


SIGNS = {
    "alike": Sign(
        lambda fake, real: len(fake) > 1 and _between(fake) < _ALIKE * _between(real),
        "samples are nearly equal to each other; try a lower generator_optimizer.lr, "
        "constraint.name wgan_gp with critic.batch_norm false, or a larger train.batch_size",
    ),
    "still": Sign(
        lambda fake, real: real.shape[1] > 1 and _over_time(fake) < _STILL * _over_time(real),
        "samples hardly move; try generator.z_fast larger, or more steps",
    ),
    "saturated": Sign(
        lambda fake, real: _at_ends(fake) > max(_SATURATED, 2 * _at_ends(real)),
        "colours are saturated: most pixels are at the ends of their range; try lower learning "
        "rates of both optimisers, or a smaller constraint.maximum",
    ),
}
VANISHED = (
    "the critic's gap has stayed at 0: it tells the generator nothing; try a larger "
    "critic_optimizer.lr, train.n_critic above 1 with train.schedule alternating, or "
    "constraint.name wgan_gp with critic.batch_norm false"
)
EXPLODED = (
    "the critic's gap has grown a thousandfold: nothing keeps it Lipschitz; try another "
    "constraint.name, a smaller constraint.maximum or interval, or lower learning rates"
)


class Signs:
    """Looks at what a run gives, and tells each sign once.

    Example:
        >>> signs = Signs()
        >>> for line in signs.of_samples(samples, real):
        ...     print(line)
    """

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._before: set[str] = set()
        self._gaps: deque[float] = deque(maxlen=_LOOKS)
        self._first: list[float] = []
        self._largest = 0.0

    def of_samples(self, samples: np.ndarray, real: np.ndarray) -> list[str]:
        """New lines on samples beside as many real clips, uint8 (N, T, H, W, C)."""
        now = {name for name, sign in SIGNS.items() if sign.seen(samples, real)}
        lines = [SIGNS[name].text for name in sorted(now & self._before)]
        self._before = now
        return self._new(*lines)

    def of_losses(self, values: Mapping[str, float]) -> list[str]:
        """New lines on the losses of a step, as they are logged."""
        gap = abs(values.get("critic_gap", np.nan))
        if not np.isfinite(gap):
            return []
        self._gaps.append(gap)
        self._largest = max(self._largest, gap)
        if len(self._first) < _LOOKS:
            self._first.append(gap)
            return []
        if max(self._gaps) < _VANISHED * self._largest:
            return self._new(VANISHED)
        if min(self._gaps) > _EXPLODED * max(np.median(self._first), 1e-12):
            return self._new(EXPLODED)
        return []

    def _new(self, *lines: str) -> list[str]:
        """Those that were not told yet."""
        new = [line for line in lines if line not in self._told]
        self._told.update(new)
        return new
