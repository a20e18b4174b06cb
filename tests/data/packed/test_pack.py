import errno
import json
import os
import shutil
import signal
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tgan.data.packed.index as index_module
import tgan.data.packed.pack as pack_module
import tgan.data.packed.parts as parts_module
import tgan.data.packed.workers as workers_module
from tests.made.numbered_videos import numbered_frame, numbers, write_audio, write_video
from tgan.data.packed.index import Settings, read_index
from tgan.data.packed.pack import pack
from tgan.data.packed.space import check_space, estimate_frames
from tgan.data.videos.decode import length_in_header, read_video
from tgan.data.videos.frames import Fitter
from tgan.data.videos.sources import Source, find_sources

SMALL = Settings(resolution=16)
FRAME = 16 * 16 * 3


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Three classes of videos in several formats, 16 to 40 frames long."""
    root = tmp_path_factory.mktemp("videos")
    write_video(root / "a" / "one.mp4", 40, fps=24)
    write_video(root / "a" / "two.avi", 33, codec="mpeg4")
    write_video(root / "b" / "three.webm", 20, codec="libvpx-vp9")
    write_video(root / "c" / "four.mkv", 16)
    frames = [numbered_frame(number, width=16, height=16) for number in range(25)]
    Image.fromarray(np.concatenate(frames, axis=1)).save(root / "c" / "five.png")
    return root


@pytest.fixture
def single(monkeypatch):
    """Gives every video a part of its own."""
    monkeypatch.setattr(pack_module, "_VIDEOS_PER_PART", 1)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def packed_frames(folder: Path) -> dict[str, np.ndarray]:
    """Each video's frames, found by the index alone."""
    content = json.loads((folder / "index.json").read_text())
    shards = [np.load(path) for path in sorted(folder.glob("shard-*.npy"))]
    return {
        video["source"].split("/", 1)[1]: shards[video["shard"]][video["offset"] :][
            : video["frames"]
        ]
        for video in content["videos"]
    }


def test_packed_frames_are_the_decoded_frames(videos, tmp_path):
    index = pack(find_sources([videos], labels="folders"), tmp_path / "out", SMALL)
    packed = packed_frames(tmp_path / "out")
    lengths = {"a/one.mp4": 40, "a/two.avi": 33, "b/three.webm": 20, "c/five.png": 25}
    assert {name: len(frames) for name, frames in packed.items()} == lengths | {"c/four.mkv": 16}
    for name, frames in packed.items():
        assert numbers(frames) == list(range(len(frames))), name
    decoded = np.stack(list(map(Fitter(16), read_video(videos / "a" / "two.avi").frames)))
    np.testing.assert_array_equal(packed["a/two.avi"], decoded)
    assert index.labels == ["a", "b", "c"]
    assert [video.label for video in index.videos] == [0, 0, 1, 2, 2]
    first = index.videos[0]
    assert (first.fps, first.width, first.height) == (24, 64, 64)
    assert read_index(tmp_path / "out") == index
    assert sorted(contents(tmp_path / "out")) == ["index.json", "shard-00000.npy"]


def test_settings(videos, tmp_path):
    settings = Settings(resolution=8, channels=1, stride=3, min_frames=7)
    index = pack(find_sources([videos]), tmp_path / "out", settings)
    packed = packed_frames(tmp_path / "out")
    assert numbers(packed["a/one.mp4"]) == list(range(0, 40, 3))
    assert packed["a/one.mp4"].shape == (14, 8, 8, 1)
    assert index.videos[0].fps == 8
    assert [video.label for video in index.videos] == [None] * 4
    reason = "6 frames, fewer than --min-frames 7"
    assert [(Path(name).name, text) for name, text in index.too_short] == [("four.mkv", reason)]


def test_videos_of_several_rates_become_one(tmp_path):
    for fps in (10, 20, 30):
        write_video(tmp_path / "videos" / f"{fps}.mp4", 3 * fps, fps=fps)
    frames = [numbered_frame(number, width=16, height=16) for number in range(25)]
    Image.fromarray(np.concatenate(frames, axis=1)).save(tmp_path / "videos" / "strip.png")
    scan = find_sources([tmp_path / "videos"])
    index = pack(scan, tmp_path / "out", Settings(resolution=16, fps=20, stride=2, min_frames=2))
    rates = {Path(video.source).name: (video.fps, video.remarks) for video in index.videos}
    assert rates == {
        "10.mp4": (10, ["resampled"]),
        "20.mp4": (10, []),
        "30.mp4": (10, ["resampled"]),
        "strip.png": (None, ["no rate"]),
    }
    packed = packed_frames(tmp_path / "out")
    for fps in (10, 20, 30):
        found = np.array(numbers(packed[f"{fps}.mp4"]))
        assert len(found) == 30
        # Every frame that was kept is within half a frame of its time.
        np.testing.assert_allclose(found / fps, np.arange(30) / 10, atol=0.51 / fps)
    assert numbers(packed["strip.png"]) == list(range(0, 25, 2))
    assert read_index(tmp_path / "out") == index and index.settings.fps == 20


def test_short_videos_are_looped(videos, tmp_path):
    settings = Settings(resolution=16, stride=2, min_frames=1, loop=21)
    index = pack(find_sources([videos], labels="folders"), tmp_path / "out", settings, workers=2)
    packed = packed_frames(tmp_path / "out")
    # Kept frames before looping: 20, 17, 10, 8 and 13.
    assert [video.frames for video in index.videos] == [21] * 5
    for name, length in {"a/one.mp4": 20, "b/three.webm": 10, "c/four.mkv": 8}.items():
        assert numbers(packed[name]) == [2 * (k % length) for k in range(21)], name
    shorter = Settings(resolution=16, loop=18)
    pack(find_sources([videos]), tmp_path / "other", shorter)
    assert numbers(packed_frames(tmp_path / "other")["a/one.mp4"]) == list(range(40))
    assert numbers(packed_frames(tmp_path / "other")["c/four.mkv"]) == [*range(16), 0, 1]


@pytest.mark.parametrize("wrong", [{"loop": 0}, {"stride": 0}, {"channels": 2}, {"aspect": "pad"}])
def test_wrong_settings(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)


def test_shards_hold_whole_videos(videos, tmp_path, monkeypatch, single):
    monkeypatch.setattr(pack_module, "SHARD_BYTES", 50 * FRAME)
    index = pack(find_sources([videos]), tmp_path / "out", SMALL)
    assert index.shards == [73, 61]
    assert [(video.shard, video.offset) for video in index.videos] == [
        (0, 0),
        (0, 40),
        (1, 0),
        (1, 20),
        (1, 45),
    ]
    for frames in packed_frames(tmp_path / "out").values():
        assert numbers(frames) == list(range(len(frames)))


def test_bytes_do_not_depend_on_the_number_of_workers(videos, tmp_path, monkeypatch, single):
    monkeypatch.setattr(pack_module, "SHARD_BYTES", 50 * FRAME)
    scan = find_sources([videos], labels="folders")
    for workers in (1, 2):
        pack(scan, tmp_path / str(workers), SMALL, workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def add_broken(root: Path) -> None:
    whole = (root / "a" / "one.mp4").read_bytes()
    (root / "a" / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (root / "b" / "empty.mp4").touch()
    (root / "b" / "text.avi").write_text("hello\n" * 100)
    write_audio(root / "c" / "sound.mp4")
    write_video(root / "c" / "short.mp4", 10)


def test_broken_videos_are_skipped_by_name(videos, tmp_path):
    root = Path(shutil.copytree(videos, tmp_path / "v"))
    add_broken(root)
    index = pack(find_sources([root], labels="folders"), tmp_path / "out", SMALL, workers=2)
    assert [name for name, _ in index.skipped] == [
        "v/a/cut.mp4",
        "v/b/empty.mp4",
        "v/b/text.avi",
        "v/c/sound.mp4",
    ]
    assert dict(index.skipped)["v/c/sound.mp4"] == "no video stream"
    assert index.too_short == [("v/c/short.mp4", "10 frames, fewer than --min-frames 16")]
    assert len(index.videos) == 5
    for frames in packed_frames(tmp_path / "out").values():
        assert numbers(frames) == list(range(len(frames)))


def test_strict_stops_and_the_same_without_it_goes_on(videos, tmp_path):
    root = Path(shutil.copytree(videos, tmp_path / "v"))
    add_broken(root)
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="v/a/cut.mp4: .*; strict leaves nothing out"):
        pack(find_sources([root]), out, SMALL, strict=True, workers=2)
    assert not (out / "index.json").exists()
    assert len(pack(find_sources([root]), out, SMALL).videos) == 5
    with pytest.raises(ValueError, match="v/a/cut.mp4"):
        pack(find_sources([root]), out, SMALL, strict=True)


def test_strips_of_a_group_that_are_dropped_leave_no_frames(tmp_path):
    root = tmp_path / "v"
    root.mkdir()
    frames = [numbered_frame(number, width=16, height=16) for number in range(20)]
    for name in ("a", "b", "c"):
        Image.fromarray(np.concatenate(frames, axis=1)).save(root / f"{name}.png")
    data = (root / "b.png").read_bytes()
    (root / "b.png").write_bytes(data[: len(data) - 60])
    Image.fromarray(np.concatenate(frames[5:10], axis=1)).save(root / "bb.png")
    index = pack(find_sources([root]), tmp_path / "out", SMALL)
    assert [name for name, _ in index.skipped] == ["v/b.png"]
    assert [name for name, _ in index.too_short] == ["v/bb.png"]
    assert index.num_frames == len(np.load(tmp_path / "out" / "shard-00000.npy")) == 40
    packed = packed_frames(tmp_path / "out")
    assert {name: numbers(f) for name, f in packed.items()} == {
        "a.png": list(range(20)),
        "c.png": list(range(20)),
    }


def test_nothing_kept(videos, tmp_path):
    with pytest.raises(ValueError, match="no video was kept .*5 too short.*fewer than"):
        pack(find_sources([videos]), tmp_path / "out", Settings(resolution=16, min_frames=99))
    assert not list(tmp_path.iterdir())


class Killed(BaseException):
    """Stands for the end of the process: no `except Exception` stops it."""


@pytest.fixture
def kill_at(monkeypatch):
    """Makes the process "die" before or after it gives the k-th finished file its name."""
    original = index_module.put_in_place

    def arm(k: int, *, after: bool) -> None:
        calls, main = [], os.getpid()

        def put_in_place(temporary, path):
            if os.getpid() != main:
                return original(temporary, path)
            calls.append(path)
            if len(calls) == k and not after:
                raise Killed
            original(temporary, path)
            if len(calls) == k:
                raise Killed
            return None

        for module in (index_module, pack_module):
            monkeypatch.setattr(module, "put_in_place", put_in_place)

    return arm


@pytest.mark.parametrize("after", [False, True])
def test_a_run_killed_at_any_file_resumes_to_the_same_bytes(
    videos, tmp_path, monkeypatch, kill_at, after, single
):
    monkeypatch.setattr(pack_module, "SHARD_BYTES", 50 * FRAME)
    scan = find_sources([videos], labels="folders")
    pack(scan, tmp_path / "whole", SMALL)
    expected = contents(tmp_path / "whole")
    # The plan, two shards with a record each, the index.
    for k in range(1, 7):
        out = tmp_path / f"out{k}"
        kill_at(k, after=after)
        with pytest.raises(Killed):
            pack(scan, out, SMALL, workers=2)
        assert (out / "index.json").exists() == (k == 6 and after)
        kill_at(0, after=after)
        pack(scan, out, SMALL)
        assert contents(out) == expected, k


def test_finished_parts_are_not_decoded_again(videos, tmp_path, monkeypatch, single):
    scan, out = find_sources([videos]), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(pack_module, "_write_shard", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            pack(scan, out, SMALL)
    done = sorted(path.name for path in (out / ".parts").glob("*.json"))
    assert done == [*(f"0000000{number}.json" for number in range(5)), "plan.json"]
    # Half a part, one cut short behind the back of its record, and one whose bytes were lost.
    (out / ".parts" / "00000001.json").unlink()
    frames = out / ".parts" / "00000002.frames"
    frames.write_bytes(frames.read_bytes()[:-1])
    frames = out / ".parts" / "00000003.frames"
    frames.write_bytes(frames.read_bytes()[:-FRAME] + bytes(FRAME))
    (out / ".parts" / "00000005.frames.tmp-1").write_bytes(b"rubbish")
    decoded = tmp_path / "decoded"
    original = parts_module._write_frames

    def write_frames(source, *rest):
        with decoded.open("a") as log:
            log.write(f"{Path(source.name).name}\n")
        return original(source, *rest)

    monkeypatch.setattr(parts_module, "_write_frames", write_frames)
    pack(scan, out, SMALL, workers=1)
    assert decoded.read_text().split() == ["two.avi", "three.webm", "five.png"]
    for frames in packed_frames(out).values():
        assert numbers(frames) == list(range(len(frames)))


def test_a_complete_folder_is_left_alone(videos, tmp_path, monkeypatch):
    scan, out = find_sources([videos], labels="folders"), tmp_path / "out"
    index = pack(scan, out, SMALL)
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    monkeypatch.setattr(pack_module, "finished_parts", None)
    assert pack(scan, out, SMALL) == index
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before


def test_other_settings_or_videos_are_refused(videos, tmp_path):
    root, out = Path(shutil.copytree(videos, tmp_path / "v")), tmp_path / "out"
    scan = find_sources([root], labels="folders")
    pack(scan, out, SMALL)
    with pytest.raises(
        ValueError, match="resolution was 16 and is 32; stride was 1 and is 2; choose another"
    ):
        pack(scan, out, Settings(resolution=32, stride=2))
    with pytest.raises(ValueError, match="other video files or labels"):
        pack(find_sources([root]), out, SMALL)
    os.utime(root / "a" / "one.mp4", (1, 1))
    with pytest.raises(ValueError, match="files changed since"):
        pack(find_sources([root], labels="folders"), out, SMALL)
    write_video(root / "a" / "new.mp4", 20)
    with pytest.raises(ValueError, match="videos was 5 and is 6"):
        pack(find_sources([root], labels="folders"), out, SMALL)


def test_an_interrupted_run_with_other_settings_is_refused(videos, tmp_path, monkeypatch):
    scan, out = find_sources([videos]), tmp_path / "out"
    monkeypatch.setattr(pack_module, "_write_shard", lambda *_: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        pack(scan, out, SMALL)
    with pytest.raises(ValueError, match="channels was 3 and is 1"):
        pack(scan, out, Settings(resolution=16, channels=1))


@pytest.mark.parametrize("name", ["notes.txt", "shard-00000.npy", ".parts/mine.txt"])
def test_folders_with_other_files_are_refused(videos, tmp_path, name):
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(ValueError, match="holds other files .* a new or empty folder is needed"):
        pack(find_sources([videos]), tmp_path / "out", SMALL)
    assert path.read_text() == "mine"
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file"):
        pack(find_sources([videos]), tmp_path / "file", SMALL)


def test_labels_never_become_paths(videos, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("one.mp4,../../escaped\ntwo.avi,/absolute\n")
    scan = find_sources([videos], labels="csv", labels_file=table)
    index = pack(scan, tmp_path / "deep" / "er" / "out", SMALL)
    assert index.labels == ["../../escaped", "/absolute"]
    assert not list(tmp_path.rglob("*escaped*"))
    assert sorted(contents(tmp_path / "deep")) == ["er/out/index.json", "er/out/shard-00000.npy"]


Usage = namedtuple("Usage", "total used free")


def test_too_little_space_is_noticed_before_the_work(videos, tmp_path, monkeypatch):
    scan = find_sources([videos])
    assert estimate_frames(scan.sources) == pytest.approx(134, abs=2)
    # The frames, and as much again to join them.
    needed = 2 * 134 * 64 * 64 * 3
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 9e9, needed * 0.9))
    with pytest.raises(ValueError, match=r"5 videos takes about 0.0033 GB, but only 0.003 GB are"):
        pack(scan, tmp_path / "out", Settings())
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 9e9, needed * 0.6))
    pack(scan, tmp_path / "half", Settings(stride=2, min_frames=8))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 9e9, needed * 1.1))
    pack(scan, tmp_path / "out", Settings())


def test_a_header_that_promises_too_much_does_not_keep_others_out(videos, monkeypatch):
    place = "tgan.data.packed.space.length_in_header"
    monkeypatch.setattr(
        place, lambda path: (10**9, 24) if path.name == "one.mp4" else length_in_header(path)
    )
    size = (videos / "a" / "one.mp4").stat().st_size
    assert 40 < estimate_frames(find_sources([videos]).sources) < 134 + size / 8
    two = find_sources([videos / "a" / "two.avi"]).sources
    assert estimate_frames(two) == 33
    # At 25 frames a second.
    assert estimate_frames(two, fps=50) == 66


def test_headers_are_not_read_where_any_number_of_frames_fits(videos, tmp_path, monkeypatch):
    monkeypatch.setattr("tgan.data.packed.space.length_in_header", None)
    sources = find_sources([videos]).sources
    num_bytes = sum(source.path.stat().st_size for source in sources)
    needed = 2 * FRAME * (num_bytes / 8 + 25)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 9e9, needed))
    check_space(sources, tmp_path, SMALL, spare=10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 9e9, FRAME * 1000))
    with pytest.raises(TypeError):
        check_space(sources, tmp_path, SMALL, spare=10**12)


def test_space_for_looped_frames_counts(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", np.zeros((8, 10, 16, 16), np.uint8))
    scan = find_sources([tmp_path / "a.npy"], axes="TNHW")
    settings = Settings(resolution=16, stride=2, min_frames=4, loop=16)
    needed = 2 * 10 * 16 * FRAME
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 9e9, needed - 1))
    with pytest.raises(ValueError, match="packing 10 videos takes about"):
        pack(scan, tmp_path / "out", settings)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 9e9, needed))
    assert pack(scan, tmp_path / "out", settings).num_frames == 160


def test_space_for_looped_frames_counts_where_headers_tell_lengths(videos, tmp_path, monkeypatch):
    scan, settings = find_sources([videos]), Settings(resolution=16, loop=10**6)
    # Nearly all frames are repetitions.
    needed = 5 * 10**6 * FRAME
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 9e9, needed))
    with pytest.raises(ValueError, match="packing 5 videos takes about 4.1 GB, but only 3.8 GB"):
        pack(scan, tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()


def test_many_files_are_estimated_by_their_bytes(videos, monkeypatch):
    monkeypatch.setattr("tgan.data.packed.space._MAX_PROBES", 2)
    scan = find_sources([videos / "a" / "one.mp4", videos / "c" / "four.mkv", videos / "a"])
    sizes = {name: (videos / "a" / name).stat().st_size for name in ("one.mp4", "two.avi")}
    four = (videos / "c" / "four.mkv").stat().st_size
    # Probed: the first and the third of one.mp4, four.mkv, two.avi.
    per_byte = (40 + 33) / sum(sizes.values())
    assert estimate_frames(scan.sources) == round(per_byte * (sum(sizes.values()) + four))


def test_small_files_share_a_part_and_large_ones_do_not(tmp_path):
    def jobs_of(*sizes):
        sources = []
        for number, size in enumerate(sizes):
            path = tmp_path / f"{number}.mp4"
            path.touch()
            os.truncate(path, size)
            sources.append(Source(path, path.name, path.name, None, tmp_path))
        return [[int(s.path.stem) for s in job.sources] for job in pack_module._jobs(sources)]

    small, large = 10_000, 2**26
    assert [len(job) for job in jobs_of(*[small] * 150)] == [64, 64, 22]
    assert jobs_of(large, large, small, small, large, small) == [[0], [1], [2, 3, 4], [5]]
    # Of a megabyte each.
    assert [len(job) for job in jobs_of(*[2**20] * 9)] == [4, 4, 1]
    rows = [
        Source(Path("a.npy"), "", "", None, Path(), num_frames=n) for n in (500, 500, 500, 20, 2000)
    ]
    assert [len(job.sources) for job in pack_module._jobs(rows)] == [3, 2]


def full_disk(job, folder, settings):
    if job.number == 2:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return parts_module.pack_part(job, folder, settings)


def dying_worker(job, folder, settings):
    if job.number == 2:
        (folder / "00000002.frames.tmp-7").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return parts_module.pack_part(job, folder, settings)


@pytest.mark.parametrize(
    ("accident", "message"),
    [
        (full_disk, "No space left on device while packing .*three.webm; finished videos are kept"),
        (dying_worker, "a worker process was killed while packing .*three.webm.*; finished"),
    ],
)
def test_accidents_name_the_video_and_lose_nothing(
    videos, tmp_path, monkeypatch, accident, message, single
):
    scan, out = find_sources([videos]), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(workers_module, "pack_part", accident)
        with pytest.raises(OSError, match=message):
            pack(scan, out, SMALL)
    assert not (out / "index.json").exists()
    pack(scan, out, SMALL)
    pack(scan, tmp_path / "whole", SMALL)
    assert contents(out) == contents(tmp_path / "whole")
