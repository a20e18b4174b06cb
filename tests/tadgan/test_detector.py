"""The detector against its stages one by one, streams against the whole, and what it finds."""

import gc
import random
import tracemalloc
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from tests.tadgan import literal
from tgan.tadgan import detector as module
from tgan.tadgan.detector import Scored, Scoring, TadGANDetector
from tgan.tadgan.intervals import Threshold, find_intervals
from tgan.tadgan.series import Series
from tgan.tadgan.settings import CONFIGURATIONS, TadGANSettings

WINDOW, INTERVAL, HIDDEN = 20, 5, 8
SETTINGS = replace(
    CONFIGURATIONS["dense"],
    window=WINDOW,
    latent_size=3,
    batch_size=8,
    encoder_settings={"units": 4},
    decoder_settings={"units": 4},
    window_critic_settings={"units": 4},
    steps=3,
)
CHANNELS = {1: ("a",), 2: ("a", "b")}


def irregular(channels=1, *, count=700, seed=0):
    """Samples at irregular times, some of which several share, with gaps and missing values."""
    rng = np.random.default_rng(seed)
    times = 1_000_000 + np.sort(rng.integers(0, 2 * count, count))
    keep = (times < times[0] + 250) | (times > times[0] + 310)
    times = times[keep]
    waves = [np.sin(times / (17 + 9 * c)) for c in range(channels)]
    values = np.stack(waves, 1) * 3 + 10 + 0.3 * rng.normal(size=(len(times), channels))
    values[rng.random(values.shape) < 0.05] = np.nan
    return Series(times, values, CHANNELS[channels])


@cache
def fitted(hidden, channels=1, seed=3, **scoring):
    settings = replace(SETTINGS, hidden=hidden)
    detector = TadGANDetector(settings, scoring=Scoring(**scoring), interval=INTERVAL, seed=seed)
    return detector.fit(irregular(channels))


def rescored(detector, **scoring):
    """The same fitted detector with another scoring."""
    other = TadGANDetector(detector.settings, scoring=Scoring(**scoring))
    return vars(other).update({**vars(detector), "scoring": Scoring(**scoring)}) or other


def literal_segments(series):
    """Means of segments by a loop: times and values, NaN where there are none."""
    times, rows, start = [], [], int(series.timestamps[0])
    while start <= series.timestamps[-1]:
        inside = (series.timestamps >= start) & (series.timestamps < start + INTERVAL)
        known = [column[~np.isnan(column)] for column in series.values[inside].T]
        rows.append([column.mean() if len(column) else np.nan for column in known])
        times.append(start)
        start += INTERVAL
    return np.array(times), np.array(rows)


def literal_measures(detector, series, training, error):
    """Every stage up to errors by itself, with plain loops but for the networks."""
    hidden, (_, of_training) = detector.settings.hidden, literal_segments(training)
    margin = (WINDOW - hidden) // 2 if hidden else 0
    times, values = literal_segments(series)
    low, high = np.nanmin(of_training, 0), np.nanmax(of_training, 0)
    filled = np.where(np.isnan(values), np.nanmean(of_training, 0), values)
    scaled = 2 * (filled - low) / (high - low) - 1
    starts = range(len(scaled) - WINDOW + 1)
    windows = torch.tensor(
        np.array([scaled[i : i + WINDOW].T for i in starts]), dtype=torch.float32
    )
    networks, encoder = detector.networks_, detector.networks_["encoder"]
    with torch.no_grad():
        critic = networks["window_critic"](windows).double().numpy()
        if hidden:
            encoder, windows = encoder.network, windows.clone()
            windows[:, :, margin : margin + hidden] = 0
        made = networks["decoder"](encoder(windows)).double().numpy()
    made = literal_reconstruction(made.transpose(0, 2, 1), margin)
    critic = literal.critic_values(critic, WINDOW)
    errors = np.mean(
        [literal_errors(x, y, error) for x, y in zip(scaled.T, made.T, strict=True)], axis=0
    )
    inverse = (made + 1) / 2 * (high - low) + low
    return {"times": times, "values": values, "made": inverse, "critic": critic, "errors": errors}


def literal_reconstruction(made, margin):
    """Medians over the windows whose middle covers a time step; at the ends over all that do."""
    last = len(made) + WINDOW - 1 - margin
    medians = []
    for time in range(len(made) + WINDOW - 1):
        first, end = (margin, WINDOW - margin) if margin <= time < last else (0, WINDOW)
        covering = [
            made[start, time - start] for start in range(len(made)) if first <= time - start < end
        ]
        medians.append(np.median(covering, axis=0))
    return np.array(medians)


def literal_errors(values, made, error):
    if error == "point":
        return abs(values - made)
    if error == "area":
        return literal.area_errors(values, made)
    one, other = np.pad(values, 5), np.pad(made, 5)
    return [literal.warping(one[t : t + 11], other[t : t + 11]) for t in range(len(values))]


def literal_scores(found, usual, smoothing, combination):
    smoothed = literal.rolling_mean(usual["errors"], smoothing)
    rec = literal.rolling_mean(found["errors"], smoothing)
    rec = np.maximum((rec - smoothed.mean()) / smoothed.std(), 0) + 1
    low, high = np.quantile(usual["critic"], [0.25, 0.75])
    middle = np.mean([c for c in usual["critic"] if low <= c <= high])
    distances = abs(found["critic"] - middle) / usual["critic"].std() + 1
    critic = literal.rolling_mean(distances, smoothing)
    return {
        "product": critic * rec,
        "convex": (critic - 1) / 2 + (rec - 1) / 2,
        "mean": (critic + rec) / 2,
        "reconstruction": rec,
        "critic": critic,
    }[combination]


@pytest.mark.parametrize(
    ("hidden", "channels", "error"),
    [(0, 2, "dtw"), (HIDDEN, 1, "dtw"), (HIDDEN, 2, "area"), (0, 1, "point")],
)
def test_scores_are_made_stage_by_stage(hidden, channels, error):
    training, other = irregular(channels), irregular(channels, count=300, seed=1)
    detector = TadGANDetector(
        replace(SETTINGS, hidden=hidden), scoring=Scoring(error=error), interval=INTERVAL
    ).fit(training)
    usual = literal_measures(detector, training, training, error)
    found = literal_measures(detector, other, training, error)
    own = max(1, (len(found["errors"]) - WINDOW + 1) // 100)
    stored = max(1, (len(usual["errors"]) - WINDOW + 1) // 100)
    assert own != stored
    measures = detector.measure(other)
    np.testing.assert_allclose(measures.errors, found["errors"], rtol=1e-4, atol=1e-6)
    for reference, of, smoothing in (("series", found, own), ("training", usual, stored)):
        scored = detector.score(other, reference=reference)
        np.testing.assert_array_equal(scored.series.timestamps, found["times"])
        np.testing.assert_allclose(scored.series.values, found["values"], rtol=1e-12)
        np.testing.assert_allclose(scored.reconstruction, found["made"], rtol=1e-5)
        np.testing.assert_allclose(scored.critic, found["critic"], rtol=1e-4, atol=1e-6)
        for combination in ("product", "convex", "mean", "critic", "reconstruction"):
            detector.scoring = Scoring(error=error, combination=combination)
            again = detector.scored(measures, reference=reference)
            expected = literal_scores(found, of, smoothing, combination)
            np.testing.assert_allclose(again.scores, expected, rtol=1e-4)
        # The last one is the default.
        np.testing.assert_array_equal(scored.scores, again.scores)
    assert scored.series.names == training.names
    level = literal_scores(usual, usual, stored, "reconstruction")
    np.testing.assert_allclose(detector.level_, level.mean() + 4 * level.std(), rtol=1e-4)


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


def parts_of(series, cuts):
    return [series.part(*ends) for ends in zip([0, *cuts], [*cuts, len(series)], strict=True)]


def assert_equal(parts, whole):
    """Streamed parts are the whole up to the rounding of networks in batches of other sizes."""
    parts = list(parts)
    assert all(isinstance(part, Scored) and len(part.series) for part in parts)
    for name in ("timestamps", "values"):
        joined = np.concatenate([getattr(part.series, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole.series, name))
    for name in ("reconstruction", "critic", "scores"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(joined, getattr(whole, name), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("hidden", "channels"), [(0, 1), (HIDDEN, 2)])
@pytest.mark.parametrize("size", [1, 7, 100, 10**6])
def test_a_stream_has_the_scores_of_the_whole(hidden, channels, size):
    detector = fitted(hidden, channels, smoothing=6)
    series = irregular(channels, count=250, seed=2)
    # Times that several samples share fall on both sides of a cut.
    cuts = range(size, len(series), size)
    if size == 7:
        same = [c for c in cuts if series.timestamps[c] == series.timestamps[c - 1]]
        assert len(same) > 3 and np.isnan(series.values).any()
        assert np.diff(series.timestamps).max() > 3 * INTERVAL
    whole = detector.score(series, reference="training")
    assert_equal(detector.stream(iter(parts_of(series, cuts))), whole)


def test_a_stream_of_arrays_goes_on_where_the_last_one_ended():
    values = np.random.default_rng(0).normal(size=(150, 2))
    detector = TadGANDetector(replace(SETTINGS, hidden=HIDDEN)).fit(values)
    assert detector.interval_ == 1 and detector.names_ == ("channel0", "channel1")
    whole = detector.score(values, reference="training")
    assert whole.series.timestamps.tolist() == list(range(150))
    assert_equal(detector.stream([values[:40], values[40:41], values[41:]]), whole)


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_a_stream_tells_as_soon_as_it_can(hidden):
    detector = fitted(hidden, smoothing=4)
    given = 0

    def parts():
        nonlocal given
        for place in range(100):
            given += 1
            time = np.array([place * INTERVAL])
            yield Series(time, np.sin(time / 20)[:, None] * 3 + 10, ("a",))

    told = 0
    for part in detector.stream(parts()):
        told += len(part.series)
        if given < 100:
            # A segment waits for its own end, its last window, errors and smoothing.
            assert told == max(0, given - 1 - (WINDOW - 1) - 5 - 1)
    assert told == 100


def test_a_stream_does_not_grow_in_memory():
    detector = fitted(HIDDEN)
    batches = []

    def parts(count):
        for start in range(0, count, 50):
            times = INTERVAL * np.arange(start, min(start + 50, count), dtype=np.int64)
            gc.collect(1)  # Or what is measured depends on when it runs.
            yield Series(times, np.sin(times / 30)[:, None] * 3 + 10, ("a",))

    hooks = [
        detector.networks_[name].register_forward_pre_hook(lambda _, x: batches.append(len(x[0])))
        for name in ("encoder", "window_critic")
    ]
    peaks = []
    try:
        for count in (300, 1500):
            batches.clear()
            tracemalloc.start()
            assert sum(len(part.series) for part in detector.stream(parts(count))) == count
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert max(batches) <= 50 + WINDOW
            assert sum(batches) == 2 * (count - WINDOW + 1)
    finally:
        for hook in hooks:
            hook.remove()
    assert peaks[1] < 1.3 * peaks[0]


def test_parts_that_do_not_follow_each_other_are_refused():
    detector, series = fitted(0), irregular(seed=2)
    first, second = parts_of(series, [300])
    overlapping = Series(series.timestamps[250:], series.values[250:], series.names)
    for parts in ([second, first], [first, overlapping]):
        with pytest.raises(ValueError, match="a part that starts at .* follows one that ends"):
            list(detector.stream(parts))
    other = Series(second.timestamps, second.values, ("b",))
    with pytest.raises(ValueError, match="a series of b; fitted on a"):
        list(detector.stream([first, other]))


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_a_stream_that_is_too_short(hidden):
    least, detector = WINDOW, fitted(hidden)

    def parts(count):
        times = INTERVAL * np.arange(count, dtype=np.int64)
        return parts_of(Series(times, 10 + np.sin(times)[:, None], ("a",)), range(1, count))

    with pytest.raises(ValueError, match=f"{least - 1} segments .* at least {least} are needed"):
        list(detector.stream(parts(least - 1)))
    with pytest.raises(ValueError, match=f"0 segments .* at least {least} are needed"):
        list(detector.stream([]))
    assert sum(len(part.series) for part in detector.stream(parts(least))) == least


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


def test_steps_are_reported():
    seen = []
    TadGANDetector(SETTINGS, interval=INTERVAL, steps=2).fit(
        irregular(), report=lambda step, steps, terms: seen.append((step, steps, set(terms)))
    )
    assert [one[:2] for one in seen] == [(1, 2), (2, 2)]
    assert "reconstruction" in seen[0][2]


SHORT = {"latent_size": 4, "batch_size": 16, "n_critic": 1, "steps": 20}


@cache
def fitted_on_a_sine(configuration, deviations=8.0):
    sizes = {"dense": {"window": 20}, "context": {"window": 40, "hidden": 20}}[configuration]
    settings = replace(CONFIGURATIONS[configuration], **sizes, **SHORT)
    scoring = Scoring(
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
    assert detector.intervals_of(scored, reference=reference) == found
    ((start, end),) = found
    # A window that sees the bump may reach 20 further, errors look 5 segments, smoothing 5 more,
    # and 20 are added.
    assert 555 <= start <= 605 and 616 <= end <= 666


@pytest.mark.parametrize("configuration", ["dense", "context"])
@pytest.mark.parametrize("reference", module.REFERENCES)
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


def test_a_detector_that_was_not_fitted_says_so():
    detector = TadGANDetector()
    scored = fitted(0).score(irregular())
    for call in (
        detector.score,
        detector.detect,
        lambda series: detector.stream([series]),  # At once, before anything is asked of it.
        lambda series: detector.intervals_of(scored, reference="training"),
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
        (np.array([]), "without samples"),
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


def test_a_constant_is_learned_from_where_that_is_allowed():
    series = constant()
    detector = TadGANDetector(SETTINGS, interval=INTERVAL, allow_constant=True).fit(series)
    values = series.values.copy()
    values[60] = 9
    other = Series(series.timestamps, values, series.names)
    scores = detector.score(other).scores
    assert abs(int(np.argmax(scores)) - 60) <= 20 and scores.max() > scores.min()


def test_one_constant_channel_is_no_reason_to_refuse():
    series = irregular(2)
    values = np.where([True, False], series.values, 7.0)
    detector = TadGANDetector(SETTINGS, interval=INTERVAL)
    found = detector.fit(Series(series.timestamps, values, series.names)).score(series)
    assert np.isfinite(found.scores).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TadGANDetector("contxt"), "unknown configuration 'contxt' .*'context'"),
        (lambda: TadGANDetector(interval=0), "an interval of 0 seconds"),
        (lambda: TadGANDetector(interval=1.5), "an interval of 1.5 seconds is no whole"),
        (lambda: TadGANDetector(steps=-1), "steps -1"),
        (lambda: TadGANDetector(steps=1.5), "steps 1.5"),
        (lambda: TadGANDetector(seed=-1), "seed -1 of a detector"),
        (lambda: TadGANDetector(seed=0.5), "seed 0.5 of a detector"),
        (lambda: TadGANDetector(device="gpu"), "unknown device 'gpu'"),
        (lambda: Scoring(error="dwt"), "unknown error 'dwt'"),
        (lambda: Scoring(combination="sum"), "unknown combination 'sum'"),
        (lambda: Scoring(smoothing=0), "smoothing 0 of scores"),
        (lambda: fitted(0).score(irregular(), reference="trainin"), "unknown reference 'trainin'"),
        (lambda: fitted(0).detect(irregular(), reference="self"), "unknown reference 'self'"),
        (lambda: fitted(0).scored(None, reference="self"), "unknown reference 'self'"),
        (lambda: fitted(0).intervals_of(None, reference="self"), "unknown reference 'self'"),
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

    monkeypatch.setattr(module.Reference, "of", refuse)
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


def test_a_named_configuration_brings_its_scoring():
    assert TadGANDetector("published").scoring == Scoring(combination="product")
    assert TadGANDetector("dense").scoring == TadGANDetector().scoring == Scoring()
    assert TadGANDetector("published", scoring=Scoring()).scoring == Scoring()
