import multiprocessing
import pickle
import warnings

import numpy as np
import pytest
from PIL import Image

from tests.made.numbered_videos import numbered_frame, numbers, write_video
from tgan.data.clips import complete, open_clips
from tgan.data.packed.clips import PackedClips
from tgan.data.packed.index import Settings
from tgan.data.packed.pack import pack
from tgan.data.videos.folder import VideoFolder
from tgan.data.videos.sources import find_sources

# In the order of the files of `few_videos`.
LENGTHS = [60, 33, 20, 25, 16]


def every_clip(clips):
    for index in range(len(clips)):
        for start in range(clips.num_starts(index)):
            yield index, start, clips.clip(index, start)


@pytest.mark.parametrize(("num_frames", "stride"), [(16, 1), (4, 5), (1, 1), (6, 3)])
@pytest.mark.parametrize("kind", ["packed", "folder"])
def test_every_start_gives_its_frames(few_videos, few_packed, kind, num_frames, stride):
    path = few_packed if kind == "packed" else few_videos
    clips = open_clips(path, num_frames=num_frames, resolution=16, stride=stride)
    assert clips.shape == (num_frames, 16, 16, 3)
    assert len(clips) == len(LENGTHS)
    span = (num_frames - 1) * stride + 1
    starts = [length - span + 1 for length in LENGTHS]
    assert [clips.num_starts(index) for index in range(len(clips))] == starts
    for index, start, clip in every_clip(clips):
        assert clip.shape == clips.shape and clip.dtype == np.uint8
        assert numbers(clip) == list(range(start, start + span, stride)), (index, start)
    # So the last clip ends with the last frame.
    last = clips.clip(0, clips.num_starts(0) - 1)
    assert numbers(last[-1:]) == [59]


@pytest.mark.parametrize(("fps", "stride"), [(8, 1), (30, 1), (48, 3)])
def test_folders_are_resampled_as_packed_ones_are(tmp_path, fps, stride):
    videos = tmp_path / "videos"
    write_video(videos / "even.mp4", 60, fps=24)
    # Without frames out of order every time is that of its frame.
    write_video(videos / "uneven.mkv", 40, fps=10, times=[n + n // 3 for n in range(40)])
    strip = [numbered_frame(number, width=16, height=16) for number in range(40)]
    Image.fromarray(np.concatenate(strip, axis=1)).save(videos / "strip.png")
    pack(find_sources([videos]), tmp_path / "out", Settings(resolution=16, fps=fps))
    sizes = {"num_frames": 6, "resolution": 16, "stride": stride, "fps": fps}
    packed, direct = open_clips(tmp_path / "out", **sizes), open_clips(videos, **sizes)
    assert len(direct) == 3 and direct.fps == packed.fps == fps / stride
    for index in range(3):
        assert direct.num_starts(index) == packed.num_starts(index)
        for start in (0, 1, direct.num_starts(index) - 1):
            np.testing.assert_array_equal(direct.clip(index, start), packed.clip(index, start))
    plain = open_clips(videos, num_frames=6, resolution=16)
    assert plain.fingerprint() != direct.fingerprint()
    assert plain.num_starts(0) == 55


def test_another_rate_than_the_packed_one_is_refused(few_packed):
    with pytest.raises(ValueError, match="packed at fps None, not 12: leave fps out"):
        open_clips(few_packed, num_frames=6, resolution=16, fps=12)


def test_packed_and_direct_clips_are_equal(few_videos, few_packed):
    direct = VideoFolder(few_videos, num_frames=16, resolution=16, channels=1)
    for index, start, clip in every_clip(PackedClips(few_packed, num_frames=16, channels=1)):
        np.testing.assert_array_equal(clip, direct.clip(index, start))


def test_labels(few_videos, few_packed):
    clips = PackedClips(few_packed, num_frames=16)
    assert clips.labels == ["a", "b", "c"]
    assert [clips.label(index) for index in range(5)] == [0, 0, 1, 2, 2]
    direct = VideoFolder(few_videos, num_frames=16, resolution=16)
    assert direct.labels == [] and direct.label(0) is None


@pytest.mark.parametrize("kind", ["packed", "folder"])
def test_short_videos_are_left_out(few_videos, few_packed, kind):
    path = few_packed if kind == "packed" else few_videos
    clips = open_clips(path, num_frames=21, resolution=16)
    assert len(clips) == 3 and clips.num_too_short == 2
    with pytest.raises(
        ValueError, match=r"num_frames 16 at stride 5 \(76 frames\); the longest has 60"
    ):
        open_clips(path, num_frames=16, resolution=16, stride=5)
    with pytest.raises(ValueError, match="stride must be at least 1, not 0"):
        open_clips(path, num_frames=16, resolution=16, stride=0)


@pytest.mark.parametrize("kind", ["packed", "folder"])
def test_clips_that_do_not_exist(few_videos, few_packed, kind):
    clips = open_clips(few_packed if kind == "packed" else few_videos, num_frames=16, resolution=16)
    with pytest.raises(IndexError, match="video 0 can start at frame 0 to 44, not 45"):
        clips.clip(0, 45)
    with pytest.raises(IndexError, match="not -1"):
        clips.clip(0, -1)
    with pytest.raises(IndexError, match="no video 5 among 5"):
        clips.clip(5, 0)


def clip_sum(clips, queue):
    queue.put(int(clips.clip(0, 7).sum()))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_clips_go_to_other_processes(few_packed, few_videos, method):
    context = multiprocessing.get_context(method)
    for clips in (
        PackedClips(few_packed, num_frames=16),
        VideoFolder(few_videos, num_frames=16, resolution=16),
    ):
        expected = int(clips.clip(0, 7).sum())
        queue = context.SimpleQueue()
        process = context.Process(target=clip_sum, args=(clips, queue))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        assert queue.get() == expected
        process.join()
    assert len(pickle.dumps(PackedClips(few_packed, num_frames=16))) < 10_000


def test_folders_that_hold_nothing_to_open(few_packed, tmp_path):
    with pytest.raises(ValueError, match="packed at resolution 16, not 64: set the resolution to"):
        open_clips(few_packed, num_frames=16, resolution=64)
    with pytest.raises(ValueError, match="no such file or folder: '.*gone'"):
        open_clips(tmp_path / "gone", num_frames=16, resolution=16)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no videos in '.*empty'"):
        open_clips(tmp_path / "empty", num_frames=16, resolution=16)
    with pytest.raises(ValueError, match="not a packed folder: it has no index.json"):
        PackedClips(tmp_path / "empty", num_frames=16)
    (tmp_path / "half" / ".parts").mkdir(parents=True)
    with pytest.raises(ValueError, match="half: prepare was interrupted; run it again"):
        open_clips(tmp_path / "half", num_frames=16, resolution=16)


def test_an_object_without_the_needed_part_is_no_source():
    with pytest.raises(ValueError, match="list is no source of clips: it has no shape, clip"):
        complete([1, 2, 3])
