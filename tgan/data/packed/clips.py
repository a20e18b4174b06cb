"""Clips of a packed folder, read from its shards."""

import hashlib
import json
from pathlib import Path

import numpy as np

from tgan.data.channels import with_channels
from tgan.data.packed.index import read_index
from tgan.data.packed.shards import Shards
from tgan.data.spans import check_start, clip_span, common_rate, too_short_message


class PackedClips:
    """Clips of a folder that `tgan prepare` has packed.

    Videos shorter than a clip are left out; `num_too_short` counts them. `channels` converts on
    reading, None keeps the folder's.

    Raises:
        ValueError: not a packed folder or a damaged one, or no video is as long as a clip.

    Example:
        >>> clips = PackedClips("data/actions", num_frames=16)
        >>> clips.labels, clips.clip(0, start=3).shape
        (['bend', 'wave'], (16, 64, 64, 3))
    """

    def __init__(
        self, path: Path | str, *, num_frames: int, stride: int = 1, channels: int | None = None
    ) -> None:
        self._path = Path(path).absolute()
        self._index = read_index(self._path)
        self._stride = stride
        self.num_frames = num_frames
        self.channels = channels or self._index.settings.channels
        self.labels = self._index.labels
        self._span = clip_span(num_frames, stride)
        self._videos = [video for video in self._index.videos if video.frames >= self._span]
        self.num_too_short = len(self._index.videos) - len(self._videos)
        # Preparing has reported what it skipped.
        self.skipped: list[tuple[str, str]] = []
        if not self._videos:
            longest = max((video.frames for video in self._index.videos), default=0)
            raise ValueError(too_short_message(self._path, longest, num_frames, stride))
        settings = self._index.settings
        self._shards = Shards(self._path, self._index.shards, settings.frame_shape)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, H, W, C) of a clip."""
        return self.num_frames, *self._index.settings.frame_shape[:2], self.channels

    @property
    def resolution(self) -> int:
        """The side of a frame."""
        return self._index.settings.resolution

    @property
    def resampled_to(self) -> float | None:
        """The rate that videos were resampled to, before the stride; None where they were not."""
        return self._index.settings.fps

    @property
    def fps(self) -> float | None:
        """Frames per second of the clips of most videos; None where no video has a rate."""
        return common_rate([video.fps for video in self._videos], self._stride)

    @property
    def names(self) -> list[str]:
        """Names of the files that the videos were made of."""
        return [video.source for video in self._videos]

    def __len__(self) -> int:
        return len(self._videos)

    def num_starts(self, index: int) -> int:
        """Count the first frames that a clip of this video can have: every one that fits."""
        return self._videos[index].frames - self._span + 1

    def label(self, index: int) -> int | None:
        """Return the class of a video, a position in `labels`."""
        return self._videos[index].label

    def clip(self, index: int, start: int) -> np.ndarray:
        """Read the clip (T, H, W, C), uint8, from frame `start`.

        Raises:
            IndexError: no such video, or a clip from `start` does not fit into it.
            OSError: the shard cannot be read any more.
        """
        check_start(self, index, start)
        video = self._videos[index]
        first = video.offset + start
        frames = self._shards.read(video.shard, first, self._span, self._stride)
        return with_channels(frames, self.channels)

    def fingerprint(self) -> str:
        """Compute a SHA-256 of what the folder holds: places and classes, and samples of bytes."""
        index = self._index
        places = [[v.shard, v.offset, v.frames, v.label] for v in index.videos]
        content = [index.settings.frame_shape, index.labels, places, index.checksums]
        digest = hashlib.sha256(json.dumps(content).encode())
        digest.update(self._shards.fingerprint().encode())
        return digest.hexdigest()
