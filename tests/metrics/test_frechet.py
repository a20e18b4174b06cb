import numpy as np
import pytest
import scipy.linalg

from tgan.metrics.frechet import GaussianStatistics, frechet_distance


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
