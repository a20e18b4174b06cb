import numpy as np
import pytest

from tests.truths.ranking import WAYS, digits, frechet, spoiled
from tgan.metrics.frechet import GaussianStatistics, frechet_distance


@pytest.mark.parametrize("count", [5, 40])
def test_the_distance_is_the_packages(count):
    rng = np.random.default_rng(0)
    sets = rng.normal(size=(count, 8)), 2 * rng.normal(size=(count + 3, 8)) + 1
    fitted = [GaussianStatistics(8), GaussianStatistics(8)]
    for statistics, features in zip(fitted, sets, strict=True):
        statistics.add(features)
    assert frechet(*sets) == pytest.approx(frechet_distance(*fitted), rel=1e-6)


def test_ways_of_spoiling_are_what_they_say():
    real = digits(2)[1]
    ways = dict(spoiled(real))
    assert tuple(ways) == WAYS
    assert np.array_equal(ways["real"], real) and np.array_equal(
        ways["reversed"][:, 0], real[:, 15]
    )
    assert (ways["frozen"] == real[:, :1]).all()
    assert not np.array_equal(ways["shuffled"], real)
    shuffled = np.sort(ways["shuffled"].reshape(2, 16, -1).sum(2, dtype=int))
    assert np.array_equal(shuffled, np.sort(real.reshape(2, 16, -1).sum(2, dtype=int)))
