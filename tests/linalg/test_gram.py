import numpy as np
import pytest
import torch

from tgan.linalg.gram import Ceiling

SIZES = [1, 2, 7, 40, 150]


def grams_of(size: int) -> tuple[torch.Tensor, float]:
    """Positive matrices, and their largest eigenvalue by NumPy."""
    generator = torch.Generator().manual_seed(size)
    factors = torch.randn(5, size, size + 3, generator=generator, dtype=torch.complex128)
    grams = factors @ factors.mH
    return grams, np.linalg.eigvalsh(grams.numpy()).max()


@pytest.mark.parametrize("slack", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize("size", SIZES)
def test_a_ceiling_is_raised_over_what_it_does_not_cover_and_not_by_more_than_the_slack(
    size, slack
):
    grams, true = grams_of(size)
    before = grams.clone()
    for start in (0.0, 0.1 * true, true * (1 - 1e-10)):
        ceiling = Ceiling(start, slack)
        assert not ceiling.covers(grams).all()
        ceiling.raise_over(grams)
        assert true <= ceiling.height <= true * (1 + slack + 1e-9)
        assert ceiling.covers(grams[:0]).tolist() == []
    assert torch.equal(grams, before)


@pytest.mark.parametrize("slack", [0.0, 1e-2])
@pytest.mark.parametrize("size", SIZES)
def test_a_ceiling_covers_what_is_below_it_or_a_share_of_it(size, slack):
    grams, true = grams_of(size)
    ceiling = Ceiling(2 * true * (1 + slack + 1e-9), slack)
    assert ceiling.covers(grams).all() and ceiling.covers(grams, 0.5).all()
    shares = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.01], dtype=torch.float64)
    assert ceiling.covers(grams, shares).tolist() == [True] * 4 + [False]
    least = np.linalg.eigvalsh(grams.numpy()).max(axis=1).min()
    assert not Ceiling(float(least) * (1 - 1e-9), slack).covers(grams).any()


def test_matrices_of_zeros_and_no_matrices_raise_nothing():
    zeros = torch.zeros(2, 3, 3, dtype=torch.complex128)
    for grams in (zeros, zeros[:0]):
        for start in (0.0, 0.5):
            ceiling = Ceiling(start, 0.0)
            ceiling.raise_over(grams)
            assert ceiling.height == start
