"""Damaged videos: each is read as frames or named with a reason, and harms no other."""

import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.made.damage import damaged
from tests.made.numbered_videos import numbered_frame
from tests.made.numbered_videos import write_video as encode
from tgan.data.packed.clips import PackedClips
from tgan.data.videos.folder import VideoFolder
from tgan.media.video import write_video
from tgan.system.memory import peak_resident

ROOT = Path(__file__).parents[3]
# Damaged videos, for each of the two ways to read.
COUNT = int(2000 * float(os.environ.get("TGAN_TIMES", "1")))
# Seeds whose damage brings down nothing outside of this package; and how many one call prepares.
FOLDER_SEED, PREPARE_SEED, CALL = 1, 2, 250
# Seconds for a small video on a busy machine, and for a call that prepares `CALL` of them.
SECONDS, CALL_SECONDS = 60, 600
# Bytes that a process which reads small videos may take at most, and what it never gets.
MOST, LIMIT = 2**29, 2**33
FRAMES, SIDE = 8, 16
OWN = ("own.mp4", "own.gif", "own.webp", "own.png")
ENCODED = {
    "h264.mkv": {"options": {"x264-params": "open-gop=1:keyint=6:bframes=3:log-level=none"}},
    "h264.ts": {"options": {"bf": "2", "g": "6"}},
    "ten_bit.mp4": {"pix_fmt": "yuv420p10le"},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "divx.avi": {"codec": "mpeg4", "options": {"bf": "2", "g": "6"}},
    "mpeg.mpg": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime"}},
    "vp8.webm": {"codec": "libvpx", "options": {"deadline": "realtime"}},
    "ffv1.mkv": {"codec": "ffv1"},
    "motion.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "sorenson.flv": {"codec": "flv"},
    "windows.asf": {"codec": "wmv2"},
}
# What is left of these may be a picture, or an array, that is no video: nothing to name.
MAY_BE_PASSED_OVER = (".png", ".webp")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of sound videos of 20 frames, by name."""
    folder = tmp_path_factory.mktemp("sound")
    frames = np.stack([numbered_frame(number, width=32, height=32) for number in range(20)])
    for name in OWN:
        write_video(folder / name, frames)
    for name, options in ENCODED.items():
        encode(folder / name, frames, **options)
    np.save(folder / "grey.npy", frames[:, None, :, :, 0])
    np.savez_compressed(folder / "rows.npz", video=frames[None])
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def victims(sound, seed, count=COUNT):
    """Names and bytes of damaged videos."""
    for number in range(count):
        draws = np.random.default_rng((seed, number))
        name = list(sound)[number % len(sound)]
        yield f"{number:05d}-{name}", damaged(sound[name], draws)


def write(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


class Reader:
    """A process that reads folders of videos, one after the other, and is watched."""

    def __init__(self):
        self._process = None

    def read(self, folder):
        """What `_read` finds, or how the process ended."""
        if self._process is None:
            self._start()
        self._end.send(folder)
        try:
            if self._end.poll(SECONDS):
                return self._end.recv()
            how = f"no answer within {SECONDS} s"
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            how = signal.Signals(-code).name if code < 0 else f"status {code}"
        self.close()
        return how

    def close(self):
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def _start(self):
        context = multiprocessing.get_context("spawn")
        self._end, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there,), daemon=True)
        self._process.start()
        there.close()


def _serve(end):
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        try:
            folder = end.recv()
        except EOFError:
            return
        try:
            found = _read(folder)
        except BaseException as error:  # noqa: BLE001
            found = f"{type(error).__name__}: {error}"
        end.send(found)


def _read(folder):
    """Clips by the name of their video, reasons by the name of the others, and memory in bytes."""
    source = VideoFolder(folder, num_frames=FRAMES, resolution=SIDE)
    clips, reasons = {}, dict(source.skipped)
    for index, name in enumerate(source.names):
        last = source.num_starts(index) - 1
        try:
            clips[name] = np.stack([source.clip(index, start) for start in {0, last // 2, last}])
        except ValueError as error:
            reasons[name] = str(error)
    return clips, reasons, source.num_too_short, peak_resident()


@pytest.mark.slow
@pytest.mark.timeout(COUNT * 5)
def test_read_from_a_folder(sound, tmp_path, record_property):
    reader, outcomes = Reader(), Counter()
    folder = tmp_path / "v"
    whole = "whole.mkv"
    write(folder, whole, sound["ffv1.mkv"])
    expected = reader.read(folder)[0]
    assert list(expected) == [f"v/{whole}"]
    for name, content in victims(sound, FOLDER_SEED):
        write(folder, name, content)
        found = reader.read(folder)
        (folder / name).unlink()
        assert not isinstance(found, str), (name, found)
        clips, reasons, num_too_short, most = found
        np.testing.assert_array_equal(clips.pop(f"v/{whole}"), expected[f"v/{whole}"])
        read = [clip for clip in clips.values() if clip.shape[1:] == (FRAMES, SIDE, SIDE, 3)]
        assert len(read) == len(clips) and all(clip.dtype == np.uint8 for clip in read), name
        assert all(key.startswith(f"v/{name}") for key in [*clips, *reasons]), name
        assert all(reason and "\n" not in reason for reason in reasons.values()), name
        assert most < MOST, (name, most)
        passed_over = not clips and not reasons and not num_too_short
        assert not passed_over or name.endswith(MAY_BE_PASSED_OVER), name
        outcomes += Counter(
            read=bool(clips), named=bool(reasons), short=bool(num_too_short), over=passed_over
        )
    reader.close()
    print(f"{COUNT} damaged videos: {dict(outcomes)}, at most {most / 1e6:.0f} MB")
    # Both happen often.
    assert outcomes["read"] > COUNT / 20 and outcomes["named"] > COUNT / 4


def prepare(folder, out):
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tgan", "prepare", str(folder), "--out", str(out)]
        + ["--resolution", str(SIDE), "--min-frames", str(FRAMES), "--workers", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=CALL_SECONDS,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    return done, time.monotonic() - begun


def source_of(name):
    """The name of a file, without the number of a video in it."""
    return name.partition("[")[0].removeprefix("v/")


@pytest.mark.slow
@pytest.mark.timeout(COUNT * 5)
def test_prepared(sound, tmp_path):
    outcomes = Counter()
    whole = {f"{number:05d}-whole.mkv" for number in range(0, COUNT, 50)}
    write(tmp_path / "alone" / "v", "whole.mkv", sound["ffv1.mkv"])
    done, _ = prepare(tmp_path / "alone" / "v", tmp_path / "alone" / "packed")
    assert done.returncode == 0, done.stderr
    expected = PackedClips(tmp_path / "alone" / "packed", num_frames=20).clip(0, 0)
    everything = list(victims(sound, PREPARE_SEED))
    for first in range(0, COUNT, CALL):
        place = tmp_path / str(first)
        names = [name for name, _ in everything[first : first + CALL]]
        for name, content in everything[first : first + CALL]:
            write(place / "v", name, content)
        beside = sorted(name for name in whole if first <= int(name[:5]) < first + CALL)
        for name in beside:
            write(place / "v", name, sound["ffv1.mkv"])
        done, seconds = prepare(place / "v", place / "packed")
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
        index = json.loads((place / "packed" / "index.json").read_text())
        kept = {source_of(video["source"]) for video in index["videos"]}
        reasons = {source_of(name): why for name, why in index["skipped"] + index["too_short"]}
        assert all(reasons.values())
        assert all(
            f"{name}: {reasons[source_of(name)]}" in done.stderr for name, _ in index["skipped"]
        )
        missing = set(names) - kept - set(reasons)
        assert all(name.endswith(MAY_BE_PASSED_OVER) for name in missing), missing
        check_sound(place / "packed", beside, expected)
        outcomes += Counter(read=len(kept) - len(beside), named=len(reasons), over=len(missing))
        print(f"{first + len(names)} damaged videos: {dict(outcomes)}, the last in {seconds:.1f} s")
    assert outcomes["read"] > COUNT / 20 and outcomes["named"] > COUNT / 4


def check_sound(packed, beside, expected):
    """Sound videos come out as they do alone."""
    clips = PackedClips(packed, num_frames=FRAMES)
    found = [index for index, name in enumerate(clips.names) if source_of(name) in beside]
    assert len(found) == len(beside)
    for index in found:
        assert clips.num_starts(index) == len(expected) - FRAMES + 1
        for start in (0, len(expected) - FRAMES):
            np.testing.assert_array_equal(
                clips.clip(index, start), expected[start : start + FRAMES]
            )
