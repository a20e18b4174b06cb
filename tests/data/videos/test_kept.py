"""Frames that a folder of videos keeps in memory: the same pixels, within what may be taken."""

import pickle
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.made.numbered_videos import numbered_frame
from tgan.data.videos.decode import DecodeError
from tgan.data.videos.folder import VideoFolder
from tgan.data.videos.kept import Budget, Keeper


def clips_of(source):
    """The first, a middle and the last clip of each video."""
    counts = [source.num_starts(index) for index in range(len(source))]
    return [
        source.clip(index, start)
        for index, count in enumerate(counts)
        for start in (0, count // 2, count - 1)
    ]


@pytest.mark.parametrize(
    "settings", [{}, {"channels": 1, "stride": 2}, {"fps": 10.0}], ids=["all", "grey", "fps"]
)
def test_kept_clips_are_the_decoded_ones(few_videos, settings):
    settings = {"num_frames": 8, "resolution": 16, **settings}
    kept = VideoFolder(few_videos, **settings)
    decoded = VideoFolder(few_videos, **settings, keep_bytes=0)
    assert (kept.num_kept, decoded.num_kept) == (len(kept), 0)
    assert (kept.decodes, decoded.decodes) == (False, True)
    assert kept.fingerprint() == decoded.fingerprint()
    for one, other in zip(clips_of(kept), clips_of(decoded), strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_more_is_kept_than_may_be(few_videos):
    # 154 frames in all, 60 of them in the longest video.
    some = VideoFolder(few_videos, num_frames=16, resolution=16, keep_bytes=70 * (16**2 * 3 + 160))
    assert 0 < some.num_kept < len(some)
    assert some.decodes
    everything = VideoFolder(few_videos, num_frames=16, resolution=16)
    for one, other in zip(clips_of(some), clips_of(everything), strict=True):
        np.testing.assert_array_equal(one, other)


def test_videos_that_are_left_out_leave_their_room_to_others(few_videos, tmp_path):
    root = Path(shutil.copytree(few_videos / "c", tmp_path / "v"))
    whole = (few_videos / "a" / "one.mp4").read_bytes()
    (root / "a_cut.mp4").write_bytes(whole[: len(whole) * 3 // 4])
    budget = 25 * (16**2 * 3 + 160)
    source = VideoFolder(root, num_frames=20, resolution=16, keep_bytes=budget)
    assert source.names == ["v/five.png"]
    assert len(source.skipped) + source.num_too_short == 2


def test_a_file_that_has_changed_is_not_taken_from_memory(few_videos, tmp_path):
    root = Path(shutil.copytree(few_videos, tmp_path / "v"))
    source = VideoFolder(root, num_frames=16, resolution=16)
    expected = source.clip(1, 3)
    (root / "a" / "two.avi").touch()
    np.testing.assert_array_equal(source.clip(1, 3), expected)
    (root / "a" / "two.avi").unlink()
    with pytest.raises(DecodeError, match="no such file"):
        source.clip(1, 3)


def test_processes_that_begin_anew_get_no_kept_frames(few_videos):
    source = VideoFolder(few_videos, num_frames=16, resolution=16)
    content = pickle.dumps(source)
    assert len(content) < 154 * 16**2
    copy = pickle.loads(content)  # noqa: S301
    assert (source.num_kept, copy.num_kept) == (5, 0)
    np.testing.assert_array_equal(copy.clip(0, 7), source.clip(0, 7))


def test_a_budget_is_given_back():
    budget = Budget(4 * (16**2 + 160))

    def keep(count):
        keeper = Keeper([], resolution=16, channels=1, budget=budget)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number, width=16, height=16))
            keeper.add(frame, Fraction(1))
        return keeper

    assert keep(5).frames() is None
    four = keep(4)
    assert four.frames() is not None
    assert keep(1).frames() is None
    four.drop()
    assert keep(3).frames() is not None
