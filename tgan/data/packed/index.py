"""Format of a packed folder: `index.json` beside shards of uint8 frames.

A shard is a NumPy file (frames, H, W, C) with the frames of whole videos one after the other;
`numpy.load(shard, mmap_mode="r")` reads it without this package.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tgan.data.videos.frames import ASPECTS

FORMAT = 1
INDEX_NAME = "index.json"
# Holds what an unfinished prepare has done so far.
PARTS_NAME = ".parts"


@dataclass(frozen=True)
class Settings:
    """Settings that the frames of a packed folder depend on, besides the videos.

    Every `stride`-th frame is kept. Videos with fewer than `loop` kept frames are repeated until
    they have so many (None: none is); those with fewer than `min_frames` then are left out.

    Raises:
        ValueError: a value out of range, with its choices.

    Example:
        >>> Settings(resolution=32, channels=1).frame_shape
        (32, 32, 1)
    """

    resolution: int = 64
    channels: int = 3
    stride: int = 1
    min_frames: int = 16
    aspect: str = "crop"
    loop: int | None = None

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3, not {self.channels}")
        if self.aspect not in ASPECTS:
            raise ValueError(f"unknown aspect '{self.aspect}'; choose from {', '.join(ASPECTS)}")
        for name in ("resolution", "stride", "min_frames", "loop"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return self.resolution, self.resolution, self.channels

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.resolution**2 * self.channels


@dataclass(frozen=True)
class PackedVideo:
    """Place of a video: `frames` frames in shard number `shard`, from `offset`.

    `fps` is the rate after the stride, None where the file stated none; `width` and `height` are
    the original's; `label` is a position in the index's labels.
    """

    source: str
    shard: int
    offset: int
    frames: int
    fps: float | None
    width: int
    height: int
    label: int | None


@dataclass(frozen=True)
class Index:
    """Content of `index.json`.

    Attributes:
        num_sources, fingerprint: of the videos that were packed.
        shards: frames of each shard.
        skipped, too_short: `(name, reason)` of videos that were left out.
    """

    settings: Settings
    num_sources: int
    fingerprint: str
    labels: list[str]
    shards: list[int]
    videos: list[PackedVideo]
    skipped: list[tuple[str, str]]
    too_short: list[tuple[str, str]]

    @property
    def num_frames(self) -> int:
        """Frames in all shards."""
        return sum(self.shards)


def shard_name(number: int) -> str:
    """Return the file name of a shard."""
    return f"shard-{number:05d}.npy"


def open_shard(path: Path, shape: tuple[int, int, int, int]) -> np.ndarray:
    """Map a shard of this shape, (frames, H, W, C), into memory, read-only.

    Raises:
        ValueError: the file is missing or holds something else.
    """
    try:
        frames = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise ValueError(f"{path} is missing: prepare the videos again") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error}): prepare the videos again") from error
    if frames.shape != shape or frames.dtype != np.uint8:
        found = f"{frames.dtype} {frames.shape}"
        raise ValueError(f"{path} should hold uint8 {shape}, but holds {found}")
    return frames


def read_index(folder: Path) -> Index:
    """Read and check `index.json` of a packed folder.

    Raises:
        ValueError: it is missing, malformed, or of a format this version does not know.
    """
    path = folder / INDEX_NAME
    if not path.is_file():
        raise ValueError(f"{folder} is not a packed folder: it has no {INDEX_NAME}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("format")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{path} is not an index of packed videos") from error
    if version != FORMAT:
        raise ValueError(f"{path} has format {version}; this version of tgan reads format {FORMAT}")
    try:
        index = _parse(content)
        _check_places(index)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); prepare the videos again") from error
    return index


def write_index(folder: Path, index: Index) -> None:
    """Write `index.json` whole or not at all; afterwards the folder counts as complete."""
    content = {"format": FORMAT, **asdict(index)}
    write_json(folder / INDEX_NAME, content, aside=folder / PARTS_NAME)


def write_json(path: Path, content: dict[str, Any], *, aside: Path) -> None:
    """Write JSON whole or not at all, by way of a temporary file in the folder `aside`."""
    temporary = aside / f"{path.name}.tmp-{os.getpid()}"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        flush_to_disk(file)
    put_in_place(temporary, path)


def flush_to_disk(file: IO) -> None:
    """Wait until what was written to an open file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def put_in_place(temporary: Path, path: Path) -> None:
    """Give a finished file its name; a crash leaves the old file or the new, never a mixture."""
    temporary.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _parse(content: dict[str, Any]) -> Index:
    return Index(
        **content
        | {
            "settings": Settings(**content["settings"]),
            "videos": [PackedVideo(**video) for video in content["videos"]],
            "skipped": [tuple(pair) for pair in content["skipped"]],
            "too_short": [tuple(pair) for pair in content["too_short"]],
        }
    )


def _check_places(index: Index) -> None:
    for video in index.videos:
        end = video.offset + video.frames
        if not (0 <= video.offset < end <= index.shards[video.shard] and video.shard >= 0):
            raise ValueError(f"the frames of {video.source} lie outside their shard")
        if video.label is not None and not 0 <= video.label < len(index.labels):
            raise ValueError(f"the label of {video.source} has no name")
