"""Methods give what their parts give, and learn from the training part of a series alone."""

import inspect
import json
from dataclasses import replace

import numpy as np
import pytest

from tests.made.detectors import own_scores
from tests.made.labelled_series import TINY, labelled
from tgan.anomaly.series.baselines import BASELINES, ConstantMedian, LinearContext, WindowComponents
from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.data.sets import Labelled
from tgan.anomaly.series.detector import TadGANDetector
from tgan.anomaly.series.scoring.intervals import find_intervals
from tgan.anomaly.series.scoring.settings import ScoringSettings
from tgan.benchmarks.tadgan.methods import METHODS, QUICK, BaselineMethod, TadGANMethod

HOUR, TRAIN, TEST = 3600, 240, 300


def with_a_gap(series, first, last):
    """The same without the samples of some hours, counted from its start."""
    kept = np.r_[: 2 * first, 2 * last : len(series)]
    return Series(series.timestamps[kept], series.values[kept], series.names)


def half_hours(hours, *, first):
    """A series of two samples an hour of which the means over hours are (T, C)."""
    values = np.repeat(hours, 2, axis=0)
    values[::2] += 0.5
    values[1::2] -= 0.5
    times = (first * HOUR + np.arange(len(values)) * HOUR // 2).astype(np.int64)
    return Series(times, values, ("a", "b"))


def training_part(kind, rng):
    """(240, 2): of the other part's shape and ten times its range, a ramp, or a constant."""
    time = np.arange(TRAIN)
    noise = rng.normal(size=(TRAIN, 2))
    if kind == "range":
        return np.stack([np.sin(time / 5), 10 * np.cos(time / 7)], 1) * 10 + noise + 40
    if kind == "shape":
        return np.stack([time % 60, 3 * (time % 40 > 20)], 1) / 6 + 0.1 * noise
    return np.full((TRAIN, 2), [3.0, -2.0])


@pytest.fixture(params=["range", "shape", "constant"])
def parted(request):
    """Means over hours of a training and a test part, and both as a series.

    The test part has a bump in each of its two channels. How these compare depends on whose ranges
    scale them.
    """
    rng = np.random.default_rng(0)
    train, time = training_part(request.param, rng), np.arange(TEST)
    test = np.stack([np.sin(time / 5), 4 * np.cos(time / 7)], 1) + 0.1 * rng.normal(size=(TEST, 2))
    test[60:66, 0] += 4
    test[200:210, 1] += 6
    parts = half_hours(train, first=0), half_hours(test, first=TRAIN)
    known = [((TRAIN + 60) * HOUR, (TRAIN + 65) * HOUR)]
    return train, test, Labelled("realTraffic", "parted", HOUR, *parts, known)


def scaled(values, train):
    """Values with the range of the training part at [-1, 1]; a constant of it at 0."""
    low, high = train.min(0), train.max(0)
    changes = high > low
    return np.where(
        changes, 2 * (values - low) / np.where(changes, high - low, 1) - 1, values - low
    )


def projected(values, train, *, components, length):
    """Medians over the windows of values, projected on principal components of training windows."""

    def rows(series):
        return np.stack([series[i : i + length].ravel() for i in range(len(series) - length + 1)])

    mean = rows(train).mean(0)
    _, sizes, axes = np.linalg.svd(rows(train) - mean, full_matrices=False)
    axes = axes[:components][sizes[:components] > 1e-9]
    made = (rows(values) - mean) @ axes.T @ axes + mean
    each = np.full((len(made), *values.shape), np.nan)
    for start, row in enumerate(made):
        each[start, start : start + length] = row.reshape(length, -1)
    return np.nanmedian(each, axis=0)


@pytest.mark.parametrize(
    ("name", "baseline"),
    [
        ("constant_median", ConstantMedian()),
        ("pca", WindowComponents(20, length=100)),
        ("linear_context", LinearContext(context=50, gap=50, ridge=1e-2)),
    ],
)
def test_a_baseline_learns_from_the_training_part_alone(parted, name, baseline):
    train, test, series = parted
    values = scaled(test, train)
    made = baseline.fit(scaled(train, train)).reconstruct(values)
    times = (TRAIN + np.arange(TEST)) * HOUR
    # A hundredth of the 201 windows of 100 samples.
    expected = find_intervals(own_scores(values, made, smoothing=2), times)
    assert BaselineMethod(name).run(series, seed=0).intervals == {"reconstruction": expected}


def test_a_tadgan_learns_from_the_training_part_alone(parted):
    train, test, series = parted
    outcome = TadGANMethod(TINY).run(series, seed=3)
    for combination, found in outcome.intervals.items():
        detector = TadGANDetector(
            TINY,
            scoring=ScoringSettings(combination=combination),
            interval=HOUR,
            allow_constant=True,
            seed=3,
        ).fit(series.train)
        assert found == detector.detect(series.test)
    values = scaled(test, train)
    made = detector.reconstruct(series.test).reconstruction
    assert outcome.error == pytest.approx(np.mean((values - made) ** 2), rel=1e-9)
    made = projected(values, scaled(train, train), components=2, length=12)
    assert outcome.components_error == pytest.approx(np.mean((values - made) ** 2), rel=1e-9)


def test_errors_leave_out_what_is_missing(parted):
    train, test, series = parted
    method = TadGANMethod(TINY)
    gappy = replace(
        series,
        train=with_a_gap(series.train, 100, 150),
        test=with_a_gap(series.test, 80, 190),
    )
    outcome = method.run(gappy, seed=3)
    # Means of what is known of the training part take the place of what is missing.
    learned = np.delete(train, np.s_[100:150], axis=0)
    filled, usual = test.copy(), train.copy()
    filled[80:190], usual[100:150] = learned.mean(0), learned.mean(0)
    values = scaled(filled, learned)
    detector = TadGANDetector(TINY, interval=HOUR, fill="mean", allow_constant=True, seed=3)
    made = detector.fit(gappy.train).reconstruct(gappy.test).reconstruction
    components = projected(values, scaled(usual, learned), components=2, length=12)
    is_known = np.r_[:80, 190:TEST]
    for error, one in ((outcome.error, made), (outcome.components_error, components)):
        assert error == pytest.approx(np.mean((values - one)[is_known] ** 2), rel=1e-9)


def test_a_baseline_gives_what_its_parts_give():
    one = labelled()
    outcome = BaselineMethod("constant_median").run(one, seed=0)
    values = Scaler.fit(one.test).transform(one.test.values)
    made = ConstantMedian().fit(values).reconstruct(values)
    # A hundredth of the 201 windows of 100 samples.
    scores = own_scores(values, made, smoothing=2)
    assert outcome.intervals == {"reconstruction": find_intervals(scores, one.test.timestamps)}
    assert outcome.error is None and outcome.seconds > 0


def test_a_tadgan_gives_what_its_detector_finds():
    one = labelled()
    outcome = TadGANMethod(TINY).run(one, seed=3)
    for combination, found in outcome.intervals.items():
        scoring = ScoringSettings(combination=combination)
        detector = TadGANDetector(TINY, scoring=scoring, interval=3600, seed=3).fit(one.train)
        assert found == detector.detect(one.test)
    measures = detector.reconstruct(one.test)
    values = detector.scaler_.transform(one.test.values)
    assert outcome.error == pytest.approx(np.mean((values - measures.reconstruction) ** 2))


def test_an_untrained_dense_tadgan_is_as_good_as_components():
    outcome = TadGANMethod(replace(TINY, steps=0)).run(labelled(), seed=0)
    assert outcome.error == pytest.approx(outcome.components_error, rel=1e-3)


@pytest.mark.parametrize("name", BASELINES)
def test_settings_hold_all_arguments_of_a_baseline_but_its_seed(name):
    if name == "matrix_profile":
        pytest.importorskip("stumpy")
    settings = json.loads(json.dumps(BaselineMethod(name).settings()))
    arguments = inspect.signature(type(BASELINES[name]())).parameters
    assert set(settings["parameters"]) == set(arguments) - {"seed"}


def test_settings_tell_what_a_baseline_is_made_with():
    names = ("linear_context", "trailing_average")
    parameters = {name: BaselineMethod(name).settings()["parameters"] for name in names}
    assert parameters["linear_context"] == {"context": 50, "gap": 50, "ridge": 1e-2}
    assert parameters["trailing_average"] == {"length": 100, "trailing": True}


def test_every_method_is_a_baseline_or_a_configuration():
    assert {"pca", "linear_context", "matrix_profile", "lstm_forecaster", "context"} <= set(QUICK)
    assert not [name for name in QUICK if name.startswith("published")]
    assert METHODS["published_svc"].configuration.constraint == "svc"
    assert METHODS["context_untrained"].configuration.steps == 0
