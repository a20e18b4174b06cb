import itertools

import numpy as np
import pytest

from tgan.metrics.diversity import ContentDistance, Diversity, content_distance


def fill(metric, real, fake, batch):
    for begin in range(0, len(real), batch):
        metric.add(real[begin : begin + batch], fake[begin : begin + batch])
    return metric


@pytest.mark.parametrize("batch", [1, 2, 5, 9])
def test_pairs_are_disjoint_however_samples_arrive(batch):
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(9, 4)), rng.normal(size=(9, 4)) * 0.1
    found = fill(Diversity(), real, fake, batch).result()
    pairs = [np.sqrt(np.square(fake[k] - fake[k + 1]).sum()) for k in (0, 2, 4, 6)]
    assert found["value"] == pytest.approx(np.mean(pairs), rel=1e-12)
    assert found["stderr"] == pytest.approx(np.std(pairs, ddof=1) / 2, rel=1e-9)
    assert found["ratio"] == pytest.approx(found["value"] / found["real"]["value"])


def test_estimate_is_the_expected_distance():
    """Uniform numbers on [0, 1] are 1/3 apart on average; identical ones 0."""
    rng = np.random.default_rng(1)
    found = fill(Diversity(), rng.random((4000, 1)), np.ones((4000, 1)), 64).result()
    assert found["real"]["value"] == pytest.approx(1 / 3, abs=4 * found["real"]["stderr"])
    assert found["value"] == 0 and found["ratio"] == 0


def test_a_resumed_diversity_is_the_same_bit_for_bit():
    samples = np.random.default_rng(2).normal(size=(20, 3))
    whole = fill(Diversity(), samples, samples * 2, 5)
    second = Diversity()
    second.load_state(fill(Diversity(), samples[:5], samples[:5] * 2, 5).state())
    assert fill(second, samples[5:], samples[5:] * 2, 5).result() == whole.result()


def test_content_distance_is_the_mean_over_all_pairs_of_frames():
    frames = np.random.default_rng(3).normal(size=(5, 3))
    pairs = [np.sqrt(np.square(a - b).sum()) for a, b in itertools.combinations(frames, 2)]
    assert content_distance(frames) == pytest.approx(np.mean(pairs), rel=1e-12)
    assert content_distance(np.ones((5, 3))) == 0
    # Two frames of one colour and two of another, a distance of 1 apart: 4 of 6 pairs differ.
    assert content_distance([[0, 0], [0, 0], [1, 0], [1, 0]]) == pytest.approx(4 / 6)


def test_frames_that_show_nothing_do_not_count():
    frames = np.array([[0.0], [np.nan], [2.0], [np.nan]])
    assert content_distance(frames) == 2
    real, fake = np.stack([frames, frames]), np.stack([frames, np.full((4, 1), np.nan)])
    found = fill(ContentDistance(), real, fake, 1).result()
    assert found["value"] == 2 and found["real"]["value"] == 2
    assert found["left_out"] == {"real": 0, "fake": 1}
    nothing = fill(ContentDistance(), real, np.full((2, 4, 1), np.nan), 1).result()
    assert nothing["value"] is None and "no clip shows anything" in nothing["warning"]


def test_a_resumed_content_distance_is_the_same_bit_for_bit():
    clips = np.random.default_rng(4).normal(size=(9, 4, 2))
    whole = fill(ContentDistance(), clips, clips * 3, 3)
    second = ContentDistance()
    second.load_state(fill(ContentDistance(), clips[:6], clips[:6] * 3, 3).state())
    assert fill(second, clips[6:], clips[6:] * 3, 3).result() == whole.result()
