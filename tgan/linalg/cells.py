"""A bound on Gram matrices at all frequencies of a torus, proved at few of them."""

import math
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import product

import torch
from torch import Tensor

from tgan.linalg.circles import Cell, Circle
from tgan.linalg.gram import are_below

# Entries of Gram matrices that are looked at together: 16 MB of complex single precision.
_CHUNK = 2**21

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
