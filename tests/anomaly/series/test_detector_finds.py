"""What a detector finds: planted anomalies, and nothing else."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

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
