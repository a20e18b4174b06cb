"""The detector against its stages one by one, and what it refuses."""

import importlib
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

import tgan
from tests.made.detectors import (
    HIDDEN,
    INTERVAL,
    SETTINGS,
    WINDOW,
    fitted,
    irregular,
    literal_measures,
    literal_scores,
    rescored,
)
from tgan.anomaly.series import detector as module
from tgan.anomaly.series.data.reading import as_series
from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.data.writing import write_series
from tgan.anomaly.series.detector import TadGANDetector
from tgan.anomaly.series.presets import PRESETS
from tgan.anomaly.series.scoring.critic_values import critic_values
from tgan.anomaly.series.scoring.intervals import Threshold, find_intervals, level_of
from tgan.anomaly.series.scoring.reconstruction import Reconstruction
from tgan.anomaly.series.scoring.reconstruction_errors import mean_squared_error
from tgan.anomaly.series.scoring.scores import NormalStatistics, Scores
from tgan.anomaly.series.scoring.settings import PRESET_SCORINGS, REFERENCES, ScoringSettings
from tgan.anomaly.series.training.loop import train
from tgan.anomaly.series.training.settings import TadGANSettings


@pytest.mark.parametrize(
    ("hidden", "channels", "error"),
    [(0, 2, "dtw"), (HIDDEN, 1, "dtw"), (HIDDEN, 2, "area"), (0, 1, "point")],
)
def test_scores_are_made_stage_by_stage(hidden, channels, error):
    training, other = irregular(channels), irregular(channels, count=300, seed=1)
    detector = TadGANDetector(
        replace(SETTINGS, hidden=hidden), scoring=ScoringSettings(error=error), interval=INTERVAL
    ).fit(training)
    usual = literal_measures(detector, training, training, error)
    found = literal_measures(detector, other, training, error)
    own = max(1, (len(found["errors"]) - WINDOW + 1) // 100)
    stored = max(1, (len(usual["errors"]) - WINDOW + 1) // 100)
    assert own != stored
    measures = detector.reconstruct(other)
    np.testing.assert_allclose(measures.errors, found["errors"], rtol=1e-4, atol=1e-6)
    for reference, of, smoothing in (("series", found, own), ("training", usual, stored)):
        scored = detector.score(other, reference=reference)
        np.testing.assert_array_equal(scored.series.timestamps, found["times"])
        np.testing.assert_allclose(scored.series.values, found["values"], rtol=1e-12)
        np.testing.assert_allclose(scored.reconstruction, found["made"], rtol=1e-5)
        np.testing.assert_allclose(scored.critic, found["critic"], rtol=1e-4, atol=1e-6)
        for combination in ("product", "convex", "mean", "critic", "reconstruction"):
            other_one = rescored(detector, error=error, combination=combination)
            again = other_one.scores_of(measures, reference=reference)
            assert again.reference == reference
            expected = literal_scores(found, of, smoothing, combination)
            np.testing.assert_allclose(again.scores, expected, rtol=1e-4)
        # The last one is the default.
        np.testing.assert_array_equal(scored.scores, again.scores)
    assert scored.series.names == training.names
    level = literal_scores(usual, usual, stored, "reconstruction")
    level = level_of(level, block=WINDOW, false_alarms=0.1)
    np.testing.assert_allclose(detector.level_, level, rtol=1e-4)


def test_another_combination_goes_by_the_scored_series_alone():
    detector, series = fitted(HIDDEN), irregular(seed=1)
    measures = detector.reconstruct(series)
    expected = rescored(detector, combination="mean").score(series).scores
    found = detector.scores_of(measures, combination="mean").scores
    np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(found, detector.scores_of(measures).scores)
    with pytest.raises(ValueError, match="combination mean: .* it is 'reconstruction', as in fit"):
        detector.scores_of(measures, reference="training", combination="mean")
    with pytest.raises(ValueError, match="unknown combination 'sum'"):
        detector.scores_of(measures, combination="sum")
    with pytest.raises(AttributeError):
        detector.scoring = ScoringSettings(combination="mean")


def test_intervals_are_cut_from_scores_as_the_reference_says():
    detector, series = fitted(HIDDEN), irregular(seed=1)
    scored = detector.score(series)
    times = scored.series.timestamps
    threshold = Threshold(deviations=1.0, padding=2)
    other = rescored(detector, threshold=threshold)
    assert other.detect(series) == find_intervals(scored.scores, times, threshold=threshold) != []
    scored = detector.score(series, reference="training")
    other.level_ = float(np.quantile(scored.scores, 0.9))
    marks = np.zeros(len(times), bool)
    for hit in np.flatnonzero(scored.scores > other.level_):
        marks[max(hit - 2, 0) : hit + 3] = True
    found = np.zeros(len(times), bool)
    for start, end in other.detect(series, reference="training"):
        assert start in times and end in times
        found |= (times >= start) & (times <= end)
    np.testing.assert_array_equal(found, marks)


def test_a_fit_is_a_function_of_the_seed_and_leaves_global_generators_alone():
    series = irregular()
    scores = []
    for number, seed in enumerate((3, 3, 4)):
        for seeds in (torch.manual_seed, np.random.seed, random.seed):  # noqa: NPY002
            seeds(number)
        before = torch.get_rng_state(), np.random.get_state()[1], random.getstate()  # noqa: NPY002
        detector = TadGANDetector(replace(SETTINGS, hidden=HIDDEN), interval=INTERVAL, seed=seed)
        scores.append(detector.fit(series).score(series).scores)
        after = torch.get_rng_state(), np.random.get_state()[1], random.getstate()  # noqa: NPY002
        assert torch.equal(before[0], after[0]) and before[2] == after[2]
        np.testing.assert_array_equal(before[1], after[1])
    np.testing.assert_array_equal(scores[0], scores[1])
    assert not np.allclose(scores[0], scores[2], rtol=1e-3)


def holed(places):
    """A sine with missing values."""
    values = np.sin(np.arange(200) / 5)[:, None]
    values[places] = np.nan
    return Series(INTERVAL * np.arange(200), values, ("a",))


def test_what_is_masked_is_neither_trained_on_nor_scored(monkeypatch):
    gaps = [70, 71, 150]
    detector = TadGANDetector(SETTINGS, fill="none", scoring=ScoringSettings(error="point"))
    seen = []
    monkeypatch.setattr(
        module, "train", lambda windows, *a, **k: seen.append(windows) or train(windows, *a, **k)
    )
    detector.fit(holed(gaps))
    [windows] = seen
    known = detector.scaler_.transform(holed([]).values)[:, 0].astype(np.float32)
    starts = [s for s in range(200 - WINDOW + 1) if not any(s <= g < s + WINDOW for g in gaps)]
    assert len(starts) == len(windows) < 200 - WINDOW + 1 - 40
    for start, window in zip(starts, windows, strict=True):
        np.testing.assert_array_equal(window[0], known[start : start + WINDOW])
    errors = detector.reconstruct(holed(gaps)).errors
    assert np.flatnonzero(errors == 0).tolist() == gaps
    # A line counts where nothing is masked.
    filled = TadGANDetector(SETTINGS, scoring=ScoringSettings(error="point")).fit(holed(gaps))
    assert (filled.reconstruct(holed(gaps)).errors > 0).all()


def test_several_series_are_learned_from_and_no_window_reaches_from_one_into_another(monkeypatch):
    several = [irregular(2), irregular(2, count=300, seed=1)]
    scoring = ScoringSettings(smoothing=1)
    seen = []
    monkeypatch.setattr(
        module, "train", lambda windows, *a, **k: seen.append(windows) or train(windows, *a, **k)
    )
    detector = TadGANDetector(SETTINGS, scoring=scoring, interval=INTERVAL).fit(several)
    parts = [one.aggregate(INTERVAL, lead=detector.lead_) for one in several]
    values = np.concatenate([part.values for part in parts])
    np.testing.assert_array_equal(detector.scaler_.maxima, np.nanmax(values, 0))
    np.testing.assert_allclose(detector.scaler_.means, np.nanmean(values, 0), rtol=1e-12)
    counts = [len(part) - WINDOW + 1 for part in parts]
    assert len(seen[0]) == sum(counts)
    for place, part in ((0, parts[0]), (counts[0], parts[1])):
        known = ~np.isnan(part.values[:WINDOW].T)
        scaled = detector.scaler_.transform(part.values[:WINDOW]).T
        np.testing.assert_allclose(seen[0][place][known], scaled[known], rtol=1e-5, atol=1e-6)
    found = [detector.reconstruct(one) for one in several]
    errors = np.concatenate([one.errors for one in found])
    assert detector.statistics_.error_mean == pytest.approx(errors.mean(), rel=1e-6)
    assert [len(one.scores) for one in detector.trainings_] == [len(part) for part in parts]
    for one, scored in zip(several, detector.trainings_, strict=True):
        again = detector.score(one, reference="training")
        np.testing.assert_allclose(scored.scores, again.scores, rtol=1e-6)
    assert detector.training_ is detector.trainings_[0]


def test_a_list_of_one_series_is_that_series(tmp_path):
    series = irregular()
    write_series(tmp_path / "a.csv", series)
    expected = TadGANDetector(SETTINGS, interval=INTERVAL).fit(series)
    for given in ([series], (str(tmp_path / "a.csv"),), [tmp_path / "a.csv"]):
        found = TadGANDetector(SETTINGS, interval=INTERVAL).fit(given)
        np.testing.assert_array_equal(found.training_.scores, expected.training_.scores)
        assert found.level_ == expected.level_
    with pytest.raises(ValueError, match="a series of a, b beside one of a"):
        TadGANDetector(SETTINGS, interval=INTERVAL).fit([series, irregular(2)])
    with pytest.raises(ValueError, match="7 segments of time is too short"):
        short = Series(INTERVAL * np.arange(7), np.ones((7, 1)), ("a",))
        TadGANDetector(SETTINGS, interval=INTERVAL).fit([series, short])


def test_gaps_in_every_window_cannot_be_masked():
    with pytest.raises(ValueError, match="a gap in every window of 20 segments, .* another fill"):
        TadGANDetector(SETTINGS, fill="none").fit(holed(range(0, 200, 15)))


@pytest.mark.parametrize("fill", ["linear", "previous", "mean"])
def test_a_series_without_gaps_has_the_same_scores_however_they_are_filled(fill):
    series = holed([])
    expected = TadGANDetector(SETTINGS, fill="none").fit(series).score(series)
    found = TadGANDetector(SETTINGS, fill=fill).fit(series).score(series)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_what_was_made_of_the_training_series_is_kept():
    series = irregular()
    detector = TadGANDetector(SETTINGS, interval=INTERVAL).fit(series)
    for reference in REFERENCES:
        again = detector.score(series, reference=reference)
        for name in ("scores", "reconstruction", "critic"):
            np.testing.assert_array_equal(getattr(detector.training_, name), getattr(again, name))
    assert TadGANDetector(SETTINGS).training_ is None


def test_steps_are_reported():
    seen = []
    TadGANDetector(SETTINGS, interval=INTERVAL, steps=2).fit(
        irregular(), report=lambda step, steps, terms: seen.append((step, steps, set(terms)))
    )
    assert [one[:2] for one in seen] == [(1, 2), (2, 2)]
    assert "reconstruction" in seen[0][2]


def test_a_detector_that_was_not_fitted_says_so():
    detector = TadGANDetector()
    scored = fitted(0).score(irregular())
    for call in (
        detector.score,
        detector.detect,
        lambda series: detector.stream([series]),  # At once, before anything is asked of it.
        lambda series: detector.intervals_of(scored),
    ):
        with pytest.raises(ValueError, match="has to be fitted"):
            call(irregular())


def constant(count=100):
    return Series(np.arange(count) * INTERVAL, np.full((count, 1), 4.0), ("a",))


def without_values(channel):
    series = irregular(2)
    values = series.values.copy()
    values[:, channel] = np.nan
    return Series(series.timestamps, values, series.names)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (constant(), r"the series is constant \(a\)"),
        (without_values(1), "channel 'b' has no values"),
        (irregular().part(0, 8), "segments of time is too short; at least 20 are needed"),
        (np.zeros((3, 2, 2)), r"samples of shape \(3, 2, 2\)"),
        (np.array([]), "no samples"),
        (np.array([1.0, np.inf]), "channel 'channel0' has infinite"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(series, message, monkeypatch):
    monkeypatch.setattr(module, "train", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(ValueError, match=message) as told:
        TadGANDetector(SETTINGS, interval=INTERVAL).fit(series)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (irregular(1), "a series of a; fitted on a, b"),
        (np.zeros((100, 2)), "a series of channel0, channel1; fitted on a, b"),
        (without_values(0), "channel 'a' has no values"),
        (irregular(2).part(0, 5), "segments of time is too short; at least 20 are needed"),
        (
            Series(np.arange(40) * INTERVAL, np.full((40, 2), 1e300), ("a", "b")),
            "more than float32 holds",
        ),
        (Series(np.arange(3) * 10**9, np.ones((3, 2)), ("a", "b")), "segments of 3 samples"),
    ],
)
def test_what_cannot_be_scored_is_refused(series, message):
    detector = fitted(HIDDEN, 2)
    for call in (detector.score, detector.detect):
        with pytest.raises(ValueError, match=message) as told:
            call(series)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_the_shortest_series_can_be_learned_from_and_scored(hidden):
    least = WINDOW
    values = np.sin(np.arange(least))
    detector = TadGANDetector(replace(SETTINGS, hidden=hidden)).fit(values)
    scores = detector.score(values).scores
    assert scores.shape == (least,) and np.isfinite(scores).all() and (scores >= 0).all()
    with pytest.raises(ValueError, match=f"at least {least} are needed"):
        TadGANDetector(replace(SETTINGS, hidden=hidden)).fit(values[1:])


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_a_constant_is_learned_from_where_that_is_allowed(hidden):
    settings, series = replace(SETTINGS, hidden=hidden), constant(300)
    detector = TadGANDetector(settings, interval=INTERVAL, allow_constant=True).fit(series)
    values = series.values.copy()
    values[160] += 1
    other = Series(series.timestamps, values, series.names)
    for reference in REFERENCES:
        scores = detector.score(other, reference=reference).scores
        assert abs(int(np.argmax(scores)) - 160) <= 20
    [(start, end)] = detector.detect(other, reference="training")
    assert start <= 160 * INTERVAL <= end


def test_one_constant_channel_is_no_reason_to_refuse():
    series = irregular(2)
    values = np.where([True, False], series.values, 7.0)
    detector = TadGANDetector(SETTINGS, interval=INTERVAL)
    found = detector.fit(Series(series.timestamps, values, series.names)).score(series)
    assert np.isfinite(found.scores).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TadGANDetector(windw=20), r"unknown setting .* 'windw' \(did you mean 'window'"),
        (lambda: TadGANDetector(window=50), r"hidden 100 of a TadGAN is not in \[0, 50\)"),
        (lambda: TadGANDetector(smoothing=0), "smoothing 0 of scores"),
        (lambda: TadGANDetector("contxt"), "unknown preset 'contxt' .*'context'"),
        (lambda: TadGANDetector(interval=0), "an interval of 0 seconds"),
        (lambda: TadGANDetector(interval="1h"), "an interval of 1h seconds is no number"),
        (lambda: TadGANDetector(fill="liner"), r"unknown fill 'liner' \(did you mean 'linear'"),
        (lambda: TadGANDetector(steps=-1), "steps -1"),
        (lambda: TadGANDetector(steps=1.5), "steps 1.5"),
        (lambda: TadGANDetector(seed=-1), "seed -1 of a detector"),
        (lambda: TadGANDetector(seed=0.5), "seed 0.5 of a detector"),
        (lambda: TadGANDetector(device="gpu"), "unknown device 'gpu'"),
        (lambda: ScoringSettings(error="dwt"), "unknown error 'dwt'"),
        (lambda: ScoringSettings(combination="sum"), "unknown combination 'sum'"),
        (lambda: ScoringSettings(smoothing=0), "smoothing 0 of scores"),
        (lambda: ScoringSettings(smoothing=2.5), "smoothing 2.5 of scores is no whole number"),
        (lambda: ScoringSettings(false_alarms=0.0), "false_alarms 0.0 is not between 0 and 1"),
        (lambda: ScoringSettings(false_alarms=1), "false_alarms 1 is not between 0 and 1"),
        (lambda: fitted(0).score(irregular(), reference="trainin"), "unknown reference 'trainin'"),
        (lambda: fitted(0).detect(irregular(), reference="self"), "unknown reference 'self'"),
        (lambda: fitted(0).scores_of(None, reference="self"), "unknown reference 'self'"),
    ],
)
def test_unknown_names_and_numbers_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message) as told:
        make()
    assert "\n" not in str(told.value)


def fails_in_training(detector, monkeypatch):
    def stop(step, steps, terms):
        raise ArithmeticError("a loss is nan")

    detector.fit(irregular(2), report=stop)


def fails_after_training(detector, monkeypatch):
    def refuse(*_, **__):
        raise ArithmeticError("no reference")

    monkeypatch.setattr(module.NormalStatistics, "of", refuse)
    detector.fit(irregular(2))


def fails_at_a_series(detector, monkeypatch):
    detector.fit(without_values(0))


def fails_at_networks(detector, monkeypatch):
    monkeypatch.setattr(detector, "settings", replace(detector.settings, latent_size=1000))
    try:
        detector.fit(irregular(2))
    finally:
        monkeypatch.undo()


@pytest.mark.parametrize(
    "fails", [fails_in_training, fails_after_training, fails_at_a_series, fails_at_networks]
)
def test_a_fit_that_fails_leaves_an_earlier_one_as_it_was(fails, monkeypatch):
    series = irregular()
    detector = TadGANDetector(replace(SETTINGS, hidden=HIDDEN), interval=INTERVAL).fit(series)
    before, scores = dict(vars(detector)), detector.score(series, reference="training").scores
    with pytest.raises((ArithmeticError, ValueError)):
        fails(detector, monkeypatch)
    monkeypatch.undo()
    assert vars(detector) == before
    np.testing.assert_array_equal(detector.score(series, reference="training").scores, scores)
    # Nothing stands in the way of the next one.
    assert detector.fit(irregular(2)).names_ == ("a", "b") and detector.settings.channels == 2


def test_networks_are_in_inference_mode_and_scoring_leaves_them_so():
    settings = TadGANSettings(
        **{**vars(SETTINGS), "decoder_settings": {"units": 4, "dropout": 0.5}}
    )
    detector = TadGANDetector(settings, interval=INTERVAL).fit(irregular())
    assert list(detector.networks_) == ["encoder", "decoder", "window_critic", "latent_critic"]
    one, other = (detector.score(irregular()).scores for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert not any(network.training for network in detector.networks_.values())


def test_a_preset_brings_its_scoring():
    assert PRESET_SCORINGS.keys() == PRESETS.keys()
    assert TadGANDetector("published").scoring == ScoringSettings(combination="product")
    assert TadGANDetector("dense").scoring == TadGANDetector().scoring == ScoringSettings()
    assert TadGANDetector("published", scoring=ScoringSettings()).scoring == ScoringSettings()


def test_single_settings_take_the_place_of_those_of_a_preset():
    detector = TadGANDetector("dense", window=20, steps=7, smoothing=10, error="area")
    assert detector.settings == replace(PRESETS["dense"], window=20, steps=7)
    assert detector.scoring == ScoringSettings(smoothing=10, error="area")
    own = TadGANDetector(SETTINGS, scoring=ScoringSettings(error="point"), latent_size=2)
    assert own.settings == replace(SETTINGS, latent_size=2)
    assert own.scoring == ScoringSettings(error="point")


@pytest.mark.parametrize("channels", [None, 2])
def test_arrays_are_samples_at_regular_steps(channels, tmp_path):
    rng = np.random.default_rng(0)
    time = np.arange(400) if channels is None else np.stack([np.arange(400)] * channels, 1)
    normal = np.sin(time / 7) + 0.05 * rng.normal(size=time.shape)
    today = normal[:300].copy()
    today[150:160] += 4
    small = {"window": 20, "latent_size": 3, "steps": 2, "seed": 1}
    detector = tgan.TadGANDetector("dense", **small).fit(normal)
    [(start, end)] = detector.detect(today, reference="training")
    assert start <= 150 and end >= 159
    names = tuple(f"channel{number}" for number in range(channels or 1))
    parts = [
        Series(np.arange(len(part)), part.reshape(len(part), -1), names) for part in (normal, today)
    ]
    again = TadGANDetector("dense", **small).fit(parts[0])
    assert again.detect(parts[1], reference="training") == [(start, end)]
    for name, part in zip(("normal", "today"), parts, strict=True):
        write_series(tmp_path / f"{name}.csv", part)
    read = TadGANDetector("dense", **small).fit(tmp_path / "normal.csv")
    expected = detector.score(today).scores
    np.testing.assert_array_equal(read.score(str(tmp_path / "today.csv")).scores, expected)


def test_missing_values_of_an_array_are_filled_and_shown():
    normal = np.sin(np.arange(300) / 7)
    gap = normal.copy()
    gap[50:60] = np.nan
    detector = TadGANDetector(SETTINGS).fit(normal)
    scores = detector.score(gap)
    assert np.isfinite(scores.scores).all() and np.isfinite(scores.reconstruction).all()
    np.testing.assert_array_equal(np.isnan(scores.series.values), np.isnan(gap)[:, None])
    with pytest.raises(ValueError, match="channel 'channel0' has no values"):
        detector.detect(np.full(100, np.nan))
    with pytest.raises(ValueError, match="samples of type <U1; real numbers are needed"):
        detector.detect(np.array(["a"] * 100))
    with pytest.raises(ValueError, match="a series of channel0, channel1; fitted on channel0"):
        detector.detect(np.zeros((100, 2)))


def test_former_names_of_methods_go_on_for_a_release():
    detector, series = fitted(0), irregular(seed=1)
    found = detector.reconstruct(series)
    with pytest.warns(DeprecationWarning, match=r"measure\(\) is reconstruct\(\) now"):
        measures = detector.measure(series)
    np.testing.assert_array_equal(measures.errors, found.errors)
    with pytest.warns(DeprecationWarning, match="made is reconstruction now"):
        assert measures.made is measures.reconstruction
    with pytest.warns(DeprecationWarning, match=r"scored\(\) is scores_of\(\) now"):
        scores = detector.scored(measures, reference="training").scores
    np.testing.assert_array_equal(scores, detector.score(series, reference="training").scores)
    with pytest.warns(DeprecationWarning, match="reference_ is statistics_ now"):
        assert detector.reference_ is detector.statistics_


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("detector", "Scoring", ScoringSettings),
        ("detector", "Scored", Scores),
        ("detector", "CONFIGURATIONS", PRESETS),
        ("scoring.settings", "SCORINGS", PRESET_SCORINGS),
        ("scoring.scores", "Reference", NormalStatistics),
        ("scoring.scores", "critic_values", critic_values),
        ("scoring.reconstruction", "Measures", Reconstruction),
        ("scoring.reconstruction_errors", "known_error", mean_squared_error),
        ("training.settings", "CONFIGURATIONS", PRESETS),
        ("data.series", "Scaler", Scaler),
        ("data.series", "as_series", as_series),
    ],
)
def test_former_names_of_modules_go_on_for_a_release(module, old, new):
    with pytest.warns(DeprecationWarning, match=f"{old} is .*in tgan.anomaly.series"):
        assert getattr(importlib.import_module(f"tgan.anomaly.series.{module}"), old) is new
