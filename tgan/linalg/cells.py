"""A bound on Gram matrices at all frequencies of a torus, proved at few of them."""

import math
from collections.abc import Sequence
from functools import reduce
from itertools import product

import torch
from torch import Tensor

from tgan.linalg.circles import Cell, Circle
from tgan.linalg.gram import Ceiling

# Entries of Gram matrices that are looked at together: 16 MB of complex single precision.
_CHUNK = 2**21

Box = tuple[Cell, ...]  # a cell of each axis


def prove(lags: Tensor, circles: Sequence[Circle], ceiling: Ceiling, *, share: float = 1.0) -> bool:
    """Prove a ceiling of Gram matrices at all frequencies of a torus, raised as far as need be.

    At a vector x the form x* G(w) x is, along an axis with lags -1, 0 and 1, a + b cos(w - v) with
    a >= b >= 0. Let w be the frequency at which it is largest. Then |w - v| is at most half a step
    along each such axis, and the form at w is at most that at the middle of the cell of w, over
    cos^2(h / 2), h from the middle to the cell's end and half a step on. So a share of the bound,
    proved at the middle for all angles of the other axes, proves the bound of all forms that are
    largest in that cell. Where that fails the cell is halved, down to single angles.

    Args:
        lags: (*L, n, n), complex; see `Circle`.
        circles: the axes; along the last two many cells are looked at together.
        share: prove this share of the ceiling instead, which is not raised for it where it is
            below 1.

    Returns:
        Whether it was proved, which the whole of it always is.
    """
    circle, *others = circles
    if len(others) < 2:
        return _prove_boxes(lags, circles, ceiling, share)
    cells = circle.cells()
    while cells:
        cell = cells.pop()
        there = circle.at([circle.middle(cell)], lags[None])[0]
        if prove(there, others, ceiling, share=share * circle.share(cell)):
            continue
        if cell.is_single:
            return False
        cells += cell.halves()
    return True


def _prove_boxes(lags: Tensor, circles: Sequence[Circle], ceiling: Ceiling, share: float) -> bool:
    """Do as `prove`, many boxes of one or two axes at a time.

    Of a box that fails the first wide cell is halved, and with each half all cells of the axis
    after it are looked at. Boxes that are likely to fail, of a large trace, come first: others of
    the same wide cell are spared.
    """
    cells = [circle.cells() for circle in circles]
    boxes, matrices = list(product(*cells)), lags.flatten(0, -3)
    traces = matrices.diagonal(dim1=-2, dim2=-1).sum(-1, dtype=torch.complex128).cpu()
    many = max(_CHUNK // lags.shape[-1] ** 2, 1)
    while boxes:
        phases, shares = _phases(circles, boxes), share * _shares(circles, boxes)
        order = ((phases @ traces).real / shares).argsort(descending=True)
        halved: dict[Box, None] = {}
        for chunk in order.split(many):
            some = [i for i in chunk.tolist() if _to_halve(boxes[i]) not in halved]
            grams = (phases[some].to(lags) @ matrices.flatten(1)).unflatten(1, lags.shape[-2:])
            failed = (~ceiling.covers(grams, shares[some])).nonzero().flatten().tolist()
            starts = {row: _to_halve(boxes[some[row]]) for row in failed}
            halved.update((start, None) for start in starts.values() if start)
            single = [row for row, start in starts.items() if not start]
            if single and share < 1:
                return False
            ceiling.raise_over(grams[single])
        boxes = [
            (*start[:-1], half, *others)
            for start in halved
            for half in start[-1].halves()
            for others in product(*cells[len(start) :])
        ]
    return True


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
