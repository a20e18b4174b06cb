import math
from itertools import product

import numpy as np
import pytest
import torch

from tgan.linalg.lags import lag_grams, lag_grams_at_once, lag_rounding

SHAPES = [(5, 3, 4), (2, 2, 3, 300), (2, 3, 2, 4, 70), (1, 1, 6, 6)]


def random_parts(shape, seed=0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def gram_at(parts: torch.Tensor, frequency) -> np.ndarray:
    """The Gram matrix of the transform of parts (*K, n, m), by its definition."""
    transform = sum(
        np.exp(1j * np.dot(place, frequency)) * parts[place].double().numpy()
        for place in product(*map(range, parts.shape[:-2]))
    )
    return transform @ transform.conj().T


def sum_at(lags: torch.Tensor, frequency) -> np.ndarray:
    reach = (range(-(size // 2), size // 2 + 1) for size in lags.shape[:-2])
    return sum(
        np.exp(1j * np.dot(lag, frequency)) * lags[lag].double().numpy() for lag in product(*reach)
    )


@pytest.mark.parametrize("function", [lag_grams, lag_grams_at_once])
@pytest.mark.parametrize("shape", SHAPES)
def test_lags_sum_to_the_gram_matrix_at_every_frequency(shape, function):
    parts = random_parts(shape)
    frequency = np.linspace(0.3, 2.0, len(shape) - 2)
    expected = gram_at(parts, frequency)
    np.testing.assert_allclose(
        sum_at(function(parts.double()), frequency), expected, atol=1e-12 * shape[-1]
    )


@pytest.mark.parametrize("function", [lag_grams, lag_grams_at_once])
@pytest.mark.parametrize("shape", SHAPES)
def test_single_precision_is_off_by_less_than_its_rounding(shape, function):
    parts = random_parts(shape)
    frequency = np.linspace(0.3, 2.0, len(shape) - 2)
    expected = gram_at(parts, frequency)
    off = np.linalg.norm(sum_at(function(parts), frequency) - expected, 2)
    assert 0 < off < lag_rounding(parts) < 2e-3 * np.trace(expected).real


def test_rounding_is_that_of_the_worst_case():
    """Of numbers of one sign nothing is lost to its neglect of signs: the bound is near."""
    parts = torch.full((1, 2, 64), 0.1)
    unit = torch.finfo(torch.float32).eps / 2
    largest = 2 * 64 * 0.01
    assert 64 * unit * largest < lag_rounding(parts) < 100 * unit * largest


def test_products_that_may_round_their_factors_are_not_bounded():
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert lag_rounding(random_parts((2, 3, 4))) == math.inf
    finally:
        torch.set_float32_matmul_precision(before)
    assert lag_rounding(random_parts((2, 3, 4))) < math.inf


def test_single_precision_adds_up_each_pair_of_offsets_by_itself():
    """Else a term would pass through the roundings of all pairs' blocks, which are not counted."""
    parts = random_parts((3, 2, 5, 200))
    expected = torch.zeros(5, 5)
    for place in product(range(3), range(2)):
        pair = torch.zeros(5, 5)
        for columns in parts[place].split(64, -1):
            pair.addmm_(columns, columns.T)
        expected += pair
    assert torch.equal(lag_grams(parts)[0, 0], expected)
