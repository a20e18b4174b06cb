"""Clips that cannot be read: others take their place, and an account is kept of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tgan.data.loader import ClipBatches
from tgan.lookup import counted

# What a source raises where a clip cannot be read; anything else is a mistake of the program.
UNREADABLE = (ValueError, OSError, EOFError)
# Clips that are tried in place of one that cannot be read.
MAX_TRIES = 100
# The share of clips that were replaced is taken of this many draws, or more: the first bad ones
# tell little.
LEAST_DRAWS = 1000


class TooManyBadClips(OSError):
    """More clips than were put up with could not be read."""


class ReplacedBatches(ClipBatches):
    """The batches of `ClipBatches`, with others in place of clips that cannot be read.

    A batch has a third part, `(name, reason)` for each draw that was replaced. What takes its
    place is a function of the seed and of the number of the draw, whatever process reads it.

    Raises:
        TooManyBadClips: a draw cannot be read, nor can anything that was tried in its place.

    Example:
        >>> clips, labels, bad = ReplacedBatches(source, batch_size=32, seed=0)[7]
        >>> bad
        (('jump/0007.mp4', 'no such file'),)
    """

    def __getitem__(self, number: int) -> tuple[Any, ...]:
        clips, labels = self.empty()
        bad = []
        for row, (label, *problem) in enumerate(self.each(number, clips, self._read_any)):
            labels[row] = label
            bad += problem
        return torch.from_numpy(clips), torch.from_numpy(labels), tuple(bad)

    def _read_any(self, draw: int, clip: np.ndarray) -> tuple[Any, ...]:
        """Read the clip of a draw, or another: its label, and what was wrong with the former."""
        own = self.sampler.draw(draw)
        try:
            return (self.read(own, clip),)
        except UNREADABLE as error:
            name, reason = name_of(self.source, own[0]), _reason(error)
        for other in self.sampler.replacements(draw, MAX_TRIES):
            try:
                return self.read(other, clip), (name, reason)
            except UNREADABLE:
                continue
        raise TooManyBadClips(
            f"'{name}' cannot be read ({reason}), nor can any of {MAX_TRIES} clips that were tried "
            "in its place"
        )


class Account:
    """An account of the clips that were drawn and of those that could not be read.

    Each of these is named once.

    Args:
        max_bad_share: of the draws, 1,000 of them or more, how many may be replaced.
        say: what a line on a clip is given to.

    Attributes:
        draws, replaced: how many there were since this account was opened, of this process.
        bad: why each clip that could not be read was not, by its name.
    """

    def __init__(self, *, max_bad_share: float, say: Callable[[str], object]) -> None:
        self._max_bad_share, self._say = max_bad_share, say
        self.draws = self.replaced = 0
        self.bad: dict[str, str] = {}

    def add(self, draws: int, bad: tuple[tuple[str, str], ...]) -> None:
        """Count a batch.

        Raises:
            TooManyBadClips: the share of those replaced is above `max_bad_share`.
        """
        self.draws += draws
        self.replaced += len(bad)
        for name, reason in bad:
            if name not in self.bad:
                self.bad[name] = reason
                self._say(f"'{name}' cannot be read, another clip takes its place: {reason}")
        if self.replaced > self._max_bad_share * max(self.draws, LEAST_DRAWS):
            name, reason = bad[-1]
            raise TooManyBadClips(
                f"{self.replaced:,} of {counted(self.draws, 'clip')} could not be read, which is "
                f"above data.max_bad_share {self._max_bad_share:g}; the last is '{name}': {reason}"
            )


def name_of(source: Any, index: int) -> str:
    """Name a video of a source: its file where the source has names, else its number."""
    names = getattr(source, "names", [])
    return names[index] if names else f"video {index}"


def _reason(error: Exception) -> str:
    """Why a clip cannot be read, in one line."""
    text = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()) or type(error).__name__
