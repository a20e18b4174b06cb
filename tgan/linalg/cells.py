"""A bound on Gram matrices at all frequencies of a torus, proved at few of them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product

import torch
from torch import Tensor

from tgan.linalg.gram import are_below

# How far from the middle of a cell its ends are at most; the bound proved there is a seventh lower.
_WIDEST = math.pi / 4
# Entries of Gram matrices that are looked at together: 16 MB of complex single precision.
_CHUNK = 2**21


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
        sums = self.phases(angles).to(lags) @ lags.flatten(2)
        return sums.flatten(0, 1).unflatten(1, lags.shape[2:])

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


Box = tuple[Cell, ...]  # a cell of each axis


def unproved(
    lags: Tensor, circles: Sequence[Circle], bound: float, slack: float, *, is_exact: bool = True
) -> Iterator[Tensor]:
    """Gram matrices above a bound, the one of the largest eigenvalue among them, or none.

    (F, n, n) at a time.

    At a vector x the form x* G(w) x is, along an axis with lags -1, 0 and 1, a + b cos(w - v) with
    a >= b >= 0. Let w be the frequency at which it is largest. Then |w - v| is at most half a step
    along each such axis, and the form at w is at most that at the middle of the cell of w, over
    cos^2(h / 2), h from the middle to the cell's end and half a step on. So a share of the bound,
    proved at the middle for all angles of the other axes, proves the bound of all forms that are
    largest in that cell. Where that fails the cell is halved, down to single angles.

    Args:
        lags: (*L, n, n), complex; see `Circle`.
        circles: the axes; along the last two many cells are looked at together.
        slack: see `tgan.linalg.gram.largest_eigenvalue`.
        is_exact: whether the axes before stand at frequencies of the torus, not in a cell's middle:
            then all that fail are wanted.
    """
    circle, *others = circles
    if len(others) < 2:
        yield from _unproved_boxes(lags, circles, bound, slack)
        return
    cells = circle.cells()
    while cells:
        cell = cells.pop()
        there = circle.at([circle.middle(cell)], lags[None])[0]
        alone = is_exact and cell.is_single
        failed = unproved(there, others, bound * circle.share(cell), slack, is_exact=alone)
        for grams in failed:
            if not cell.is_single:
                cells += cell.halves()
                break
            yield grams


def _unproved_boxes(
    lags: Tensor, circles: Sequence[Circle], bound: float, slack: float
) -> Iterator[Tensor]:
    """Do as `unproved`, many boxes of one or two axes at a time.

    Of a box that fails the first wide cell is halved, and with each half all cells of the axis
    after it are looked at. Boxes that are likely to fail, of a large trace, come first: others of
    the same wide cell are spared.
    """
    cells = [circle.cells() for circle in circles]
    boxes, matrices = list(product(*cells)), lags.flatten(0, -3)
    traces = matrices.diagonal(dim1=-2, dim2=-1).sum(-1, dtype=torch.complex128)
    many = max(_CHUNK // lags.shape[-1] ** 2, 1)
    while boxes:
        phases, bounds = _phases(circles, boxes), bound * _shares(circles, boxes)
        order = ((phases @ traces).real / bounds).argsort(descending=True)
        halved: dict[Box, None] = {}
        for chunk in order.split(many):
            some = [i for i in chunk.tolist() if _to_halve(boxes[i]) not in halved]
            grams = (phases[some].to(lags) @ matrices.flatten(1)).unflatten(1, lags.shape[-2:])
            proved = are_below(grams, bounds[some], slack).tolist()
            failed = {
                row: _to_halve(boxes[i])
                for row, (i, is_proved) in enumerate(zip(some, proved, strict=True))
                if not is_proved
            }
            halved.update((start, None) for start in failed.values() if start)
            if rows := [row for row, start in failed.items() if not start]:
                yield grams[rows]
        boxes = [
            (*start[:-1], half, *others)
            for start in halved
            for half in start[-1].halves()
            for others in product(*cells[len(start) :])
        ]


def _to_halve(box: Box) -> Box:
    """The cells of a box up to the first wide one, or none if all are single."""
    return next((box[: i + 1] for i, cell in enumerate(box) if not cell.is_single), ())


def _phases(circles: Sequence[Circle], boxes: Sequence[Box]) -> Tensor:
    """exp(i l w) at the middles of boxes for all lags l, (boxes, prod L)."""
    along = (
        circle.phases([circle.middle(cell) for cell in cells])
        for circle, cells in zip(circles, zip(*boxes, strict=True), strict=True)
    )
    return reduce(lambda a, b: (a[:, :, None] * b[:, None]).flatten(1), along)


def _shares(circles: Sequence[Circle], boxes: Sequence[Box]) -> Tensor:
    """Which share of a bound has to hold at the middles of boxes, to hold all over them."""
    shares = [
        math.prod(circle.share(cell) for circle, cell in zip(circles, box, strict=True))
        for box in boxes
    ]
    return torch.tensor(shares, dtype=torch.float64)
