"""Agreement of intervals, against sets of seconds, Orion's fixture, and the shared scorer."""

import importlib.util
import json

import numpy as np
import pytest

from tgan.metrics.overlap import (
    COVERAGE_CAPS,
    Agreement,
    Counts,
    agreement,
    overlap_counts,
    sum_of,
)


def random_intervals(rng, end=40):
    starts = rng.integers(0, end, rng.integers(0, 7))
    ends = starts + rng.integers(0, 9, len(starts))
    return np.stack([starts, ends], 1).tolist()


def seconds(intervals):
    return {t for start, end in intervals for t in range(start, end + 1)}


@pytest.mark.parametrize("seed", range(200))
def test_against_sets_of_seconds(seed):
    rng = np.random.default_rng(seed)
    known, found = random_intervals(rng), random_intervals(rng)
    times = rng.permutation(np.repeat(np.arange(0, 50), rng.integers(0, 3, 50)))
    hits = [bool(seconds([one]) & seconds(found)) for one in known]
    false = [not seconds([one]) & seconds(known) for one in found]
    is_known = np.array([t in seconds(known) for t in times], bool)
    is_found = np.array([t in seconds(found) for t in times], bool)
    assert agreement(known, found, times) == Agreement(
        Counts(sum(hits), sum(false), len(known) - sum(hits)),
        Counts(
            int((is_known & is_found).sum()),
            int((~is_known & is_found).sum()),
            int((is_known & ~is_found).sum()),
        ),
        int(is_found.sum()),
        len(times),
    )


def test_orions_fixture():
    known = [[1, 2], [5, 6], [7, 10], [12, 13], [16, 17], [22, 23]]
    found = [[2, 3], [4, 5], [8, 9], [11, 14], [19, 20], [22, 23]]
    counts = overlap_counts(known, found)
    assert counts == Counts(5, 1, 1)
    assert (counts.precision, counts.recall, counts.f1) == (5 / 6, 5 / 6, 5 / 6)


def test_one_interval_over_everything_is_perfect_but_for_what_stands_beside_it():
    whole = agreement([[10, 19], [50, 59]], [[0, 99]], np.arange(100))
    assert whole.intervals.f1 == 1
    assert whole.coverage == 1 and whole.samples.f1 == 2 * 20 / (2 * 20 + 80)
    assert all(whole.coverage > cap for cap in COVERAGE_CAPS.values())


def test_ratios_without_anything_are_zero():
    assert Counts().f1 == Counts().precision == Counts().recall == Agreement().coverage == 0
    assert agreement([], [], np.array([])) == Agreement()


def test_a_set_is_the_sum_of_its_series():
    both = sum_of(
        [
            agreement([[1, 2]], [], np.arange(9)),
            agreement([[4, 6]], [[6, 8], [0, 1]], np.arange(11)),
        ]
    )
    assert (both.intervals, both.covered, both.total) == (Counts(1, 1, 1), 5, 20)
    assert both.samples == Counts(1, 4, 4)
    assert sum_of([]) == Agreement()


@pytest.mark.parametrize("pair", [[3, 2], [np.nan, 4], [4, np.nan]])
def test_an_interval_that_cannot_be_is_refused(pair):
    for arguments in (([pair], []), ([], [pair])):
        with pytest.raises(ValueError, match="does not end after its start"):
            overlap_counts(*arguments)


def test_the_shared_scorer_agrees(shared):
    path = shared("bench/tadgan/score.py")
    spec = importlib.util.spec_from_file_location("shared_score", path)
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    truth = json.loads(shared("bench/tadgan/truth_nab.json").read_text())
    truth |= json.loads(shared("bench/tadgan/truth_nasa.json").read_text())
    assert set(truth) == set(COVERAGE_CAPS)
    rng = np.random.default_rng(0)
    for known in truth.values():
        ends = {series: [t for pair in pairs for t in pair] for series, pairs in known.items()}
        low, high = min(sum(ends.values(), [])), max(sum(ends.values(), []))
        times = {series: rng.integers(low, high, 2000) for series in known}
        found = {series: rng.integers(low, high, (4, 2)) for series in list(known)[1:]}
        found = {series: np.sort(pairs, 1).tolist() for series, pairs in found.items()}
        ours = sum_of(agreement(known[s], found.get(s, []), times[s]) for s in known)
        theirs = score.score_dataset(known, found, {s: t.tolist() for s, t in times.items()})
        assert ours.intervals == Counts(theirs["tp"], theirs["fp"], theirs["fn"])
        assert ours.coverage == theirs["coverage"]
        np.testing.assert_allclose(
            [ours.intervals.precision, ours.intervals.recall, ours.intervals.f1, ours.samples.f1],
            [theirs[key] for key in ("precision", "recall", "f1", "point_f1")],
            rtol=1e-14,
        )
