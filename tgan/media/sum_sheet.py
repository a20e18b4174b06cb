"""Sheets of latent arithmetic: the samples and the mean of each group, and the sum decoded.

Frames are NumPy arrays (T, H, W, C), uint8; torch is not needed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tgan.media.video import enlarge, with_fourth_beside

WHITE, BLACK = 255, 0
# The sum is the middle one of a square of this side; the others are variants of it.
BLOCK = 3
# Of a video's height: between videos, the column of a sign, the height of a heading.
_GAP, _SIGN, _HEADING = 1 / 16, 1 / 2, 1 / 6
_MIN_HEADING = 12

Shape = tuple[int, int, int, int]


@dataclass(frozen=True)
class SumSheet:
    """A row for each group, its samples and their mean, and on the right the sum among variants.

    Args:
        signs: 1 or -1 for each group.
        sizes: samples in each group.
        jitter: what the variants differ by, for the heading.

    Example:
        >>> sheet = SumSheet(signs=[1, -1, 1], sizes=[3, 3, 3], jitter=0.25)
        >>> page = sheet.draw(videos, scale=2)

    Source: Radford et al. 2016 (DCGAN), Figure 7.
    """

    signs: list[int]
    sizes: list[int]
    jitter: float

    def shape(self, clip: Shape, scale: int) -> Shape:
        """Return the shape of what `draw` makes of clips (T, H, W, C)."""
        measures = _Measures.of(clip, scale)
        rows, longest = max(len(self.sizes), BLOCK), max(self.sizes)
        height = measures.heading + rows * measures.down
        width = (longest + 1 + BLOCK) * measures.across + 3 * measures.sign
        # H.264 wants even sides.
        return clip[0], height + height % 2, width + width % 2, 3

    def draw(self, videos: np.ndarray, scale: int) -> np.ndarray:
        """Draw the picture, or one for each frame: (T, H', W', 3).

        Args:
            videos: (N, T, H, W, C): for each group its samples and then the mean; then the sum
                and its eight variants.
        """
        measures = _Measures.of(videos.shape[1:], scale)
        page = np.full(self.shape(videos.shape[1:], scale), WHITE, np.uint8)
        page[:] = self._marks(page.shape, measures)
        for video, (top, left) in zip(videos, self._corners(measures), strict=True):
            cell = enlarge(with_fourth_beside(video), scale)
            page[:, top : top + measures.height, left : left + measures.width] = cell
        return page

    def _columns(self, measures: "_Measures") -> tuple[int, int, int]:
        """Where samples, means and the block begin."""
        samples = measures.sign
        means = samples + max(self.sizes) * measures.across + measures.sign
        return samples, means, means + measures.across + measures.sign

    def _row_tops(self, count: int, measures: "_Measures") -> list[int]:
        """Tops of `count` rows in the middle of the page's height."""
        spare = (max(len(self.sizes), BLOCK) - count) * measures.down // 2
        return [measures.heading + spare + row * measures.down for row in range(count)]

    def _corners(self, measures: "_Measures") -> Iterator[tuple[int, int]]:
        """Top and left of every video, in the order of `draw`."""
        samples, means, block = self._columns(measures)
        for top, size in zip(self._row_tops(len(self.sizes), measures), self.sizes, strict=True):
            first = max(self.sizes) - size
            for column in range(first, max(self.sizes)):
                yield top, samples + column * measures.across
            yield top, means
        cells = [
            (top, block + column * measures.across)
            for top in self._row_tops(BLOCK, measures)
            for column in range(BLOCK)
        ]
        yield cells.pop(len(cells) // 2)
        yield from cells

    def _marks(self, page: Shape, measures: "_Measures") -> np.ndarray:
        """Headings, signs, and a frame around the sum: (H', W', 3)."""
        image = Image.new("RGB", (page[2], page[1]), (WHITE,) * 3)
        draw = ImageDraw.Draw(image)
        samples, means, block = self._columns(measures)
        font = ImageFont.load_default(size=round(0.75 * measures.heading))
        first = samples + (max(self.sizes) - 1) * measures.across
        name = f"sum, and jittered by ±{self.jitter:g}"
        for left, text in ((first, "samples"), (means, "mean"), (block, name)):
            draw.text((left, 0), text, fill=BLACK, font=font)
        tops = self._row_tops(len(self.sizes), measures)
        for row, (top, sign) in enumerate(zip(tops, self.signs, strict=True)):
            if row or sign < 0:
                _sign(draw, 0, top, measures, bars=("-", "+")[sign > 0])
        middle = self._row_tops(BLOCK, measures)[BLOCK // 2]
        _sign(draw, block - measures.sign, middle, measures, bars="=")
        corner = (block + measures.across - measures.gap, middle - measures.gap)
        far = (corner[0] + measures.across + measures.gap, corner[1] + measures.down + measures.gap)
        thickness = max(measures.gap // 2, 1)
        draw.rectangle((*corner, far[0] - 1, far[1] - 1), outline=BLACK, width=thickness)
        return np.asarray(image)


@dataclass(frozen=True)
class _Measures:
    """Pixels of a video, of what lies between, and of what is drawn."""

    height: int
    width: int
    gap: int
    sign: int
    heading: int

    @classmethod
    def of(cls, clip: Shape, scale: int) -> "_Measures":
        _, height, width, channels = clip
        height, width = height * scale, width * scale * (2 if channels == 4 else 1)
        return cls(
            height,
            width,
            gap=max(round(_GAP * height), 2),
            sign=max(round(_SIGN * height), 8),
            heading=max(round(_HEADING * height), _MIN_HEADING),
        )

    @property
    def across(self) -> int:
        return self.width + self.gap

    @property
    def down(self) -> int:
        return self.height + self.gap


def _sign(
    draw: ImageDraw.ImageDraw, left: int, top: int, measures: _Measures, *, bars: str
) -> None:
    """A plus, minus or equals sign in the middle of its column, at the height of a row."""
    x, y = left + (measures.sign - measures.gap) / 2, top + measures.height / 2
    long, thick = measures.sign / 4, max(measures.sign / 24, 0.5)
    offsets = {"+": [0], "-": [0], "=": [-long / 2, long / 2]}[bars]
    for offset in offsets:
        draw.rectangle((x - long, y + offset - thick, x + long, y + offset + thick), fill=BLACK)
    if bars == "+":
        draw.rectangle((x - thick, y - long, x + thick, y + long), fill=BLACK)
