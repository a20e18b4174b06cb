import pytest
import torch

from tgan.linalg.symmetric import inverse_root, norm_bound, sign


def symmetric(eigenvalues) -> torch.Tensor:
    n = len(eigenvalues)
    generator = torch.Generator().manual_seed(n)
    q, _ = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))
    return q * torch.tensor(eigenvalues, dtype=torch.float64) @ q.T


def by_eigenvalues(matrix: torch.Tensor, function) -> torch.Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * function(values) @ vectors.T


@pytest.mark.parametrize("low", [1e-9, 1e-4, 0.5])
def test_sign_of_every_eigenvalue_that_is_large_enough(low):
    matrix = symmetric([1, 0.3, low, -low, -0.7, -0.999] if low < 0.3 else [1, low, -low, -0.8])
    torch.testing.assert_close(
        sign(matrix, low), by_eigenvalues(matrix, torch.sign), atol=1e-7, rtol=0
    )


def test_sign_of_smaller_eigenvalues_lies_between():
    signs = torch.linalg.eigvalsh(sign(symmetric([1, 1e-8, 0, -1e-7, -1]), 1e-6))
    expected = torch.tensor([-1, -1, 0, 1, 1], dtype=torch.float64)
    assert (signs[[0, 4]] - expected[[0, 4]]).abs().max() < 1e-9
    assert -0.9 < signs[1] < -0.01 and abs(signs[2]) < 1e-6 and 0.001 < signs[3] < 0.1


@pytest.mark.parametrize("low", [1e-3, 0.1, 0.99])
def test_inverse_root(low):
    values = [low**2, (1 + low**2) / 2, 1, 1]
    matrix = symmetric(values)
    expected = by_eigenvalues(matrix, lambda x: x**-0.5)
    torch.testing.assert_close(inverse_root(matrix, low), expected, rtol=1e-8, atol=1e-7 / low)


@pytest.mark.parametrize("values", [[-3, 1, 0.5], [2] * 40, [0, 0], [1e-20, -1e-21], [7]])
def test_norm_bound_is_never_below_the_norm_and_near_it(values):
    norm = max(abs(value) for value in values)
    bound = norm_bound(symmetric(values)).item()
    assert norm * (1 - 1e-12) <= bound <= norm * len(values) ** (1 / 32) * (1 + 1e-12) + 1e-300


def test_norms_of_many_are_bounded_the_closer_the_more_often_they_are_squared():
    many = [[-3.0, 1.0, 0.5], [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]
    bounds = norm_bound(torch.stack([symmetric(each) for each in many]), squarings=12)
    assert bounds.tolist() == pytest.approx(
        [3, 2, 0], rel=1.01 * (3 ** (1 / 2**13) - 1), abs=1e-300
    )
    assert bounds[0] >= 3 * (1 - 1e-12) and bounds[1] >= 2 * (1 - 1e-12)
