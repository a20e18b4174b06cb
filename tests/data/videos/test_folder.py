import shutil
from pathlib import Path

import numpy as np
import pytest

from tgan.data.videos.decode import DecodeError, read_video
from tgan.data.videos.folder import KEEP_BYTES, VideoFolder
from tgan.data.videos.frames import Fitter
from tgan.data.videos.sources import find_sources


def test_broken_files_in_a_folder_are_listed(few_videos, tmp_path):
    root = Path(shutil.copytree(few_videos, tmp_path / "v"))
    whole = (root / "a" / "one.mp4").read_bytes()
    (root / "a" / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (root / "b" / "text.avi").write_text("hello\n" * 100)
    clips = VideoFolder(root, num_frames=16, resolution=16)
    assert [name for name, _ in clips.skipped] == ["v/a/cut.mp4", "v/b/text.avi"]
    assert len(clips) == 5
    for path in root.rglob("*.*"):
        path.write_text("hello\n" * 100)
    with pytest.raises(ValueError, match="no video in .*v can be decoded, the first is v/"):
        VideoFolder(root, num_frames=16, resolution=16)


@pytest.mark.parametrize("keep_bytes", [0, KEEP_BYTES])
def test_files_that_change_later_are_named(few_videos, tmp_path, keep_bytes):
    root = Path(shutil.copytree(few_videos, tmp_path / "v"))
    clips = VideoFolder(root, num_frames=16, resolution=16, keep_bytes=keep_bytes)
    shutil.copy(root / "c" / "four.mkv", root / "a" / "one.mp4")
    with pytest.raises(DecodeError, match="one.mp4: its frames have changed since"):
        clips.clip(0, 20)
    (root / "a" / "two.avi").write_text("hello\n" * 100)
    with pytest.raises(DecodeError, match="two.avi: not a video"):
        clips.clip(1, 0)
    (root / "c" / "five.png").unlink()
    with pytest.raises(DecodeError, match="five.png"):
        clips.clip(3, 0)


def compare_with_sequential(path, starts):
    """Clips of 16 frames at the starts chosen, against one decoding from the beginning."""
    clips = VideoFolder(path, num_frames=16, resolution=16, keep_bytes=0)
    kept = VideoFolder(path, num_frames=16, resolution=16)
    recording = read_video(path)
    fit = Fitter(16, pixel_aspect=recording.pixel_aspect)
    sequential = np.stack(list(map(fit, recording.frames)))
    assert clips.num_starts(0) == len(sequential) - 15
    for start in starts(clips.num_starts(0)):
        for source in (clips, kept):
            np.testing.assert_array_equal(source.clip(0, start), sequential[start : start + 16])


# A file of each way to seek: exact, late, without usable times, wrong in a fresh decoder.
SAMPLE = (
    *("hmdb51/RATRACE_wave_f_nm_np1_fr_goo_37.avi", "ucf101/v_SoccerJuggling_g23_c01.avi"),
    *("misc/opencv_tree.avi", "misc/newtonscradle.gif", "misc/cockatoo.mp4"),
    *("misc/flipping_a_pancake.mkv", "codecs/nasa_13013_rotated.mp4"),
)


@pytest.mark.parametrize("name", SAMPLE)
def test_real_videos_at_some_starts(shared, name):
    path = shared("datasets/real_videos") / name
    compare_with_sequential(path, lambda count: sorted({0, count // 3, count // 2, count - 1}))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_real_videos_at_every_start(shared):
    too_short = 0
    for source in find_sources([shared("datasets/real_videos")]).sources:
        try:
            compare_with_sequential(source.path, range)
        except ValueError as error:
            assert "is long enough" in str(error)
            too_short += 1
    assert too_short == 3
