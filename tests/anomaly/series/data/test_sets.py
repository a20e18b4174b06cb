"""NAB, SMAP and MSL as the paper counts them, UCR's files; and what baselines reach on NAB."""

import json
from functools import partial

import numpy as np
import pytest

from tests.made.detectors import own_scores
from tgan.anomaly.series.baselines import ConstantMedian, WindowComponents
from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.data.sets import SETS, nab_series, nasa_series, ucr_series
from tgan.anomaly.series.scoring.intervals import find_intervals
from tgan.anomaly.series.scoring.smoothing import smoothing_window
from tgan.metrics.overlap import Agreement, agreement

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
            known = [list(pair) for pair in one.labels]
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
    assert one.labels == [(9, 60)] and one.train is one.test
    assert one.test.timestamps.tolist() == [86400]


def test_ucr_counts_samples_from_zero(tmp_path):
    (tmp_path / "12_UCR_Anomaly_two_words_3_5_6.txt").write_text("1\n2\n3\n4\n5\n6\n7\n8\n")
    # Several in a line, with blanks around; an anomaly of the first sample that can be one.
    (tmp_path / "002_UCR_Anomaly_b7_2_2_2.txt").write_text("  1.5e0  -2\n 3 \n")
    (tmp_path / "README.md").write_text("not a series")
    first, second = SETS["ucr"](tmp_path)
    assert [(one.group, one.name) for one in (first, second)] == [
        ("UCR", "002-b7"),
        ("UCR", "12-two_words"),
    ]
    assert first.train.values.tolist() == [[1.5], [-2]] and first.test.values.tolist() == [[3]]
    assert second.train.values[:, 0].tolist() == [1, 2, 3]
    assert second.test.values[:, 0].tolist() == [4, 5, 6, 7, 8]
    assert second.train.timestamps.tolist() == [1222819200, 1222819500, 1222819800]
    # Of the anomaly are the samples 5 and 6, whose values are their numbers and 1.
    for one, expected in ((first, [3.0]), (second, [6.0, 7.0])):
        ((start, end),) = one.labels
        times = one.test.timestamps
        assert one.test.values[(times >= start) & (times <= end), 0].tolist() == expected
        assert {start, end} <= set(times.tolist())
        np.testing.assert_array_equal(one.test.aggregate(one.interval).values, one.test.values)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("1_UCR_Anomaly_a_2_4.txt", "1 2 3 4", "is not named N_UCR_Anomaly_NAME_TRAIN"),
        ("1_UCR_Anomaly_a_2_x_4.txt", "1 2 3 4", "'1_UCR_Anomaly_a_2_x_4.txt' is not named"),
        ("1_UCR_Anomaly_a_2_3_4.txt", "1 2 3 4", "from 3 to 4 do not fit 4 samples"),
        ("1_UCR_Anomaly_a_2_4_3.txt", "1 2 3 4", "from 4 to 3 do not fit"),
        ("1_UCR_Anomaly_a_3_2_3.txt", "1 2 3 4", "training up to 3 and an anomaly from 2"),
        ("1_UCR_Anomaly_a_0_3_4.txt", "1 2 3 4", "training up to 0"),
        ("1_UCR_Anomaly_a_2_3_4.txt", "1 2 x 4", "numbers alone: .*'x'"),
        ("1_UCR_Anomaly_a_2_3_4.txt", "1 2 nan 4", "'1_UCR.*' holds a number that is not finite"),
        ("1_UCR_Anomaly_a_2_3_4.txt", "1 2 ä 4", "numbers alone"),
        ("1_UCR_Anomaly_a_2_3_4.txt", "", "do not fit 0 samples"),
        ("a.txt", "1 2 3", "has no N_UCR_Anomaly_NAME_TRAIN_START_END.txt"),
    ],
)
def test_ucr_files_that_cannot_be(tmp_path, name, text, message):
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=message) as caught:
        list(ucr_series(tmp_path))
    assert "\n" not in str(caught.value)


def test_ucrs_own_files(shared):
    first, second = ucr_series(shared("datasets/ucr"))
    assert (first.name, second.name) == ("135-InternalBleeding16", "136-InternalBleeding17")
    for one, size, count, known in ((first, 1200, 7501, 13), (second, 1600, 7500, 112)):
        assert (len(one.train), len(one.train) + len(one.test)) == (size, count)
        samples = agreement(one.labels, one.labels, one.test.timestamps).samples
        assert (samples.tp, samples.fp, samples.fn) == (known, 0, 0)
    # The edit of the second one begins and ends with a jump, at the very samples that are named.
    values, steps = second.test.values[:, 0], np.abs(np.diff(second.test.values[:, 0]))
    ((start, end),) = second.labels
    for time in (start, end):
        place = int(np.searchsorted(second.test.timestamps, time))
        near = steps[place - 21 : place + 20]
        assert near[20] == abs(values[place] - values[place - 1]) > 5 > 10 * np.median(near)
    # Lines 1 and 1,201 of the file.
    assert (first.train.values[0, 0], first.test.values[0, 0]) == (63.73215, 73.43674)


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
        scores = own_scores(values, made, smoothing=smoothing, error="dtw_orion")
        found = find_intervals(scores, whole.timestamps)
        measured = agreement(one.labels, found, one.test.timestamps)
        sums[one.group] = sums.get(one.group, Agreement()) + measured
    order = ["artificialWithAnomaly", "realAdExchange", "realAWSCloudwatch"]
    order += ["realTraffic", "realTweets"]
    counts = [sums[name].intervals for name in order]
    assert " ".join(f"{c.tp}/{c.fp}/{c.fn}" for c in counts) == expected
    assert round(np.mean([c.f1 for c in counts]), 3) == mean
    assert round(np.mean([one.samples.f1 for one in sums.values()]), 3) == samples


@pytest.mark.parametrize(
    ("labels", "arrays", "message"),
    [
        ("chan_id,spacecraft\nA-1,SMAP\n", None, "cannot be read"),
        ("chan_id,spacecraft,anomaly_sequences\nA-1,SMAP,[[1]\n", {}, "cannot be read"),
        ('chan_id,spacecraft,anomaly_sequences\nA-1,SMAP,"[[1, 9]]"\n', {}, "out of bounds"),
        ("chan_id,spacecraft\nA-1,SMAP\n", {}, "nothing called 'anomaly_sequences'"),
    ],
)
def test_damaged_files_of_nasa_are_told_in_one_line(tmp_path, labels, arrays, message):
    (tmp_path / "labeled_anomalies.csv").write_text(labels)
    if arrays is None:
        (tmp_path / "telemetry.npz").write_bytes(b"PK\x03\x04 and no more")
    else:
        values = np.zeros(4)
        np.savez(tmp_path / "telemetry.npz", **{"train/A-1": values, "test/A-1": values})
    with pytest.raises(ValueError, match=message) as told:
        list(nasa_series(tmp_path))
    assert str(tmp_path) in str(told.value) and "\n" not in str(told.value)
