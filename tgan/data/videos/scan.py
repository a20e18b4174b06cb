"""What a search for videos found, and what became of every file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tgan.data.account import FATES, TAKEN, Account, Ledger
from tgan.data.videos.decode import Recording


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes:
        strips: every picture is a strip of square frames.
        axes: of arrays, see `tgan.data.videos.arrays.axes_of`; None for what their shapes allow.
        least: frames that a video has at least, to tell the axes of an array by.
        frame_rate: of what states none: pictures, strips and arrays.
        pixel_bounds: what becomes black and white in pictures of more than 8 bits, see
            `tgan.data.pictures.levels.eight_bits`.
    """

    strips: bool = False
    axes: str | None = None
    least: int = 1
    frame_rate: float | None = None
    pixel_bounds: Sequence[float] | None = None


@dataclass(frozen=True)
class Source:
    """One video to read.

    Attributes:
        name: where it came from, for reports: the name of the file or folder that was searched,
            and the path below it.
        relative: the path below that folder.
        read: opens the video for one reading.
        root: the folder that was searched, or the file itself.
        num_frames: None where only decoding can tell.
        row: the number of the video in a file that holds several.
        others: the files that it is made of besides `path`.
    """

    path: Path
    name: str
    relative: str
    read: Callable[[], Recording]
    root: Path
    label: str | None = None
    num_frames: int | None = None
    row: int | None = None
    others: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that it is made of."""
        return self.path, *self.others


@dataclass
class Scan:
    """The videos found by a search.

    Attributes:
        reading: how files are read.
        ledger: what became of the files that gave no video.
        skipped: `(name, reason)` of files that cannot be used.
        unmatched: `(file, reason)` of rows of lists that name none of the videos.
        notes: `(name, text)` of what was taken, but may not have been meant so.
    """

    reading: Reading = Reading()
    sources: list[Source] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    unmatched: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def drop(self, sources: list[Source], fate: str, reason: str = "") -> None:
        """Take videos out; their files have this fate unless they hold others that stay."""
        dropped = {id(source) for source in sources}
        self.sources = [source for source in self.sources if id(source) not in dropped]
        for source in sources:
            for path in source.files:
                self.ledger.enter(path, fate)
        if reason:
            self.skipped += [(source.name, reason) for source in sources]

    def account(self, fates: Mapping[str, str] = MappingProxyType({})) -> Account:
        """Count the fates of all files.

        Args:
            fates: of videos by their names, where they are known; the others are taken. A file
                that holds several videos has the best of theirs.
        """
        of_files: dict[Path, str] = {}
        for source in self.sources:
            fate = fates.get(source.name, TAKEN)
            for path in source.files:
                of_files[path] = min(of_files.get(path, fate), fate, key=_BEST_FIRST.index)
        return self.ledger.account(of_files)


# A file of two videos, one too short and one broken, is broken.
_BEST_FIRST = FATES
