import json
import multiprocessing
import pickle
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tgan.data.videos.seek as seek_module
from tests.made.numbered_videos import numbered_frame, numbers, write_video
from tgan.data.clips import PackedClips, VideoFolder, open_clips
from tgan.data.packed.index import Settings
from tgan.data.packed.pack import pack
from tgan.data.videos.decode import DecodeError, read_video
from tgan.data.videos.frames import Fitter
from tgan.data.videos.seek import read_frames, scan_video
from tgan.data.videos.sources import find_sources

LENGTHS = {"a/one.mp4": 60, "a/two.avi": 33, "b/three.webm": 20, "c/five.png": 25, "c/four.mkv": 16}


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    root = tmp_path_factory.mktemp("videos")
    options = {"x264-params": "open-gop=1:keyint=20:bframes=3"}
    write_video(root / "a" / "one.mp4", 60, options=options)
    write_video(root / "a" / "two.avi", 33, codec="mpeg4", options={"bf": "2", "g": "9"})
    write_video(root / "b" / "three.webm", 20, codec="libvpx-vp9")
    write_video(root / "c" / "four.mkv", 16)
    frames = [numbered_frame(number, width=16, height=16) for number in range(25)]
    Image.fromarray(np.concatenate(frames, axis=1)).save(root / "c" / "five.png")
    return root


@pytest.fixture(scope="module")
def packed(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("packed") / "out"
    pack(find_sources([videos], labels="folders"), out, Settings(resolution=16))
    return out


def every_clip(clips):
    for index in range(len(clips)):
        for start in range(clips.num_starts(index)):
            yield index, start, clips.clip(index, start)


@pytest.mark.parametrize(("num_frames", "stride"), [(16, 1), (4, 5), (1, 1), (6, 3)])
@pytest.mark.parametrize("kind", ["packed", "folder"])
def test_every_start_gives_its_frames(videos, packed, kind, num_frames, stride):
    path = packed if kind == "packed" else videos
    clips = open_clips(path, num_frames=num_frames, resolution=16, stride=stride)
    assert clips.shape == (num_frames, 16, 16, 3)
    assert len(clips) == len(LENGTHS)
    span = (num_frames - 1) * stride + 1
    starts = [length - span + 1 for length in LENGTHS.values()]
    assert [clips.num_starts(index) for index in range(len(clips))] == starts
    for index, start, clip in every_clip(clips):
        assert clip.shape == clips.shape and clip.dtype == np.uint8
        assert numbers(clip) == list(range(start, start + span, stride)), (index, start)
    # So the last clip ends with the last frame.
    last = clips.clip(0, clips.num_starts(0) - 1)
    assert numbers(last[-1:]) == [59]


def test_packed_and_direct_clips_are_equal(videos, packed):
    direct = VideoFolder(videos, num_frames=16, resolution=16, channels=1)
    for index, start, clip in every_clip(PackedClips(packed, num_frames=16, channels=1)):
        np.testing.assert_array_equal(clip, direct.clip(index, start))


def test_labels(videos, packed):
    clips = PackedClips(packed, num_frames=16)
    assert clips.labels == ["a", "b", "c"]
    assert [clips.label(index) for index in range(5)] == [0, 0, 1, 2, 2]
    direct = VideoFolder(videos, num_frames=16, resolution=16)
    assert direct.labels == [] and direct.label(0) is None


def test_channels_are_converted_on_reading(packed, videos, tmp_path):
    colour = PackedClips(packed, num_frames=16).clip(0, 3)
    grey = PackedClips(packed, num_frames=16, channels=1).clip(0, 3)
    assert grey.shape == (16, 16, 16, 1)
    np.testing.assert_allclose(grey[..., 0], colour @ [0.299, 0.587, 0.114], atol=0.51)
    pack(find_sources([videos]), tmp_path / "grey", Settings(resolution=16, channels=1))
    assert PackedClips(tmp_path / "grey", num_frames=16).shape == (16, 16, 16, 1)
    np.testing.assert_array_equal(
        PackedClips(tmp_path / "grey", num_frames=16, channels=3).clip(0, 3),
        np.repeat(grey, 3, axis=-1),
    )


def test_packed_clips_are_views_of_the_file(packed):
    clip = PackedClips(packed, num_frames=16).clip(1, 2)
    assert clip.base is not None and not clip.flags.writeable and not clip.flags.owndata


@pytest.mark.parametrize("kind", ["packed", "folder"])
def test_short_videos_are_left_out(videos, packed, kind):
    path = packed if kind == "packed" else videos
    clips = open_clips(path, num_frames=21, resolution=16)
    assert len(clips) == 3 and clips.num_too_short == 2
    with pytest.raises(
        ValueError, match=r"num_frames 16 at stride 5 \(76 frames\); the longest has 60"
    ):
        open_clips(path, num_frames=16, resolution=16, stride=5)
    with pytest.raises(ValueError, match="stride must be at least 1, not 0"):
        open_clips(path, num_frames=16, resolution=16, stride=0)


@pytest.mark.parametrize("kind", ["packed", "folder"])
def test_clips_that_do_not_exist(videos, packed, kind):
    clips = open_clips(packed if kind == "packed" else videos, num_frames=16, resolution=16)
    with pytest.raises(IndexError, match="video 0 can start at frame 0 to 44, not 45"):
        clips.clip(0, 45)
    with pytest.raises(IndexError, match="not -1"):
        clips.clip(0, -1)
    with pytest.raises(IndexError, match="no video 5 among 5"):
        clips.clip(5, 0)


def clip_sum(clips, queue):
    queue.put(int(clips.clip(0, 7).sum()))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_clips_go_to_other_processes(packed, videos, method):
    context = multiprocessing.get_context(method)
    for clips in (
        PackedClips(packed, num_frames=16),
        VideoFolder(videos, num_frames=16, resolution=16),
    ):
        expected = int(clips.clip(0, 7).sum())
        queue = context.SimpleQueue()
        process = context.Process(target=clip_sum, args=(clips, queue))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        assert queue.get() == expected
        process.join()
    assert len(pickle.dumps(PackedClips(packed, num_frames=16))) < 10_000


def edit_index(folder, change):
    content = json.loads((folder / "index.json").read_text())
    change(content)
    (folder / "index.json").write_text(json.dumps(content))


def cut_shard(folder):
    shard = folder / "shard-00000.npy"
    shard.write_bytes(shard.read_bytes()[:-5])


DAMAGE = {
    "format 7; this version of tgan reads": lambda d: edit_index(d, lambda c: c.update(format=7)),
    "is not an index of packed": lambda d: (d / "index.json").write_text("[1, 2]"),
    "index.json is not an index": lambda d: (d / "index.json").write_text('{"format": 1'),
    "lie outside their shard": lambda d: edit_index(d, lambda c: c["videos"][4].update(offset=139)),
    "the label of .* has no name": lambda d: edit_index(d, lambda c: c.update(labels=[])),
    "is damaged .*resolution": lambda d: (
        edit_index(d, lambda c: c["settings"].pop("resolution"))
        or edit_index(d, lambda c: c["settings"].update(resolution=0))
    ),
    "shard-00000.npy is missing": lambda d: (d / "shard-00000.npy").unlink(),
    "shard-00000.npy is damaged": cut_shard,
    "shard-00000.npy should hold uint8 .*, but holds float64": lambda d: np.save(
        d / "shard-00000.npy", np.zeros((154, 16, 16, 3))
    ),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_damaged_folders_are_refused(packed, tmp_path, message):
    folder = Path(shutil.copytree(packed, tmp_path / "copy"))
    DAMAGE[message](folder)
    with pytest.raises(ValueError, match=message):
        PackedClips(folder, num_frames=16)


def test_folders_that_hold_nothing_to_open(packed, tmp_path):
    with pytest.raises(ValueError, match="packed at resolution 16, not 64: set the resolution to"):
        open_clips(packed, num_frames=16, resolution=64)
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


def test_broken_files_in_a_folder_are_listed(videos, tmp_path):
    root = Path(shutil.copytree(videos, tmp_path / "v"))
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


def test_files_that_change_later_are_named(videos, tmp_path):
    root = Path(shutil.copytree(videos, tmp_path / "v"))
    clips = VideoFolder(root, num_frames=16, resolution=16)
    shutil.copy(root / "c" / "four.mkv", root / "a" / "one.mp4")
    with pytest.raises(DecodeError, match="one.mp4: its frames have changed since"):
        clips.clip(0, 20)
    (root / "a" / "two.avi").write_text("hello\n" * 100)
    with pytest.raises(DecodeError, match="two.avi: not a video"):
        clips.clip(1, 0)
    (root / "c" / "five.png").unlink()
    with pytest.raises(DecodeError, match="five.png"):
        clips.clip(3, 0)


def test_seeking_decodes_from_a_near_key_frame(tmp_path, monkeypatch):
    # Noise, so that no two frames have the same mark.
    noise = list(np.random.default_rng(0).integers(0, 256, (200, 32, 32, 3), dtype=np.uint8))
    path = write_video(tmp_path / "a.mp4", noise, options={"g": "20"})
    timeline = scan_video(path)
    assert len(timeline) == 200 and len(timeline.keys) >= 10
    expected = [frame.to_ndarray() for frame in read_video(path).frames]
    monkeypatch.setattr(seek_module, "_from_beginning", None)
    for start in (20, 65, 99, 100, 160, 184):
        wanted = range(start, min(start + 16, 200), 3)
        for position, frame in zip(wanted, read_frames(path, timeline, wanted), strict=True):
            np.testing.assert_array_equal(frame.to_ndarray(), expected[position])


@pytest.mark.parametrize("lie", ["times", "marks"])
def test_a_seek_that_finds_other_pictures_is_not_believed(tmp_path, lie):
    noise = list(np.random.default_rng(0).integers(0, 256, (90, 32, 32, 3), dtype=np.uint8))
    path = write_video(tmp_path / "a.mp4", noise, options={"g": "20", "bf": "0"})
    timeline = scan_video(path)
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


def compare_with_sequential(path, starts):
    """Clips of 16 frames at the starts chosen, against one decoding from the beginning."""
    clips = VideoFolder(path, num_frames=16, resolution=16)
    sequential = np.stack(list(map(Fitter(16), read_video(path).frames)))
    assert clips.num_starts(0) == len(sequential) - 15
    for start in starts(clips.num_starts(0)):
        np.testing.assert_array_equal(clips.clip(0, start), sequential[start : start + 16])


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


def test_seeking_works_where_only_the_first_packet_names_the_encoder(shared, monkeypatch):
    path = shared("datasets/real_videos") / "misc/cockatoo.mp4"
    timeline = scan_video(path)
    monkeypatch.setattr(seek_module, "_from_beginning", None)
    assert len(read_frames(path, timeline, range(150, 154))) == 4


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
