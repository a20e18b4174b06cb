"""Speed of the loader: packed clips are read, drawn, gathered and normalised."""

import tempfile
import time
from pathlib import Path

import numpy as np

from tgan.data.loader import ClipBatches
from tgan.data.packed.clips import PackedClips
from tgan.data.packed.index import PARTS_NAME, Index, PackedVideo, Settings, write_index
from tgan.data.packed.shards import shard_name
from tgan.data.pixels import normalise

_VIDEOS, _FRAMES = 64, 120


def clips_per_second(*, batch_size: int = 32, seconds: float = 2.0) -> float:
    """Count normalised clips (3, 16, 64, 64) per second in this process, from a cached folder.

    Random pixels in a temporary packed folder, read as training reads it; the first batches are
    not timed.
    """
    with tempfile.TemporaryDirectory() as folder:
        _write_packed(Path(folder))
        batches = ClipBatches(PackedClips(folder, num_frames=16), batch_size=batch_size, seed=0)
        for number in range(10):
            normalise(batches[number][0])
        begin, number = time.perf_counter(), 10
        while time.perf_counter() - begin < seconds:
            normalise(batches[number][0])
            number += 1
        return (number - 10) * batch_size / (time.perf_counter() - begin)


def _write_packed(folder: Path) -> None:
    settings = Settings()
    frames = _VIDEOS * _FRAMES
    pixels = np.random.default_rng(0).integers(0, 256, (frames, *settings.frame_shape), np.uint8)
    np.save(folder / shard_name(0), pixels)
    videos = [
        PackedVideo(f"video-{i}", 0, i * _FRAMES, _FRAMES, 25.0, 64, 64, None)
        for i in range(_VIDEOS)
    ]
    (folder / PARTS_NAME).mkdir()
    write_index(folder, Index(settings, _VIDEOS, "", [], [frames], videos, [], []))
