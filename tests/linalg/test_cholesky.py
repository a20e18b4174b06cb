import numpy as np
import pytest
import torch

from tgan.linalg.cholesky import doubt, factorises

SIZES = [1, 2, 63, 64, 65, 129, 200]
KINDS = [torch.complex64, torch.complex128]


def with_smallest(smallest: float, size: int, kind: torch.dtype) -> torch.Tensor:
    """A Hermitian matrix of trace about 1 by its smallest eigenvalue; the others are positive."""
    rng = np.random.default_rng(size)
    basis, _ = np.linalg.qr(rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size)))
    values = rng.uniform(0.1, 1.0, size)
    values /= values.sum()
    values[0] = smallest
    return torch.from_numpy((basis * values) @ basis.conj().T).to(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_what_is_positive_by_more_than_the_doubt_factorises_and_nothing_negative_by_it(size, kind):
    much = doubt(size, kind)
    values = [2 * much, -2 * much, 1e-2, -1e-2]
    matrices = torch.stack([with_smallest(value, size, kind) for value in values])
    assert factorises(matrices.clone()).tolist() == [True, False, True, False]
    assert factorises(matrices[1:2].clone()).tolist() == [False]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0, 0.0])
def test_what_is_no_positive_matrix_does_not_factorise(bad):
    matrices = torch.eye(130, dtype=torch.complex64).repeat(2, 1, 1)
    matrices[1, 100, 100] = bad
    runs = factorises(matrices).tolist()
    assert runs[0] and (not runs[1] or bad == float("inf"))


def test_no_matrices_are_no_trouble():
    assert factorises(torch.zeros(0, 3, 3, dtype=torch.complex64)).tolist() == []
