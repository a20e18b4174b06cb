import math

import numpy as np
import pytest

from tgan.data.made.toy import TOYS
from tgan.metrics.modes import count_labels, count_modes

CORNERS = np.array([(0.0, 0.0), (10.0, 0.0), (0.0, 10.0), (10.0, 10.0)])


def literal_counts(samples, centres, deviation) -> list[int]:
    """Loops as in the code of Lin et al.: a sample counts for its nearest mode within 3."""
    counts = [0] * len(centres)
    for sample in samples:
        distances = [math.dist(sample, centre) / deviation for centre in centres]
        if min(distances) < 3:
            counts[distances.index(min(distances))] += 1
    return counts


@pytest.mark.parametrize("name", TOYS)
def test_equals_literal_loops(name):
    mixture = TOYS[name]()
    rng = np.random.default_rng(0)
    samples = np.concatenate([mixture.draw(60, rng), rng.uniform(-2, 2, (60, 2))])
    report = count_modes(samples, mixture.centres, mixture.deviation)
    counts = literal_counts(samples, mixture.centres, mixture.deviation)
    assert report.counts.tolist() == counts
    assert report.covered == sum(count > 0 for count in counts)
    assert report.good_share == sum(counts) / 120
    shares = [count / sum(counts) for count in counts if count]
    expected = sum(share * math.log(share * len(counts)) for share in shares)
    assert report.reverse_kl == pytest.approx(expected, abs=1e-12)


def test_three_deviations_are_the_limit():
    samples = np.array([(2.99, 0.0), (3.01, 0.0), (10.0, 2.99), (12.2, 2.2)])
    report = count_modes(samples, CORNERS, 1.0)
    assert report.counts.tolist() == [1, 1, 0, 0]


def test_values_with_a_closed_form():
    """Three of four samples at one mode and one at another; then one more between all of them."""
    samples = np.array([(0.0, 0.0)] * 3 + [(10.0, 10.0)])
    report = count_modes(samples, CORNERS, 1.0)
    assert (report.covered, report.good_share) == (2, 1.0)
    assert report.reverse_kl == pytest.approx(0.75 * math.log(3))
    report = count_modes(np.append(samples, [(5.0, 5.0)], 0), CORNERS, 1.0)
    assert (report.covered, report.good_share) == (2, 0.8)
    assert report.reverse_kl == pytest.approx(0.75 * math.log(3))


def test_one_mode_alone_and_none_at_all_are_the_worst_and_all_alike_the_best():
    assert count_modes(CORNERS, CORNERS, 1.0).reverse_kl == pytest.approx(0, abs=1e-12)
    assert count_modes(CORNERS[:1], CORNERS, 1.0).reverse_kl == pytest.approx(math.log(4))
    nowhere = count_modes(np.full((7, 2), 5.0), CORNERS, 1.0)
    assert (nowhere.covered, nowhere.good_share) == (0, 0.0)
    assert nowhere.reverse_kl == pytest.approx(math.log(4))


@pytest.mark.parametrize("name", TOYS)
def test_the_mixture_itself_scores_as_expected(name):
    mixture = TOYS[name]()
    samples = mixture.draw(20_000, np.random.default_rng(1))
    own = count_modes(samples, mixture.centres, mixture.deviation)
    modes = len(mixture.centres)
    assert own.covered == modes
    # The squared radius of a standard Gaussian in the plane is exponential with mean 2.
    assert own.good_share == pytest.approx(1 - math.exp(-4.5), abs=5 * (0.011 / 20_000) ** 0.5)
    # Twice a divergence from the truth, times the samples, is chi-squared with modes - 1 freedoms.
    assert 0 < own.reverse_kl < (modes + 10 * (2 * modes) ** 0.5) / 2 / 20_000


@pytest.mark.parametrize(
    "samples", [np.zeros((0, 2)), np.array([[0.0, np.nan]])], ids=["no", "nan"]
)
def test_no_samples_and_no_numbers_are_refused(samples):
    with pytest.raises(ValueError, match="at least one is needed, all finite"):
        count_modes(samples, CORNERS, 1.0)


def test_labels_are_counted_as_modes():
    report = count_labels(np.array([0, 0, 3, 3]), 4)
    assert report.counts.tolist() == [2, 0, 0, 2]
    assert (report.covered, report.good_share) == (2, 1.0)
    assert report.reverse_kl == pytest.approx(np.log(2))
    assert count_labels(np.arange(4), 4).reverse_kl == pytest.approx(0)
    for labels in ([], [4], [-1]):
        with pytest.raises(ValueError, match="each in 0 to 3"):
            count_labels(np.array(labels, int), 4)
