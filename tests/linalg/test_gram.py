import numpy as np
import pytest
import torch

from tgan.linalg.gram import gram_iteration, largest_eigenvalue

SIZES = [1, 2, 7, 40, 150]


def grams_of(size: int) -> tuple[torch.Tensor, float]:
    """Positive matrices, and their largest eigenvalue by NumPy."""
    generator = torch.Generator().manual_seed(size)
    factors = torch.randn(5, size, size + 3, generator=generator, dtype=torch.complex128)
    grams = factors @ factors.mH
    return grams, np.linalg.eigvalsh(grams.numpy()).max()


@pytest.mark.parametrize("size", SIZES)
def test_gram_iteration_is_just_above_the_largest_eigenvalue(size):
    grams, true = grams_of(size)
    assert true * (1 - 1e-12) <= gram_iteration(grams.clone()) <= true * (1 + 3e-3)
    assert gram_iteration(torch.zeros(2, size, size, dtype=torch.complex128)) < 1e-100


@pytest.mark.parametrize("slack", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize("size", SIZES)
def test_the_largest_eigenvalue_is_bounded_and_not_by_more_than_the_slack(size, slack):
    grams, true = grams_of(size)
    before = grams.clone()
    assert true <= largest_eigenvalue([grams], slack=slack) <= true * (1 + slack + 1e-9)
    assert true <= largest_eigenvalue(grams.split(2), slack=slack) <= true * (1 + slack + 1e-9)
    assert torch.equal(grams, before)


@pytest.mark.parametrize("slack", [0.0, 1e-2])
@pytest.mark.parametrize("size", SIZES)
def test_enough_is_returned_where_it_is_a_bound_and_only_there(size, slack):
    grams, true = grams_of(size)
    enough = true * (1 + slack + 1e-9)
    assert largest_eigenvalue([grams], enough=enough, slack=slack) == enough
    for share in (1 - 1e-10, 0.99, 0.1):
        found = largest_eigenvalue([grams], enough=share * true, slack=slack)
        assert true <= found <= true * (1 + slack + 1e-9)


def test_matrices_of_zeros_and_no_matrices_have_no_eigenvalue_above_zero():
    zeros = torch.zeros(2, 3, 3, dtype=torch.complex128)
    assert largest_eigenvalue([zeros]) == 0
    assert largest_eigenvalue([]) == 0
    assert largest_eigenvalue([zeros], enough=0.5) == 0.5
