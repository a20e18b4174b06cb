"""Format of a packed folder: `index.json` beside shards of uint8 frames.

A shard is a NumPy file (frames, H, W, C) with the frames of whole videos one after the other;
`numpy.load(shard, mmap_mode="r")` reads it without this package, and `sha256sum` computes its
checksum.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from tgan.data.account import Account
from tgan.data.packed.checking import (
    INDEX,
    SETTINGS,
    VIDEO,
    check_counts,
    check_fields,
    check_places,
)
from tgan.data.videos.frames import ASPECTS
from tgan.media.rates import check_fps
from tgan.system.files import flush_folder

# Format 1 had no checksums, format 2 no account of files, no setting `fps` and no remarks.
FORMAT = 3
INDEX_NAME = "index.json"
# Holds what an unfinished prepare has done so far.
PARTS_NAME = ".parts"
_CHECKSUM = "sha256"
_PAIRS = ("skipped", "too_short", "not_taken", "unmatched", "notes")

# Far beyond any use, and short of what a typing slip asks the disk for.
_AT_MOST = {"resolution": 4096, "stride": 10**6, "min_frames": 10**7, "loop": 10**6}


@dataclass(frozen=True)
class Settings:
    """Settings that the frames of a packed folder depend on, besides the videos.

    Videos are resampled to `fps` frames a second (None: every frame is taken as it comes); every
    `stride`-th of these is kept. Videos with fewer than `loop` kept frames are repeated until
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
    fps: float | None = None

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3, not {self.channels}")
        if self.aspect not in ASPECTS:
            raise ValueError(f"unknown aspect '{self.aspect}'; choose from {', '.join(ASPECTS)}")
        for name, most in _AT_MOST.items():
            value = getattr(self, name)
            if value is not None and not 1 <= value <= most:
                raise ValueError(f"{name} must be from 1 to {most:,}, not {value}")
        if self.fps is not None:
            check_fps("", self.fps)

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

    `fps` is the rate after resampling and stride, None where the file stated none; `width` and
    `height` are the original's; `label` is a position in the index's labels; `remarks` are keys of
    `tgan.data.videos.remarks.REMARKS`.
    """

    source: str
    shard: int
    offset: int
    frames: int
    fps: float | None
    width: int
    height: int
    label: int | None
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Index:
    """Content of `index.json`.

    Attributes:
        num_sources, fingerprint: of the videos that were packed.
        shards: frames of each shard.
        skipped, too_short: `(name, reason)` of videos that were left out.
        checksums: SHA-256 of each shard's file; none in folders of earlier versions.
        files: how many of the files that were found had which fate, see
            `tgan.data.account.FATES`, and `ignored` ones by their endings in `ignored`; nothing
            in folders of earlier versions, as in the following.
        not_taken: `(name, reason)` of duplicates and broken links.
        unmatched: `(file, reason)` of rows of lists that name no video.
        notes: `(name, text)` of what was taken, but may not have been meant so.
    """

    settings: Settings
    num_sources: int
    fingerprint: str
    labels: list[str]
    shards: list[int]
    videos: list[PackedVideo]
    skipped: list[tuple[str, str]]
    too_short: list[tuple[str, str]]
    checksums: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    not_taken: list[tuple[str, str]] = field(default_factory=list)
    unmatched: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def num_frames(self) -> int:
        """Frames in all shards."""
        return sum(self.shards)

    @property
    def account(self) -> Account:
        """What became of all files that were found."""
        return Account(self.files, self.ignored)


def read_index(folder: Path) -> Index:
    """Read `index.json` of a packed folder, and check all of it.

    Raises:
        ValueError: it is missing, damaged, or of a format this version does not know.
    """
    path = folder / INDEX_NAME
    if not path.is_file():
        raise ValueError(f"{folder} is not a packed folder: it has no {INDEX_NAME}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("format")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is not an index of packed videos") from error
    if version not in range(1, FORMAT + 1):
        raise ValueError(f"{path} has format {version}; this version of tgan reads format {FORMAT}")
    try:
        if version > 1 and content.pop(_CHECKSUM, None) != _checksum(content):
            raise ValueError("its checksum is another")
        return _parse(content)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); prepare the videos again") from error


def write_index(folder: Path, index: Index) -> None:
    """Write `index.json` whole or not at all; afterwards the folder counts as complete."""
    content = asdict(index)
    whole = {"format": FORMAT, **content, _CHECKSUM: _checksum(content)}
    write_json(folder / INDEX_NAME, whole, aside=folder / PARTS_NAME)


def _checksum(content: dict[str, Any]) -> str:
    """SHA-256 of the content of an index, however it is laid out."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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
    flush_folder(path.parent)


def _parse(content: dict[str, Any]) -> Index:
    check_fields(content, INDEX, Index, "the index")
    check_fields(content["settings"], SETTINGS, Settings, "the settings")
    for number, video in enumerate(content["videos"]):
        check_fields(video, VIDEO, PackedVideo, f"video {number}")
    index = Index(
        **content
        | {
            "settings": Settings(**content["settings"]),
            "videos": [PackedVideo(**video) for video in content["videos"]],
        }
        | {name: [tuple(pair) for pair in content.get(name, [])] for name in _PAIRS}
    )
    check_places(index)
    check_counts(index)
    return index
