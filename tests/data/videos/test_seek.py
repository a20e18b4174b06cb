from contextlib import closing

import numpy as np
import pytest

import tgan.data.videos.seek as seek_module
from tests.made.numbered_videos import write_video
from tgan.data.videos.decode import DecodeError, open_stream, read_video
from tgan.data.videos.seek import read_frames, scan_video


def test_seeking_decodes_from_a_near_key_frame(tmp_path, monkeypatch):
    # Noise, so that no two frames have the same mark.
    noise = list(np.random.default_rng(0).integers(0, 256, (200, 32, 32, 3), dtype=np.uint8))
    path = write_video(tmp_path / "a.mp4", noise, options={"g": "20"})
    timeline, _ = scan_video(path)
    assert len(timeline) == 200 and len(timeline.keys) >= 10
    expected = [frame.to_ndarray() for frame in read_video(path).frames]
    monkeypatch.setattr(seek_module, "_from_beginning", None)
    for start in (20, 65, 99, 100, 160, 184):
        wanted = range(start, min(start + 16, 200), 3)
        for position, frame in zip(wanted, read_frames(path, timeline, wanted), strict=True):
            np.testing.assert_array_equal(frame.to_ndarray(), expected[position])


@pytest.mark.parametrize("stride", [1, 3])
def test_what_nothing_refers_to_is_left_out_on_the_way(tmp_path, monkeypatch, stride):
    noise = list(np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8))
    options = {"x264-params": "keyint=30:scenecut=0:bframes=3:b-adapt=0:b-pyramid=normal"}
    path = write_video(tmp_path / "a.mp4", noise, options=options)
    timeline, _ = scan_video(path)
    expected = [frame.to_ndarray() for frame in read_video(path).frames]
    with closing(open_stream(path)) as video:
        decoded = sum(1 for _ in video.frames_at([int(timeline.times[20])]))
    assert 30 <= decoded < 45
    monkeypatch.setattr(seek_module, "_from_beginning", None)
    for start in range(60 - 8 * stride):
        wanted = range(start, start + 8 * stride, stride)
        for position, frame in zip(wanted, read_frames(path, timeline, wanted), strict=True):
            np.testing.assert_array_equal(frame.to_ndarray(), expected[position])


@pytest.mark.parametrize("lie", ["times", "marks"])
def test_a_seek_that_finds_other_pictures_is_not_believed(tmp_path, lie):
    noise = list(np.random.default_rng(0).integers(0, 256, (90, 32, 32, 3), dtype=np.uint8))
    path = write_video(tmp_path / "a.mp4", noise, options={"g": "20", "bf": "0"})
    timeline, _ = scan_video(path)
    expected = [frame.to_ndarray() for frame in read_video(path).frames]
    if lie == "times":
        # As after a seek into a file whose clock is off by three frames.
        timeline.times[:-3] = timeline.times[3:].copy()
        frames = read_frames(path, timeline, range(50, 60))
        for position, frame in zip(range(50, 60), frames, strict=True):
            np.testing.assert_array_equal(frame.to_ndarray(), expected[position])
    else:
        timeline.marks[55] ^= 1
        with pytest.raises(DecodeError, match="its frames have changed"):
            read_frames(path, timeline, range(50, 60))


def test_seeking_works_where_only_the_first_packet_names_the_encoder(shared, monkeypatch):
    path = shared("datasets/real_videos") / "misc/cockatoo.mp4"
    timeline, _ = scan_video(path)
    monkeypatch.setattr(seek_module, "_from_beginning", None)
    assert len(read_frames(path, timeline, range(150, 154))) == 4
