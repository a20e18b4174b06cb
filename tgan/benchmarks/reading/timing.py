"""Times of reading videos: by PyAV alone, by `prepare`, and clip by clip as training does."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from tgan.benchmarks.reading.yardstick import by_file, by_frame, count
from tgan.data.loader import ClipBatches
from tgan.data.packed.prepare import prepare
from tgan.data.videos.folder import KEEP_BYTES, VideoFolder
from tgan.data.videos.sources import find_sources

# Clips that are read at a time.
_BATCH = 16


@dataclass(frozen=True)
class Spent:
    """Seconds of processors, over all threads and processes, and of the clock."""

    processor: float
    clock: float


def time_prepare(folder: Path, *, resolution: int, rounds: int) -> dict[str, list[Spent]]:
    """Time `prepare` with one process, and PyAV's loops, in turn: seconds per frame of each.

    Raises:
        ValueError: no video files there.
    """
    found = find_sources([folder]).sources
    paths = [source.path for source in found if source.num_frames is None]
    if not paths:
        raise ValueError(f"no video files in {folder}")
    with tempfile.TemporaryDirectory() as place:
        ways = {
            "PyAV, frame.reformat": partial(count, paths, resolution, by_frame),
            "PyAV, one reformatter": partial(count, paths, resolution, by_file),
            "tgan prepare": partial(_prepare, paths, Path(place), resolution),
        }
        spent: dict[str, list[Spent]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                spent[name].append(_time(way))
    return spent


def time_clips(
    folder: Path, *, resolution: int, num_frames: int, threads: int, seconds: float
) -> dict[str, Spent]:
    """Time clips as training draws them: seconds per clip of those decoded, and of those kept.

    Raises:
        ValueError: as `VideoFolder`.
    """
    settings = {"num_frames": num_frames, "resolution": resolution}
    decoded, kept = (VideoFolder(folder, **settings, keep_bytes=n) for n in (0, KEEP_BYTES))
    spent = {}
    before = torch.get_num_threads()
    for name, source, number in (
        ("decoded, 1 thread", decoded, 1),
        (f"decoded, {threads} threads", decoded, threads),
        (f"{kept.num_kept} of {len(kept)} videos kept", kept, 1),
    ):
        torch.set_num_threads(number)
        batches = ClipBatches(source, batch_size=_BATCH, seed=0)
        spent[name] = _time(partial(_read, batches, seconds))
    torch.set_num_threads(before)
    return spent


def _prepare(paths: list[Path], place: Path, resolution: int) -> int:
    with tempfile.TemporaryDirectory(dir=place) as out:
        settings = {"resolution": resolution, "min_frames": 1, "workers": 1}
        return prepare(paths, Path(out) / "packed", **settings).index.num_frames


def _read(batches: ClipBatches, seconds: float) -> int:
    """Read batches for some seconds, and count their clips."""
    number, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        batches[number]
        number += 1
    return number * _BATCH


def _time(work: Callable[[], int]) -> Spent:
    """What each of the things took that some work counts."""
    processor, clock = _processor(), time.perf_counter()
    number = work()
    return Spent((_processor() - processor) / number, (time.perf_counter() - clock) / number)


def _processor() -> float:
    """Seconds of this process and of those that it has waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
