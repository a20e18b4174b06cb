import math
from itertools import product

import numpy as np
import pytest
import torch

from tests.linalg.test_cells import circle
from tgan.linalg import circles
from tgan.linalg.circles import Cell, at_frequencies


@pytest.mark.parametrize("is_half", [False, True])
@pytest.mark.parametrize("offsets", [1, 2, 3])
@pytest.mark.parametrize("period", [1, 2, 3, 4, 5, 9, 17, 40])
def test_cells_cover_each_angle_once(period, offsets, is_half):
    axis = circle(period, offsets=offsets, is_half=is_half)
    covered = [i for cell in axis.cells() for i in range(cell.start, cell.stop)]
    assert sorted(covered) == list(range(len(axis.angles)))
    widths = {cell.stop - cell.start for cell in axis.cells()}
    # Just under half of a circle.
    assert max(widths) <= (max(period / 2.05, 1) if offsets == 2 else 1)
    assert max(widths) > 1 or offsets != 2 or period < 5 or (is_half and period < 8)
    if is_half:
        assert Cell(0, 1) in axis.cells()


def test_halves_of_halves_are_single_angles():
    cells, seen = [Cell(3, 10)], []
    while cells:
        cell = cells.pop()
        seen += [cell.start] if cell.is_single else []
        cells += cell.halves()
    assert sorted(seen) == list(range(3, 10))


@pytest.mark.parametrize("chunk", [2**24, 50])
def test_sums_at_all_frequencies_are_those_over_all_lags(chunk, monkeypatch):
    monkeypatch.setattr(circles, "_CHUNK", chunk)
    axes = [circle(3, offsets=3), circle(5, twist=0.5), circle(4, is_half=True)]
    lags = torch.randn(5, 3, 3, 2, 2, dtype=torch.float64)
    found = torch.cat(list(at_frequencies(lags, axes)))
    reach = list(product(range(-2, 3), range(-1, 2), range(-1, 2)))
    frequencies = list(product(*(axis.angles for axis in axes)))
    assert len(found) == len(frequencies) == 3 * 5 * 3
    for frequency, gram in zip(frequencies, found, strict=True):
        expected = sum(np.exp(1j * np.dot(lag, frequency)) * lags[lag].numpy() for lag in reach)
        np.testing.assert_allclose(gram.numpy(), expected, atol=1e-13)
    assert math.isclose(frequencies[-1][-1], math.pi)
