import numpy as np
import pytest
import torch

from tgan.linalg import clip_singular_values

SHAPES = [(6, 40), (40, 6), (12, 12), (1, 30), (30, 1)]
METHODS = ["svd", "gram"]


def reference(matrix: torch.Tensor, maximum: float) -> np.ndarray:
    u, s, vh = np.linalg.svd(matrix.double().numpy(), full_matrices=False)
    return (u * s.clip(max=maximum)) @ vh


def with_spectrum(sigmas, rows: int, columns: int, *, dtype=torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(rows * 1000 + columns)
    u, _ = torch.linalg.qr(torch.randn(rows, rows, generator=generator, dtype=torch.float64))
    v, _ = torch.linalg.qr(torch.randn(columns, columns, generator=generator, dtype=torch.float64))
    k = len(sigmas)
    return (u[:, :k] * torch.tensor(sigmas, dtype=torch.float64) @ v[:, :k].T).to(dtype)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("maximum", [1.0, 0.3])
def test_clip_matches_numpy(method, shape, maximum):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    clipped = clip_singular_values(matrix, maximum, method=method)
    np.testing.assert_allclose(clipped.numpy(), reference(matrix, maximum), atol=2e-6)


@pytest.mark.parametrize("method", METHODS)
def test_harsh_and_rank_deficient_spectra_are_exact_too(method):
    matrix = with_spectrum([50, 20, 3, 1.0001, 0.9, 1e-3, 0, 0], 8, 64)
    clipped = clip_singular_values(matrix, method=method)
    error = np.linalg.norm(clipped.numpy() - reference(matrix, 1.0), 2)
    assert error < 4e-6
    assert np.linalg.svd(clipped.double().numpy(), compute_uv=False).max() < 1 + 4e-6


@pytest.mark.parametrize("method", METHODS)
def test_clip_in_float64_is_exact_to_rounding(method):
    matrix = with_spectrum([50, 3, 0.5], 8, 64, dtype=torch.float64)
    clipped = clip_singular_values(matrix, method=method)
    np.testing.assert_allclose(clipped.numpy(), reference(matrix, 1.0), atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_clip_is_idempotent(method):
    once = clip_singular_values(with_spectrum([9, 2, 1.5, 0.1], 8, 64), method=method)
    assert (clip_singular_values(once, method=method) - once).abs().max() < 1e-6


def test_gram_returns_a_matrix_under_the_bound_itself():
    matrix = with_spectrum([0.99, 0.5], 8, 64)
    assert clip_singular_values(matrix, method="gram") is matrix


@pytest.mark.parametrize("method", METHODS)
def test_autocast_does_not_reach_inside(method):
    matrix = with_spectrum([9, 2, 0.1], 8, 64)
    plain = clip_singular_values(matrix, method=method)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(clip_singular_values(matrix, method=method), plain)


def test_half_precision_is_clipped_in_float32():
    matrix = with_spectrum([9, 2, 0.1], 8, 64).bfloat16()
    clipped = clip_singular_values(matrix)
    assert clipped.dtype == torch.bfloat16
    expected = clip_singular_values(matrix.float())
    assert torch.equal(clipped, expected.bfloat16())


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_entries_that_are_not_finite_are_refused(bad):
    matrix = torch.ones(3, 4)
    matrix[1, 2] = bad
    with pytest.raises(ValueError, match="not finite"):
        clip_singular_values(matrix)


def test_shape_and_method_are_checked():
    with pytest.raises(ValueError, match="shape"):
        clip_singular_values(torch.ones(3))
    with pytest.raises(ValueError, match="did you mean 'gram'"):
        clip_singular_values(torch.ones(3, 3), method="grams")
