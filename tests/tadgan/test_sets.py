"""NAB, SMAP and MSL as the paper counts them; and what baselines reach on NAB."""

import json
from functools import partial

import numpy as np
import pytest

from tgan.metrics.overlap import Agreement, agreement
from tgan.tadgan.baselines import ConstantMedian, WindowComponents
from tgan.tadgan.intervals import find_intervals
from tgan.tadgan.scores import anomaly_scores, smoothing_window
from tgan.tadgan.series import Scaler
from tgan.tadgan.sets import nab_series, nasa_series

WINDOW = 100


def test_known_intervals_and_times_are_the_shared_ones(shared):
    for series_of, folder, name in (
        (nab_series, "datasets/nab", "nab"),
        (nasa_series, "datasets/smap_msl", "nasa"),
    ):
        truth = json.loads(shared(f"bench/tadgan/truth_{name}.json").read_text())
        times = json.loads(shared(f"bench/tadgan/spans_{name}.json").read_text())
        found = list(series_of(shared(folder)))
        assert len(found) == sum(map(len, truth.values()))
        for one in found:
            known = [list(pair) for pair in one.known]
            assert known == truth.get(one.group, {}).get(one.name)
            np.testing.assert_array_equal(one.test.timestamps, times[one.group][one.name])
            is_split = one.train is not one.test
            assert is_split == (name == "nasa")
            if is_split:
                assert one.test.timestamps[0] - one.train.timestamps[-1] == one.interval


def test_folders_of_something_else(tmp_path):
    with pytest.raises(ValueError, match="no combined_windows.json: not a folder of NAB"):
        list(nab_series(tmp_path))
    with pytest.raises(ValueError, match="no labeled_anomalies.csv"):
        list(nasa_series(tmp_path))


def test_naive_times_of_nabs_layout(tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "data" / "realTraffic").mkdir(parents=True)
    (tmp_path / "data" / "realTraffic" / "x.csv").write_text("timestamp,value\n1970-01-02,1\n")
    window = [["1970-01-01 00:00:09.900000", "1970-01-01 00:01:00.000000"]]
    windows = dict.fromkeys(("realTraffic/x.csv", "realKnownCause/y.csv"), window)
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    (one,) = nab_series(tmp_path)
    assert (one.group, one.name, one.interval) == ("realTraffic", "x", 600)
    assert one.known == [(9, 60)] and one.train is one.test
    assert one.test.timestamps.tolist() == [86400]


# True and false positives and false negatives of each set, measured by other code than this: with
# the protocol's own implementation of preprocessing, time warping and intervals.
ROWS = {
    "constant median": (ConstantMedian, "2/2/4 9/10/2 20/9/10 11/17/3 19/17/14", 0.551, 0.391),
    "5 components": (
        partial(WindowComponents, 5),
        "3/2/3 11/11/0 20/12/10 10/16/4 19/17/14",
        0.582,
        0.401,
    ),
    "20 components": (
        partial(WindowComponents, 20),
        "3/3/3 11/8/0 19/19/11 9/10/5 20/14/13",
        0.587,
        0.400,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS)
def test_baselines_on_nab_give_the_published_protocols_rows(shared, row):
    make, expected, mean, samples = ROWS[row]
    sums: dict[str, Agreement] = {}
    for one in nab_series(shared("datasets/nab")):
        whole = one.test.aggregate(one.interval)
        # The last sample is in no window, and so without a score.
        values = Scaler.fit(whole).transform(whole.values)[:-1]
        made = make().fit(values).reconstruct(values)
        smoothing = smoothing_window(len(values) - WINDOW + 1)
        scores = anomaly_scores(values, made, smoothing=smoothing, orion=True)
        found = find_intervals(scores, whole.timestamps)
        measured = agreement(one.known, found, one.test.timestamps)
        sums[one.group] = sums.get(one.group, Agreement()) + measured
    order = ["artificialWithAnomaly", "realAdExchange", "realAWSCloudwatch"]
    order += ["realTraffic", "realTweets"]
    counts = [sums[name].intervals for name in order]
    assert " ".join(f"{c.tp}/{c.fp}/{c.fn}" for c in counts) == expected
    assert round(np.mean([c.f1 for c in counts]), 3) == mean
    assert round(np.mean([one.samples.f1 for one in sums.values()]), 3) == samples
