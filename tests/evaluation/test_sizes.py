import numpy as np
import pytest

import tgan
from tests.made.stand_ins import FrameRows, FrameSign, Rows, Videos
from tgan.evaluation.measures import build_measures
from tgan.evaluation.sizes import check_sizes, different_clips


def check(name, network, videos=10, samples=8, frames=4):
    """Of so many videos with three starts each."""
    measures = build_measures([name], {network.name: network}, samples=samples, frames=frames)
    return check_sizes(measures, Videos(videos))


def test_different_clips_are_counted_no_further_than_needed():
    assert different_clips(Videos(4), enough=100) == 12
    assert 7 <= different_clips(Videos(4), enough=7) < 12


@pytest.mark.parametrize(("kind", "nearest"), [("precision", 3), ("coverage", 5)])
def test_neighbours_need_that_many_others(kind, nearest):
    assert check(f"{kind}_rows", Rows(), samples=nearest + 1) == []
    message = f"{kind}_rows: {nearest} samples have no {nearest} nearest others: take {nearest + 1}"
    with pytest.raises(ValueError, match=message):
        check(f"{kind}_rows", Rows(), samples=nearest)


def test_neighbours_that_are_copies_say_nothing():
    # Six different clips.
    assert check("recall_rows", Rows(), videos=2, samples=18) == []
    with pytest.raises(ValueError, match="19 real clips of 6 different .*, or 18 samples at most$"):
        check("recall_rows", Rows(), videos=2, samples=19)
    assert check("kid_rows", Rows(), videos=2, samples=19) == []


@pytest.mark.parametrize(
    ("network", "different"), [(Rows(6), 6), (FrameRows(24), 6)], ids=["clips", "frames"]
)
def test_a_covariance_of_few_different_clips_is_warned_of(network, different):
    name = f"frechet_{network.name}"
    (line,) = check(name, network, videos=2, samples=40)
    assert f"{name}: real clips are {different} different ones" in line
    assert f"or take {different} samples" in line
    # With so few samples features are projected; with more clips the covariance is regular.
    assert check(name, network, videos=2, samples=6) == []
    assert check(name, network, videos=3, samples=40) == []
    assert check(f"mmd2_{network.name}", network, videos=2, samples=40) == []


@pytest.mark.parametrize("kind", ["acd", "temporal", "stable_class"])
def test_pictures_do_not_change_over_time(kind):
    with pytest.raises(ValueError, match=f"{kind}_frame_sign: clips of 1 frame, and it needs 2"):
        check(f"{kind}_frame_sign", FrameSign(), frames=1)


def test_all_is_told_before_clips_are_measured():
    clips = np.random.default_rng(0).integers(0, 256, (2, 4, 8, 8, 1), np.uint8)
    found = {"data": clips, "metrics": "density_pixels", "progress": False}
    # One half of two videos.
    with pytest.raises(ValueError, match="density_pixels: among 40 real clips of 1 .* more data$"):
        tgan.evaluate(**found, samples=40)
    with pytest.raises(ValueError, match="1 real video .* at least 2, or others as control_data"):
        tgan.evaluate(**found | {"data": clips[:1]}, samples=40)
