"""Views of clips: what is shown and written of samples, whatever their channels mean."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tgan.config import DataConfig
from tgan.config.tiles import TileSet
from tgan.data.tiles.text import SUFFIX, level_text
from tgan.data.tiles.windows import tiles_of
from tgan.media.sample_folder import ending_of, write_sample
from tgan.media.tiles import GAP, legend, paint

Shape = tuple[int, int, int, int]


class View:
    """Clips as they are: their channels are colours, and transparency or depth."""

    def __call__(self, clips: np.ndarray) -> np.ndarray:
        """Return what is shown of clips (N, T, H, W, C), uint8: pictures (N, T, H', W', C')."""
        return clips

    def shape(self, clip: Shape) -> Shape:
        """Return the shape (T, H', W', C') of what is shown of a clip (T, H, W, C)."""
        return clip

    def legend(self, width: int) -> np.ndarray | None:
        """Draw what goes below pictures of so many pixels: (H, width, 3), or nothing."""
        return None

    def ending(self, num_frames: int) -> str:
        """Return the ending of a file with one sample."""
        return ending_of(num_frames)

    def write(self, path: Path, clip: np.ndarray, fps: float) -> None:
        """Write one sample (T, H, W, C) into a file of that ending."""
        write_sample(path, clip, fps)


class TileView(View):
    """Levels: painted tiles with a legend, and files of text.

    Args:
        tiles: a plane of the clips each.
        window: rows and columns that are shown; the others are padding.
    """

    def __init__(self, tiles: TileSet, window: tuple[int, int]) -> None:
        self.tiles, self.window = tiles, window

    def __call__(self, clips: np.ndarray) -> np.ndarray:
        return paint(self.levels(clips), self.tiles)[:, None]

    def shape(self, clip: Shape) -> Shape:
        return 1, self.window[0] + GAP, self.window[1] + GAP, 3

    def levels(self, clips: np.ndarray) -> np.ndarray:
        """Return the numbers of the tiles of clips (N, 1, S, S, V): (N, rows, columns), uint8."""
        return tiles_of(clips, self.window)

    def legend(self, width: int) -> np.ndarray:
        return legend(self.tiles, width)

    def ending(self, num_frames: int) -> str:
        return SUFFIX

    def write(self, path: Path, clip: np.ndarray, fps: float) -> None:
        (level,) = self.levels(clip[None])
        path.write_text(level_text(level, self.tiles), encoding="utf-8")


def level_view(data: DataConfig) -> TileView:
    """The view of windows of levels."""
    height, width = data.window or (data.resolution, data.resolution)
    return TileView(TileSet.of(data.tiles), (height, width))


# By data set; all others are shown as they are.
VIEWS: dict[str, Callable[[DataConfig], View]] = {"levels": level_view}


def view_of(data: DataConfig) -> View:
    """The view of the clips, and of the samples, that settings of data describe."""
    return VIEWS[data.name](data) if data.name in VIEWS else View()
