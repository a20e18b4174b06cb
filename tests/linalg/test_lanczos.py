import numpy as np
import pytest
import torch

from tgan.linalg.lanczos import largest_at_once, largest_from_below


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64])
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 4), (4, 1), (30, 40), (150, 600)])
def test_eigenvalues_are_approached_from_below(shape, dtype):
    generator = torch.Generator().manual_seed(0)
    factors = torch.randn(3, 2, *shape, generator=generator, dtype=dtype)
    grams = factors @ factors.mH
    true = np.linalg.eigvalsh(grams.numpy())[..., -1]
    found = largest_from_below(grams).numpy()
    rough = largest_from_below(grams, steps=1).numpy()
    assert found.shape == (3, 2)
    assert (0.99 * true <= found).all() and (found <= true * (1 + 1e-5)).all()
    assert (rough <= found * (1 + 1e-5)).all()
    at_once = largest_at_once(grams).numpy()
    assert at_once.shape == (3, 2)
    assert (0.99 * true <= at_once).all() and (at_once <= true * (1 + 2e-3)).all()


def test_few_values_and_none_are_found():
    """The iteration ends early where what is left of a vector is rounding, or nothing."""
    matrix = torch.diag(torch.tensor([3.0, 3.0, 1.0] + [0.0] * 97))
    assert largest_from_below(matrix).item() == pytest.approx(3, rel=1e-6)
    assert largest_at_once(matrix).item() == pytest.approx(3, rel=2e-3)
    for size in (3, 100):
        assert largest_from_below(torch.zeros(2, size, size)).tolist() == [0, 0]
        assert largest_at_once(torch.zeros(2, size, size)).max() < 1e-30


@pytest.mark.parametrize("size", [20, 60])
def test_matrices_of_rank_one_leave_nothing_but_rounding_after_a_step(size):
    """Of which lengths must not be taken that are lost in squares."""
    for value in (1.0, 0.1, 1e-3, 1e5):
        grams = torch.full((2, size, size), value)
        for found in (largest_from_below(grams), largest_at_once(grams)):
            assert found.tolist() == pytest.approx([value * size] * 2, rel=2e-3)
