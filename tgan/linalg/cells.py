"""A bound on Gram matrices at all frequencies of a torus, proved at few of them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tgan.linalg.gram import are_below

# How far from the middle of a cell its ends are at most; the bound proved there is a seventh lower.
_WIDEST = math.pi / 4


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

    angles: list[float]
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

    def middles(self, cells: Sequence["Cell"]) -> list[float]:
        """The angles in the middle of cells."""
        return [(self.angles[cell.start] + self.angles[cell.stop - 1]) / 2 for cell in cells]

    def at(self, angles: Sequence[float], lags: Tensor) -> Tensor:
        """sum_l exp(i l w) lags_l at angles w of complex lags (P, L, ...), (P * angles, ...)."""
        order = [*range(self.offsets), *range(1 - self.offsets, 0)]
        turns = torch.outer(*(torch.tensor(x, dtype=torch.float64) for x in (angles, order)))
        phases = torch.polar(torch.ones_like(turns), turns).to(lags)
        return (phases @ lags.flatten(2)).flatten(0, 1).unflatten(1, lags.shape[2:])

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


def unproved(
    lags: Tensor, circles: Sequence[Circle], bound: float, slack: float, *, is_exact: bool = True
) -> Iterator[Tensor]:
    """Gram matrices (n, n) above a bound, the one of the largest eigenvalue among them, or none.

    At a vector x the form x* G(w) x is, along an axis with lags -1, 0 and 1, a + b cos(w - v) with
    a >= b >= 0. Let w be the frequency at which it is largest. Then |w - v| is at most half a step
    along each such axis, and the form at w is at most that at the middle of the cell of w, over
    cos^2(h / 2), h from the middle to the cell's end and half a step on. So a share of the bound,
    proved at the middle for all angles of the other axes, proves the bound of all forms that are
    largest in that cell. Where that fails the cell is halved, down to single angles.

    Args:
        lags: (*L, n, n), complex; see `Circle`.
        circles: the axes; along the last one all cells are looked at together.
        slack: see `tgan.linalg.gram.largest_eigenvalue`.
        is_exact: whether the axes before stand at frequencies of the torus, not in a cell's middle:
            then all that fail are wanted.
    """
    circle, *others = circles
    if not others:
        yield from _unproved_along(lags, circle, bound, slack)
        return
    cells = circle.cells()
    while cells:
        cell = cells.pop()
        there = circle.at(circle.middles([cell]), lags[None])[0]
        alone = is_exact and cell.is_single
        failed = unproved(there, others, bound * circle.share(cell), slack, is_exact=alone)
        for gram in failed:
            if not cell.is_single:
                cells += cell.halves()
                break
            yield gram


def _unproved_along(lags: Tensor, circle: Circle, bound: float, slack: float) -> Iterator[Tensor]:
    """Do as `unproved` along one axis, (L, n, n)."""
    cells = circle.cells()
    while cells:
        grams = circle.at(circle.middles(cells), lags[None])
        shares = torch.tensor([circle.share(cell) for cell in cells], dtype=torch.float64)
        proved = are_below(grams, bound * shares, slack).tolist()
        failed = [i for i, is_proved in enumerate(proved) if not is_proved]
        yield from (grams[i] for i in failed if cells[i].is_single)
        cells = [half for i in failed for half in cells[i].halves()]
