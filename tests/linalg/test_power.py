import numpy as np
import pytest
import torch

from tgan.linalg.power import norms_from_below


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64])
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 4), (4, 1), (30, 40)])
def test_norms_are_approached_from_below(shape, dtype):
    generator = torch.Generator().manual_seed(0)
    matrices = torch.randn(3, 2, *shape, generator=generator, dtype=dtype)
    true = np.linalg.norm(matrices.numpy(), ord=2, axis=(-2, -1))
    found = norms_from_below(matrices).numpy()
    rough = norms_from_below(matrices, iterations=1).numpy()
    assert found.shape == (3, 2)
    assert (0.95 * true <= found).all() and (found <= true * (1 + 1e-5)).all()
    assert (rough <= found * (1 + 1e-5)).all()


def test_a_matrix_of_zeros_has_norm_zero():
    assert norms_from_below(torch.zeros(2, 3, 4)).tolist() == [0, 0]
