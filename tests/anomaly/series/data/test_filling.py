"""Gaps filled from their neighbours, of whole series and in parts."""

import numpy as np
import pytest

from tgan.anomaly.series.data.filling import FILLS, fill_gaps, gaps_of, waiting_for_values
from tgan.anomaly.series.data.streaming import settled

NAN = np.nan


def filled(values, how, longest):
    values = np.array(values, np.float64).reshape(len(values), -1)
    missing = np.isnan(values)
    return fill_gaps(np.where(missing, -1, values), missing, how=how, longest=longest)


@pytest.mark.parametrize(
    ("how", "longest", "expected"),
    [
        ("linear", 3, [4, 4, 6, 8, 10, 10, 8.5, 7, 5.5, 4, 4]),
        ("linear", 2, [4, 4, 6, 8, 10, 10, -1, -1, -1, 4, 4]),
        ("linear", 1, [4, 4, -1, -1, 10, 10, -1, -1, -1, 4, 4]),
        ("linear", 0, [-1, 4, -1, -1, 10, 10, -1, -1, -1, 4, -1]),
        ("previous", 2, [4, 4, 4, 4, 10, 10, -1, -1, -1, 4, 4]),
        ("mean", 3, [-1, 4, -1, -1, 10, 10, -1, -1, -1, 4, -1]),
        ("none", 3, [4, 4, 6, 8, 10, 10, 8.5, 7, 5.5, 4, 4]),
    ],
)
def test_gaps_by_hand(how, longest, expected):
    values = [NAN, 4, NAN, NAN, 10, 10, NAN, NAN, NAN, 4, NAN]
    np.testing.assert_allclose(filled(values, how, longest)[:, 0], expected, rtol=1e-14)


def by_loops(values, how, longest):
    found = values.copy()
    for column, made in zip(values.T, found.T, strict=True):
        known = np.flatnonzero(~np.isnan(column)).tolist()
        for place in np.flatnonzero(np.isnan(column)).tolist():
            before = max((k for k in known if k < place), default=None)
            after = min((k for k in known if k > place), default=None)
            first = -1 if before is None else before
            last = len(column) if after is None else after
            made[place] = -1
            if last - first - 1 > longest or how == "mean" or not known:
                continue
            sides = [column[side] for side in (before, after) if side is not None]
            if how == "previous" or len(sides) == 1:
                made[place] = sides[0]
            else:
                share = (place - before) / (after - before)
                made[place] = (1 - share) * sides[0] + share * sides[1]
    return found


@pytest.mark.parametrize("how", FILLS)
@pytest.mark.parametrize("seed", range(4))
def test_gaps_of_whole_series_and_of_parts_against_loops(how, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(200, 3))
    values[rng.random((200, 3)) < (0.1, 0.5, 0.9)] = NAN
    values[60:90] = NAN
    for longest in (1, 4, 30):
        whole = filled(values, how, longest)
        np.testing.assert_allclose(whole, by_loops(values, how, longest), rtol=1e-13)
        cuts = sorted({*rng.integers(1, 200, 30).tolist()})
        parts = np.split(values, cuts)
        made = settled(
            parts,
            lambda part, longest=longest: filled(part, how, longest),
            before=longest + 1,
            waiting=lambda part, longest=longest: waiting_for_values(
                np.isnan(part), how=how, longest=longest
            ),
        )
        np.testing.assert_array_equal(np.concatenate(list(made)), whole)


def test_nothing_waits_but_a_gap_that_may_be_short():
    missing = np.zeros((9, 2), bool)
    assert waiting_for_values(missing, how="linear", longest=3) == 0
    missing[7:, 1] = True
    assert waiting_for_values(missing, how="linear", longest=3) == 2
    assert waiting_for_values(missing, how="mean", longest=3) == 0
    missing[5:, 1] = True
    assert waiting_for_values(missing, how="linear", longest=3) == 0
    missing[8:, 0] = True
    assert waiting_for_values(missing, how="previous", longest=3) == 1


def test_values_and_a_channel_without_any_stay_as_they_are():
    values = np.random.default_rng(0).normal(size=(20, 2))
    values[:, 1] = NAN
    made = filled(values, "linear", 30)
    np.testing.assert_array_equal(made, np.where(np.isnan(values), -1, values))


def test_gaps_are_counted_by_their_length():
    missing = np.zeros(30, bool)
    missing[[0, 5, 6, *range(10, 14), *range(20, 30)]] = True
    assert gaps_of(missing, longest=4) == (7, 10)
    assert gaps_of(missing, longest=2) == (3, 14) and gaps_of(missing, longest=10) == (17, 0)


def test_an_unknown_fill():
    with pytest.raises(ValueError, match=r"unknown fill 'liner' \(did you mean 'linear'\?\)"):
        fill_gaps(np.zeros((3, 1)), np.zeros((3, 1), bool), how="liner", longest=1)
