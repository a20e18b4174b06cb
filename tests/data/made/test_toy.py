import numpy as np
import pytest

from tgan.data.made.toy import TOYS, grid, ring

# Lin et al. 2018 (PacGAN), section 4.1, at their scale: centres and variance.
PUBLISHED = {
    "ring": ([(np.cos(np.pi * k / 4), np.sin(np.pi * k / 4)) for k in range(8)], 1e-4),
    "grid": ([(-4 + 2 * i, -4 + 2 * j) for i in range(5) for j in range(5)], 0.0025),
}


@pytest.mark.parametrize("name", TOYS)
def test_mixtures_are_the_published_ones_but_for_their_scale(name):
    centres, variance = PUBLISHED[name]
    mixture = TOYS[name]()
    scale = np.linalg.norm(mixture.centres).item() / np.linalg.norm(centres).item()
    assert np.allclose(mixture.centres, scale * np.array(centres), atol=1e-12)
    assert mixture.deviation == pytest.approx(scale * variance**0.5, rel=1e-12)
    assert np.abs(mixture.centres).max() == pytest.approx(2**0.5)


@pytest.mark.parametrize("name", TOYS)
def test_samples_are_round_gaussians_of_the_right_deviation_in_equal_shares(name):
    mixture = TOYS[name]()
    samples = mixture.draw(50_000, np.random.default_rng(0))
    offsets = samples[:, None] - mixture.centres
    nearest = np.square(offsets).sum(-1).argmin(1)
    shares = np.bincount(nearest) / len(samples)
    expected = 1 / len(mixture.centres)
    # Five standard errors of a share, of a variance and of a correlation.
    assert np.abs(shares - expected).max() < 5 * (expected / len(samples)) ** 0.5
    own = offsets[np.arange(len(samples)), nearest] / mixture.deviation
    assert np.allclose(own.T @ own / len(own), np.eye(2), atol=5 * (2 / len(own)) ** 0.5)


def test_draws_depend_on_the_generator_alone():
    first, again = (ring().draw(5, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, ring().draw(5, np.random.default_rng(4)))
    assert grid().draw(0, np.random.default_rng(0)).shape == (0, 2)
