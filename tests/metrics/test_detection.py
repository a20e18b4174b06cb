import numpy as np
import pytest
from scipy.stats import norm, rankdata

from tgan.metrics.detection import DETECTION_METRICS, _resampled, detection_metrics


def draw(rng, normal, abnormal, shift):
    truth = np.arange(normal + abnormal) >= normal
    return rng.normal(size=len(truth)) + shift * truth, truth


def rank_auc(scores, truth):
    """The share of pairs in the right order, ties half: Mann and Whitney's U."""
    count = truth.sum()
    above = rankdata(scores)[truth].sum() - count * (count + 1) / 2
    return above / (count * (~truth).sum())


def test_the_area_is_the_rank_statistic_and_precision_is_averaged_over_hits():
    rng = np.random.default_rng(0)
    scores, truth = draw(rng, 40, 15, 0.7)
    scores = scores.round(1)
    assert len(np.unique(scores)) < len(scores)
    found = detection_metrics(scores, truth, resamples=5)
    assert found["auc"].value == pytest.approx(rank_auc(scores, truth))
    scores = np.argsort(np.argsort(rng.normal(size=len(truth)) + truth))
    hits = truth[np.argsort(-scores)]
    precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    found = detection_metrics(scores, truth, resamples=5)
    assert found["average_precision"].value == pytest.approx(precisions[hits].mean())


def test_higher_scores_are_more_abnormal():
    truth = np.array([False, False, True, True])
    for scores, value in (([1, 2, 3, 4], 1), ([4, 3, 2, 1], 0), ([1, 1, 1, 1], 0.5)):
        found = detection_metrics(np.array(scores), truth, resamples=20)["auc"]
        assert found.value == found.low == found.high == value


def test_every_resample_has_the_value_that_scikit_learn_gives_it():
    class Recorded:
        """Draws, remembered: the abnormal samples first, as in `_resampled`."""

        def __init__(self):
            self.rng, self.drawn = np.random.default_rng(5), []

        def multinomial(self, *arguments):
            self.drawn.append(self.rng.multinomial(*arguments))
            return self.drawn[-1]

    scores, truth = draw(np.random.default_rng(4), 12, 7, 0.5)
    scores, recorded = scores.round(), Recorded()
    found = _resampled(scores, truth, 6, recorded)
    order = np.argsort(-scores, kind="stable")
    for resample in range(6):
        times = np.empty(len(scores), int)
        for kind, drawn in zip((True, False), recorded.drawn, strict=True):
            times[truth[order] == kind] = drawn[resample]
        rows = order.repeat(times)
        for name, metric in DETECTION_METRICS.items():
            assert found[name][resample] == pytest.approx(metric(truth[rows], scores[rows]))


def test_intervals_cover_the_truth_about_as_often_as_they_claim():
    rng, shift, trials = np.random.default_rng(1), 1.0, 200
    true_auc = norm.cdf(shift / np.sqrt(2))
    covered, widths, values = 0, [], []
    for trial in range(trials):
        found = detection_metrics(*draw(rng, 60, 40, shift), resamples=200, seed=trial)["auc"]
        covered += found.low <= true_auc <= found.high
        widths.append(found.high - found.low)
        values.append(found.value)
    assert 0.88 <= covered / trials <= 0.985
    # Neither are they wide for nothing: about two deviations of the value to either side.
    assert 0.7 < np.mean(widths) / (2 * 1.96 * np.std(values)) < 1.4


def test_intervals_are_a_function_of_the_seed():
    scores, truth = draw(np.random.default_rng(2), 20, 10, 1)
    one, same, other = (
        detection_metrics(scores, truth, resamples=50, seed=seed) for seed in (0, 0, 1)
    )
    assert one == same and one["auc"].low != other["auc"].low


@pytest.mark.parametrize(
    ("scores", "truth", "message"),
    [
        ([1.0, 2.0], [True], r"\(2,\) and truth \(1,\)"),
        ([1.0, np.nan], [True, False], "1 of 2 scores are not finite"),
        ([1.0, 2.0], [True, True], "2 of 2 samples are abnormal"),
        ([1.0, 2.0], [False, False], "0 of 2 samples are abnormal"),
    ],
)
def test_what_cannot_be_measured_is_refused(scores, truth, message):
    with pytest.raises(ValueError, match=message):
        detection_metrics(np.array(scores), np.array(truth))
