import numpy as np
import pytest
import scipy.linalg

from tgan.metrics.frechet import (
    FrechetDistance,
    GaussianStatistics,
    frechet_distance,
    orthonormal_basis,
)


def statistics(samples, batch=7) -> GaussianStatistics:
    gathered = GaussianStatistics(samples.shape[1])
    for begin in range(0, len(samples), batch):
        gathered.add(samples[begin : begin + batch])
    return gathered


def draw(seed, count=200, size=5, scale=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, size)) @ rng.normal(size=(size, size)) * scale + shift


def test_batches_give_numpys_mean_and_covariance():
    samples = draw(0, shift=100.0)
    gathered = statistics(samples)
    np.testing.assert_allclose(gathered.mean, samples.mean(0))
    np.testing.assert_allclose(gathered.covariance, np.cov(samples.T), rtol=1e-8)


def test_distance_equals_the_formula_with_a_matrix_square_root():
    a, b = draw(1), draw(2, scale=2.0, shift=0.5)
    root = scipy.linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    expected = np.square(a.mean(0) - b.mean(0)).sum()
    expected += np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    assert frechet_distance(statistics(a), statistics(b)) == pytest.approx(expected, rel=1e-9)


def test_distance_to_a_shifted_copy_is_the_squared_shift():
    a = draw(3)
    assert frechet_distance(statistics(a), statistics(a + 2.0)) == pytest.approx(5 * 4.0)
    assert frechet_distance(statistics(a), statistics(a)) == pytest.approx(0, abs=1e-9)


def test_singular_covariances_are_fine():
    a = np.repeat(draw(4, size=1), 3, axis=1)
    assert frechet_distance(statistics(a), statistics(2 * a)) == pytest.approx(
        3 * (a[:, 0].var(ddof=1) + a[:, 0].mean() ** 2), rel=1e-6
    )


def test_one_sample_has_no_covariance():
    with pytest.raises(ValueError, match="at least 2"):
        frechet_distance(statistics(draw(0)[:1]), statistics(draw(0)))


def test_a_large_mean_costs_no_digits():
    samples = draw(5, count=500)
    plain, shifted = statistics(samples), statistics(samples + 1e7)
    # Rounding of the shifted samples themselves is 1e-9; raw sums of squares would lose all.
    np.testing.assert_allclose(shifted.covariance, plain.covariance, rtol=0, atol=1e-6)
    assert frechet_distance(plain, statistics(samples + 1e7)) == pytest.approx(5e14, rel=1e-9)


def test_distance_between_two_gaussians_has_a_closed_form():
    """Diagonal covariances: |m|^2 + sum (s_a - s_b)^2; here from samples with exact moments."""
    whitened = np.linalg.qr(draw(6, count=400) - draw(6, count=400).mean(0))[0] * np.sqrt(399)
    a = whitened * [1.0, 2.0, 3.0, 0.5, 0.0] + [0, 0, 1, 0, 0]
    b = whitened * [2.0, 2.0, 1.0, 1.5, 4.0]
    expected = 1 + 1 + 0 + 4 + 1 + 16
    assert frechet_distance(statistics(a), statistics(b)) == pytest.approx(expected, rel=1e-9)


def filled(real, fake, batch=16) -> FrechetDistance:
    metric = FrechetDistance(real.shape[1])
    for begin in range(0, len(real), batch):
        metric.add(real[begin : begin + batch], fake[begin : begin + batch])
    return metric


def test_streamed_distance_equals_the_one_of_everything_at_once():
    real, fake = draw(7), draw(8, scale=1.5)
    streamed = filled(real, fake).result()
    assert streamed == {"value": pytest.approx(filled(real, fake, 200).result()["value"])}
    assert streamed["value"] == pytest.approx(
        frechet_distance(statistics(real), statistics(fake)), rel=1e-9
    )


def test_no_more_samples_than_dimensions_are_projected_and_told():
    real, fake = (np.random.default_rng(s).normal(size=(100, 100)) for s in (9, 10))
    found = filled(real, fake + 3.0).result()
    assert found["projection"] == {"dimensions": 10, "kind": "random orthonormal", "seed": 0}
    assert "100 feature vectors of 100 dimensions" in found["warning"]
    basis = orthonormal_basis(100, 10, seed=0)
    expected = frechet_distance(statistics(real @ basis), statistics((fake + 3.0) @ basis))
    assert found["value"] == pytest.approx(expected, rel=1e-9)
    # The rank-deficient distance between two samples of one distribution is far from 0.
    assert frechet_distance(statistics(real), statistics(fake)) > 50
    assert filled(real, fake).result()["value"] < 5
    assert "warning" not in filled(real[:, :99], fake[:, :99]).result()


def test_projection_directions_are_orthonormal_and_fixed():
    basis = orthonormal_basis(50, 7, seed=0)
    np.testing.assert_allclose(basis.T @ basis, np.eye(7), atol=1e-12)
    np.testing.assert_array_equal(basis, orthonormal_basis(50, 7, seed=0))
    assert not np.allclose(basis, orthonormal_basis(50, 7, seed=1))


def test_a_resumed_distance_is_the_same_bit_for_bit():
    real, fake = draw(11), draw(12)
    first, second = filled(real[:64], fake[:64]), FrechetDistance(5)
    second.load_state(first.state())
    for begin in range(64, 200, 16):
        second.add(real[begin : begin + 16], fake[begin : begin + 16])
    assert second.result() == filled(real, fake).result()
