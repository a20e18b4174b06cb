"""What a detector finds: planted anomalies, and nothing else."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.detector import TadGANDetector
from tgan.anomaly.series.presets import PRESETS
from tgan.anomaly.series.scoring.intervals import Threshold
from tgan.anomaly.series.scoring.settings import REFERENCES, ScoringSettings

SHORT = {"latent_size": 4, "batch_size": 16, "n_critic": 1, "steps": 20}


@cache
def fitted_on_a_sine(configuration, deviations=8.0):
    sizes = {"dense": {"window": 20}, "context": {"window": 40, "hidden": 20}}[configuration]
    settings = replace(PRESETS[configuration], **sizes, **SHORT)
    scoring = ScoringSettings(
        combination="reconstruction", threshold=Threshold(deviations=deviations, padding=20)
    )
    return TadGANDetector(settings, scoring=scoring).fit(sine(0.0))


def sine(phase, count=1000):
    noise = 0.02 * np.random.default_rng(int(100 * phase)).normal(size=count)
    return np.sin(2 * np.pi * np.arange(count) / 25 + phase) + noise


def with_bump(values):
    """A bump as high as the sine itself, of half a period: within the range of the sine."""
    values = values.copy()
    values[605:617] = -values[605:617]
    return values


@pytest.mark.parametrize("configuration", ["dense", "context"])
@pytest.mark.parametrize(("reference", "deviations"), [("series", 4.0), ("training", 8.0)])
def test_a_planted_anomaly_and_nothing_else_is_found(configuration, reference, deviations):
    detector, values = fitted_on_a_sine(configuration, deviations), with_bump(sine(1.3))
    assert np.abs(values).max() < 1.1
    scored = detector.score(values, reference=reference)
    found = detector.detect(values, reference=reference)
    assert detector.intervals_of(scored) == found
    ((start, end),) = found
    # A window that sees the bump may reach 20 further, errors look 5 segments, smoothing 5 more,
    # and 20 are added.
    assert 555 <= start <= 605 and 616 <= end <= 666


@pytest.mark.parametrize("configuration", ["dense", "context"])
@pytest.mark.parametrize("reference", REFERENCES)
def test_a_planted_anomaly_has_the_highest_score(configuration, reference):
    detector = fitted_on_a_sine(configuration)
    scores = detector.score(with_bump(sine(1.3)), reference=reference).scores
    usual = np.delete(scores, slice(580, 642))
    assert scores[580:642].max() > 3 * usual.max()


@pytest.mark.parametrize("configuration", ["dense", "context"])
def test_another_phase_of_the_same_is_usual_by_the_training_series(configuration):
    detector = fitted_on_a_sine(configuration)
    usual, bump, training = (
        detector.score(values, reference="training").scores
        for values in (sine(2.1), with_bump(sine(2.1)), sine(0.0))
    )
    assert usual.mean() < 1.3 * training.mean() and usual.max() < 2 * training.max()
    assert usual.max() < detector.level_ < bump.max()
    assert bump.max() > 3 * usual.max()


COUNT, BUMP = 1800, slice(1200, 1215)


def stamped(kind, *, bump, seed):
    """A wave with noise, a sample a minute, and a bump of a quarter of an hour."""
    rng = np.random.default_rng(seed)
    minutes = np.arange(COUNT)
    values = 50 + 20 * np.sin(minutes / 60) + 0.3 * rng.normal(size=COUNT)
    values[BUMP] += 8 * bump
    times = {
        "even": 60 * minutes,
        "jitter": 60 * minutes + rng.integers(-1, 2, COUNT),
        "drift": np.floor(60.4 * minutes).astype(int),
        "milliseconds": 60 * minutes + np.round(rng.uniform(-1, 1, COUNT), 3),
        "thin": 60 * minutes,
    }[kind]
    # Two of a hundred samples are lost, but not those of the bump.
    kept = (rng.random(COUNT) > 0.02) | (kind != "thin")
    kept[BUMP] = True
    return Series(1396310400 + times[kept], values[kept, None], ("load",))


@cache
def bump_by(kind, fill="linear"):
    detector = TadGANDetector("context", steps=0, fill=fill)
    detector.fit(stamped(kind, bump=False, seed=0))
    series = stamped(kind, bump=True, seed=1)
    scores = detector.score(series, reference="training")
    found = detector.intervals_of(scores)
    narrow = detector.intervals_of(scores, narrow=True)
    start, end = series.timestamps[np.searchsorted(series.timestamps, stamps_of(kind))]
    return detector, scores, found, narrow, (start, end)


def stamps_of(kind):
    """Times just before the first and just before the last sample of the bump."""
    step = 60.4 if kind == "drift" else 60
    return [1396310400 + step * place - 5 for place in (BUMP.start, BUMP.stop - 1)]


@pytest.mark.parametrize(
    ("kind", "fill"),
    [
        ("jitter", "linear"),
        ("milliseconds", "linear"),
        ("drift", "linear"),
        ("drift", "previous"),
        ("drift", "none"),
        ("thin", "linear"),
    ],
)
def test_stamps_that_jitter_drift_or_are_missing_change_no_score_by_a_tenth(kind, fill):
    detector, scores, found, _, (start, end) = bump_by(kind, fill)
    even, expected, _, _, _ = bump_by("even")
    assert detector.interval_ == even.interval_ == 60 and detector.lead_ == 30
    assert scores.scores.max() == pytest.approx(expected.scores.max(), rel=0.1)
    assert scores.scores.max() > 2 * detector.level_
    # It is found, and nothing else is.
    [(first, last)] = found
    assert first <= start and end <= last
    lost = np.isnan(scores.series.values).sum()
    if kind in ("jitter", "milliseconds"):
        assert lost == 0
        np.testing.assert_allclose(scores.scores, expected.scores, rtol=1e-6)
    else:
        assert lost > 5


def test_a_narrowed_interval_is_as_long_as_the_bump():
    for kind in ("even", "drift"):
        detector, _, [(first, last)], narrow, (start, end) = bump_by(kind)
        length = end - start + detector.interval_
        assert last - first > 5 * length
        [(first, last)] = narrow
        assert first <= end and start <= last
        assert length / 2 <= last - first + detector.interval_ <= 2 * length


def test_series_finer_than_a_second():
    values = with_bump(sine(1.3))
    coarse = fitted_on_a_sine("dense")
    times = 1396310400 + 0.01 * np.arange(len(values))
    fine = TadGANDetector(coarse.settings, scoring=coarse.scoring)
    fine.fit(Series(times, sine(0.0)[:, None], ("channel0",)))
    assert fine.interval_ == 0.01 and fine.lead_ == 0.005
    series = Series(times, values[:, None], ("channel0",))
    scores = fine.score(series, reference="training")
    expected = coarse.score(values, reference="training")
    np.testing.assert_array_equal(scores.series.values, expected.series.values)
    np.testing.assert_array_equal(scores.scores, expected.scores)
    found, numbers = fine.detect(series), coarse.detect(values)
    np.testing.assert_allclose(found, times[np.array(numbers)], atol=1e-6)
    parts = [series.part(0, 300), series.part(300, 301), series.part(301, 1000)]
    streamed = np.concatenate([part.scores for part in fine.stream(parts)])
    np.testing.assert_allclose(streamed, scores.scores, rtol=1e-4)
