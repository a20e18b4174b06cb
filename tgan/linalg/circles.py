"""The axes of a torus, and sums over lags at its frequencies."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

# How far from the middle of a cell its ends are at most, just under a quarter of the circle; the
# bound proved there is nearly half as high.
_WIDEST = 1.5
# Entries of Gram matrices that are held at a time: 256 MB of complex doubles.
_CHUNK = 2**24


@dataclass(frozen=True)
class Circle:
    """An axis of a torus.

    Attributes:
        angles: the frequencies on it, ascending.
        step: between them.
        offsets: how many the kernel has along it; lags l are below that, of either sign, and
            those below 0 are counted from the end.
        is_half: whether the angles are those of half a circle, the other half being alike.
    """

    angles: tuple[float, ...]
    step: float
    offsets: int
    is_half: bool

    def cells(self) -> list["Cell"]:
        """Cells of neighbouring angles that cover the axis.

        Only where lags are -1, 0 and 1 are there wide ones. The ends of a half circle have a
        neighbour on one side alone, and stay by themselves.
        """
        last = len(self.angles)
        width = max(int(2 * _WIDEST / self.step), 1) if self.offsets == 2 else 1
        inner = range(1, last - 1) if self.is_half else range(last)
        starts = [*inner[::width], inner.stop] if inner else [inner.start]
        cells = [Cell(a, b) for a, b in zip(starts, starts[1:], strict=False)]
        return cells + [Cell(i, i + 1) for i in sorted({0, last - 1} - set(inner))]

    def middle(self, cell: "Cell") -> float:
        """The angle in the middle of a cell."""
        return (self.angles[cell.start] + self.angles[cell.stop - 1]) / 2

    def phases(self, angles: Sequence[float]) -> Tensor:
        """exp(i l w) at angles w for all lags l, (angles, L)."""
        lags = [*range(self.offsets), *range(1 - self.offsets, 0)]
        turns = torch.outer(*(torch.tensor(x, dtype=torch.float64) for x in (angles, lags)))
        return torch.polar(torch.ones_like(turns), turns)

    def at(self, angles: Sequence[float], lags: Tensor) -> Tensor:
        """sum_l exp(i l w) lags_l at angles w of complex lags (P, L, ...), (P * angles, ...)."""
        return _sums(self.phases(angles).to(lags), lags)

    def table(self, device: torch.device, dtype: torch.dtype) -> Tensor:
        """The phases at all angles, (angles, L), made once for each device."""
        return _table(self, device, dtype)

    def share(self, cell: "Cell") -> float:
        """Which share of a bound has to hold at the middle of a cell, to hold all over it."""
        reach = 0.0 if cell.is_single else (cell.stop - cell.start) * self.step / 2
        return math.cos(reach / 2) ** 2


@dataclass(frozen=True)
class Cell:
    """Neighbouring angles of an axis, by their numbers from `start` to before `stop`."""

    start: int
    stop: int

    @property
    def is_single(self) -> bool:
        """Whether it is one angle."""
        return self.stop - self.start == 1

    def halves(self) -> list["Cell"]:
        """The two cells that it consists of, or none."""
        middle = (self.start + self.stop) // 2
        return [] if self.is_single else [Cell(self.start, middle), Cell(middle, self.stop)]


def _sums(phases: Tensor, lags: Tensor) -> Tensor:
    return (phases @ lags.flatten(2)).flatten(0, 1).unflatten(1, lags.shape[2:])


@lru_cache(maxsize=256)
def _table(circle: Circle, device: torch.device, dtype: torch.dtype) -> Tensor:
    return circle.phases(circle.angles).to(device, dtype)


def at_frequencies(lags: Tensor, circles: Sequence[Circle]) -> Iterator[Tensor]:
    """sum_l exp(i l w) lags_l at all frequencies w, in the order of their product.

    Args:
        lags: (*L, n, n).

    Returns:
        Matrices (F, n, n) at a time.
    """
    kind = lags.dtype.to_complex()
    return at_phases(lags.to(kind), [circle.table(lags.device, kind) for circle in circles])


def at_phases(lags: Tensor, tables: Sequence[Tensor]) -> Iterator[Tensor]:
    """Do as `at_frequencies`, of complex lags and from the phases of each axis.

    Axis by axis, since the sum over the lags of one axis is shared by all angles of the next ones.
    """
    *outer, last = tables
    grams = lags[None]
    for phases in outer:
        grams = _sums(phases, grams)
    few = max(_CHUNK // (lags.shape[-1] ** 2 * len(last)), 1)
    for rows in grams.split(few):
        yield _sums(last, rows)
