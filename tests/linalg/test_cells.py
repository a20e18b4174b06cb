import math
from itertools import product

import numpy as np
import pytest
import torch

from tgan.linalg.cells import unproved
from tgan.linalg.circles import Cell, Circle


def circle(period: int, *, twist: float = 0.0, offsets: int = 2, is_half: bool = False) -> Circle:
    step = 2 * math.pi / period
    angles = [(i + twist) * step for i in range(period)]
    if is_half:
        angles = [angle for angle in angles if angle <= math.pi + 1e-9]
    return Circle(angles, step, offsets, is_half)


@pytest.mark.parametrize("is_half", [False, True])
@pytest.mark.parametrize("offsets", [1, 2, 3])
@pytest.mark.parametrize("period", [1, 2, 3, 4, 5, 9, 17, 40])
def test_cells_cover_each_angle_once(period, offsets, is_half):
    axis = circle(period, offsets=offsets, is_half=is_half)
    covered = [i for cell in axis.cells() for i in range(cell.start, cell.stop)]
    assert sorted(covered) == list(range(len(axis.angles)))
    widths = {cell.stop - cell.start for cell in axis.cells()}
    # As many steps as fit in a quarter of a circle.
    assert max(widths) <= (max(period // 4, 1) if offsets == 2 else 1)
    assert max(widths) > 1 or offsets != 2 or period < 8 or (is_half and period < 16)
    if is_half:
        assert Cell(0, 1) in axis.cells()


def test_halves_of_halves_are_single_angles():
    cells, seen = [Cell(3, 10)], []
    while cells:
        cell = cells.pop()
        seen += [cell.start] if cell.is_single else []
        cells += cell.halves()
    assert sorted(seen) == list(range(3, 10))


def make_lags(size: int, offsets: list[int], seed: int, flat: float) -> torch.Tensor:
    """Lags (*L, n, n) of the Gram matrices of random matrices by offset, and of smooth ones."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(*offsets, size, 2 * size)) * flat
    parts += np.outer(rng.normal(size=size), rng.normal(size=2 * size)) / size
    lags = np.zeros((*(2 * k - 1 for k in offsets), size, size), complex)
    for ahead in np.ndindex(*offsets):
        for behind in np.ndindex(*offsets):
            lags[tuple(np.subtract(ahead, behind))] += parts[ahead] @ parts[behind].T
    return torch.from_numpy(lags)


def at_all(lags: torch.Tensor, circles: list[Circle]) -> np.ndarray:
    """Largest eigenvalues at all frequencies, (F,), by the sum over lags as it stands."""
    found = []
    reach = [range(1 - axis.offsets, axis.offsets) for axis in circles]
    for frequency in product(*(axis.angles for axis in circles)):
        gram = sum(
            np.exp(1j * np.dot(lag, frequency)) * lags[lag].numpy() for lag in product(*reach)
        )
        found.append(np.linalg.eigvalsh(gram)[-1])
    return np.array(found)


CIRCLES = {
    "short and long": [circle(5), circle(17, twist=0.5, is_half=True)],
    "two long": [circle(9, twist=0.5), circle(16, is_half=True)],
    "three": [circle(4), circle(9), circle(9, twist=0.5, is_half=True)],
    "more offsets": [circle(9, offsets=3), circle(10, is_half=True)],
}


@pytest.mark.parametrize("flat", [0.05, 0.2, 1.0])
@pytest.mark.parametrize("name", CIRCLES)
def test_what_is_above_a_bound_is_found_with_the_largest_among_it(name, flat):
    circles = CIRCLES[name]
    lags = make_lags(3, [axis.offsets for axis in circles], seed=len(name), flat=flat)
    values = at_all(lags, circles)
    for bound in np.quantile(values, [0.0, 0.3, 0.9, 0.99]) * (1 - 1e-6):
        left = list(unproved(lags, circles, float(bound), 0.0))
        found = torch.cat([torch.linalg.eigvalsh(grams)[:, -1] for grams in left]).tolist()
        assert min(found) > bound
        assert max(found) == pytest.approx(values.max(), rel=1e-9)
    assert not list(unproved(lags, circles, values.max() * (1 + 1e-6), 0.0))


def test_smooth_kernels_are_proved_at_few_frequencies(monkeypatch):
    """Of 9 x 33 x 17 frequencies only those near the largest are looked at one by one."""
    import tgan.linalg.cells as cells

    circles = [circle(9), circle(33), circle(33, is_half=True)]
    lags = make_lags(3, [2, 2, 2], seed=0, flat=0.05)
    largest = at_all(lags, circles).max()
    count, proof = 0, cells.are_below

    def counted(grams, bound, slack):
        nonlocal count
        count += len(grams)
        return proof(grams, bound, slack)

    monkeypatch.setattr(cells, "are_below", counted)
    assert not list(unproved(lags, circles, largest * 1.001, 0.0))
    assert count < 9 * 33 * 17 / 4
