import math
from itertools import product

import numpy as np
import pytest
import torch

from tgan.linalg import gram
from tgan.linalg.cells import prove
from tgan.linalg.circles import Circle
from tgan.linalg.gram import Ceiling


def circle(period: int, *, twist: float = 0.0, offsets: int = 2, is_half: bool = False) -> Circle:
    step = 2 * math.pi / period
    angles = [(i + twist) * step for i in range(period)]
    if is_half:
        angles = [angle for angle in angles if angle <= math.pi + 1e-9]
    return Circle(tuple(angles), step, offsets, is_half)


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


@pytest.mark.parametrize("slack", [0.0, 1e-3])
@pytest.mark.parametrize("flat", [0.05, 0.2, 1.0])
@pytest.mark.parametrize("name", CIRCLES)
def test_a_ceiling_is_raised_over_all_frequencies_and_no_further(name, flat, slack):
    circles = CIRCLES[name]
    lags = make_lags(3, [axis.offsets for axis in circles], seed=len(name), flat=flat)
    values = at_all(lags, circles)
    largest = values.max()
    for height in np.quantile(values, [0.0, 0.3, 0.9, 0.99]) * (1 - 1e-6):
        ceiling = Ceiling(float(height), slack)
        assert prove(lags, circles, ceiling)
        assert largest <= ceiling.height <= largest * (1 + slack + 1e-9)
    high = Ceiling(largest * (1 + slack + 1e-6), slack)
    assert prove(lags, circles, high)
    assert high.height == largest * (1 + slack + 1e-6)


@pytest.mark.parametrize("name", CIRCLES)
def test_a_share_is_proved_where_it_holds_and_raises_nothing(name):
    circles = CIRCLES[name]
    lags = make_lags(3, [axis.offsets for axis in circles], seed=len(name), flat=0.2)
    largest = at_all(lags, circles).max()
    for part in (0.5, 0.9):
        ceiling = Ceiling(largest / part, 0.0)
        assert prove(lags, circles, ceiling, share=part * (1 + 1e-6))
        assert not prove(lags, circles, ceiling, share=part * (1 - 1e-6))
        assert ceiling.height == largest / part


def test_smooth_kernels_are_proved_at_few_frequencies(monkeypatch):
    """Of 9 x 33 x 17 frequencies only those near the largest are looked at one by one."""
    circles = [circle(9), circle(33), circle(33, is_half=True)]
    lags = make_lags(3, [2, 2, 2], seed=0, flat=0.05)
    largest = at_all(lags, circles).max()
    count, proof = 0, gram.are_below

    def counted(grams, bound, slack):
        nonlocal count
        count += len(grams)
        return proof(grams, bound, slack)

    monkeypatch.setattr(gram, "are_below", counted)
    assert prove(lags, circles, Ceiling(largest * 1.001, 0.0))
    assert count < 9 * 33 * 17 / 4
