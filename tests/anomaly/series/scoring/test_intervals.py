"""Intervals of abnormal scores, against plain loops and by hand."""

import numpy as np
import pytest

from tests.truths import tadgan as literal
from tgan.anomaly.series.scoring.intervals import (
    PRUNINGS,
    Threshold,
    find_intervals,
    intervals_above,
    intervals_above_stream,
    level_of,
    merge_runs,
)

# One window over everything, and no padding: what is found can be read off the scores.
PLAIN = {"window": 1.0, "padding": 0, "deviations": 1.0}


def found(scores, **settings):
    return find_intervals(
        np.asarray(scores, float), np.arange(len(scores)), threshold=Threshold(**settings)
    )


@pytest.mark.parametrize("seed", range(30))
def test_against_marks_on_every_sample(seed):
    rng = np.random.default_rng(seed)
    scores = rng.gamma(1.0, size=int(rng.integers(20, 700)))
    for at in rng.integers(0, len(scores), 4):
        scores[at : at + 3] += rng.uniform(2, 12)
    for padding in (0, 5, 50):
        for drop in (0.02, 0.13):
            for prune in PRUNINGS:
                expected = literal.find_intervals(
                    scores, padding=padding, drop=drop, first=prune == "first"
                )
                assert found(scores, padding=padding, drop=drop, prune=prune) == expected


def test_intervals_are_closed_and_in_the_times_of_the_samples():
    scores = np.ones(300)
    scores[[100, 101, 299]] = 50
    times = 1_000_000_000 + 600 * np.arange(301)
    intervals = find_intervals(scores, times, threshold=Threshold(window=1.0, padding=2))
    assert intervals == [
        (1_000_000_000 + 600 * 98, 1_000_000_000 + 600 * 103),
        (1_000_000_000 + 600 * 297, 1_000_000_000 + 600 * 299),
    ]
    assert all(type(end) is int for pair in intervals for end in pair)


def test_the_default_padding_is_fifty_samples_on_both_sides():
    scores = np.ones(1000)
    scores[500] = 9
    assert found(scores) == [(450, 550)]


def test_neighbours_are_joined_and_a_gap_of_one_is_not():
    assert merge_runs([(5, 6), (0, 2), (3, 3)]) == [(0, 3), (5, 6)]
    assert merge_runs([(0, 9), (2, 3), (9, 12)]) == [(0, 12)]
    assert merge_runs([(0, 9), (2, 3), (11, 12)]) == [(0, 9), (11, 12)]
    assert merge_runs([]) == []


@pytest.mark.parametrize(
    ("tops", "last", "first"),
    [
        # Above a rest of 6, in the order of the list: 10 -> 9.5 -> 9 -> 6.
        ([9.5, 10, 9], [0, 1, 2], [1]),
        # 10 -> 8 -> 7.8 -> 6: both drops of `last` are kept up to the last one.
        ([7.8, 10, 8], [0, 1, 2], [1, 2]),
        # 10 -> 8 -> 6.2 -> 6: the last sequence is near the rest.
        ([10, 6.2, 8], [0, 2], [0, 1, 2]),
        # 6.3 -> 6.2 -> 6: none stands out; the paper's text keeps the first all the same.
        ([6.3, 6.2], [], [0]),
    ],
)
def test_pruning(tops, last, first):
    places = [20 * (k + 1) for k in range(len(tops))]
    scores = np.zeros(2000)
    scores[1500] = 6.0
    scores[places] = tops
    # A threshold between the rest and the sequences.
    deviations = (6.1 - scores.mean()) / scores.std()
    for prune, kept in (("last", last), ("first", first)):
        intervals = found(scores, **{**PLAIN, "deviations": deviations}, prune=prune)
        assert intervals == [(places[k], places[k]) for k in kept]


def test_where_padding_leaves_nothing_outside_the_rest_counts_as_zero():
    scores = np.ones(60)
    scores[30] = 1.2  # Less than the drop above 1, which would be pruned.
    assert found(scores, window=1.0, padding=50) == [(0, 59)]
    assert found(scores, window=1.0, padding=50, drop=0.5) == [(0, 59)]
    assert found(scores, window=1.0, padding=10, drop=0.5) == []


def test_each_window_has_its_own_threshold():
    scores = np.ones(1000)
    scores[50], scores[950] = 3, 300
    assert found(scores, padding=0) == [(50, 50), (950, 950)]
    assert found(scores, padding=0, window=1.0) == [(950, 950)]


def test_nothing_is_found_in_a_constant_or_a_single_score():
    assert found(np.full(500, 3.3)) == found(np.zeros(500)) == found([1.0]) == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("padding", [0, 3, 50])
def test_intervals_above_a_level_against_marks_on_every_sample(seed, padding):
    rng = np.random.default_rng(seed)
    scores, level = rng.random(int(rng.integers(1, 200))), 0.97
    times = 1_000_000_000 + 300 * np.arange(len(scores))
    above = np.flatnonzero(scores > level)
    marks = [any(abs(t - hit) <= padding for hit in above) for t in range(len(scores))]
    starts = [t for t, mark in enumerate(marks) if mark and not (t and marks[t - 1])]
    ends = [t for t, mark in enumerate(marks) if mark and not any(marks[t + 1 : t + 2])]
    expected = [(int(times[a]), int(times[b])) for a, b in zip(starts, ends, strict=True)]
    intervals = intervals_above(scores, times, level=level, padding=padding)
    assert intervals == expected
    assert all(type(end) is int for pair in intervals for end in pair)
    for size in (1, 7, 60):
        cuts = range(size, len(scores), size)
        chunks = zip(np.split(scores, cuts), np.split(times, cuts), strict=True)
        assert list(intervals_above_stream(chunks, level=level, padding=padding)) == expected


def test_an_interval_of_a_stream_is_told_once_it_has_ended():
    seen = []

    def chunks():
        for time in range(100):
            seen.append(time)
            yield np.array([5.0 if 20 <= time < 30 else 1.0]), np.array([time])

    assert next(intervals_above_stream(chunks(), level=2.0, padding=3)) == (17, 32)
    # Whether 33 belongs to it is told by 36.
    assert seen[-1] == 36


def test_no_stream_and_no_interval():
    assert list(intervals_above_stream([], level=1.0, padding=5)) == []
    assert intervals_above(np.ones(9), np.arange(9), level=1.0, padding=5) == []


@pytest.mark.parametrize("alarms", [0.5, 0.05])
def test_the_level_is_exceeded_as_often_as_asked(alarms):
    # Maxima of blocks of 50 exponential numbers are close to a Gumbel distribution.
    rng = np.random.default_rng(0)
    usual, others = rng.exponential(size=(2, 1000, 10_000))
    levels = [level_of(scores, block=50, false_alarms=alarms) for scores in usual]
    maxima = others.reshape(1000, -1, 50).max(2)
    exceeded = (maxima > np.array(levels)[:, None]).sum(1).mean()
    # That is 50 alarms in 1,000 series for 0.05, and the parameters come from 200 maxima.
    assert 0.7 * alarms < exceeded < 1.7 * alarms


def test_the_level_of_maxima_by_hand():
    scores = np.tile([0.0, 0, 0, 0, 0], 20)
    scores[::10] = np.arange(10.0)
    scale = np.std(np.arange(10.0)) * np.sqrt(6) / np.pi
    quantile = -np.log(-np.log(1 - 0.2 / 10))
    expected = 4.5 + scale * (quantile - 0.5772156649)
    assert level_of(scores, block=10, false_alarms=0.2) == pytest.approx(expected, rel=1e-9)
    # There are no ten blocks of 50: tenths are taken.
    assert level_of(scores, block=50, false_alarms=0.2) == pytest.approx(expected, rel=1e-9)
    assert level_of(np.ones(7), block=50, false_alarms=0.2) == 1.0


def test_a_score_at_the_level_is_not_above_it():
    scores, times = np.array([1.0, 2, 1, 2.5, 2, 2]), np.arange(6)
    assert intervals_above(scores, times, level=2.0, padding=0) == [(3, 3)]
    assert intervals_above(scores, times, level=1.0, padding=0) == [(1, 1), (3, 5)]
    assert intervals_above(scores, times, level=2.5, padding=9) == []


@pytest.mark.parametrize(
    ("scores", "message"),
    [([], "0 scores"), ([1, np.nan], "finite"), ([1, -1], "at least 0"), ([1] * 9, "9 scores")],
)
def test_scores_that_cannot_be_are_refused(scores, message):
    with pytest.raises(ValueError, match=message):
        find_intervals(np.array(scores, float), np.arange(2))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("window", 0.0, "window 0.0 is not in"),
        ("step", 1.5, "step 1.5 is not in"),
        ("padding", -1, "padding -1 is no whole number from 0"),
        ("padding", 2.5, "padding 2.5 is no whole number"),
        ("deviations", -1, "deviations -1 is negative"),
        ("drop", np.nan, "drop nan"),
        ("prune", "fist", "did you mean 'first'"),
    ],
)
def test_settings_that_cannot_be_are_refused(name, value, message):
    with pytest.raises(ValueError, match=message):
        Threshold(**{name: value})
