"""Pictures of levels: a square of its colour for every tile, and a legend of the tiles."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tgan.config.tiles import TileSet

WHITE, BLACK = 255, 0
# Pixels below each level and to its right, white, which keep neighbours apart.
GAP = 1
# Pixels of a row of a legend, and of its swatches and letters.
_ROW, _SWATCH, _LETTERS = 20, 14, 12


def paint(levels: np.ndarray, tiles: TileSet) -> np.ndarray:
    """Paint levels (N, rows, columns) of numbers of tiles, uint8, a pixel each.

    Returns:
        (N, rows + GAP, columns + GAP, 3), uint8.
    """
    colours = np.array([tile.colour for tile in tiles.tiles], np.uint8)
    gaps = [(0, 0), (0, GAP), (0, GAP), (0, 0)]
    return np.pad(colours[levels], gaps, constant_values=WHITE)


def legend(tiles: TileSet, width: int) -> np.ndarray:
    """Draw colour, character and name of every tile, in as many columns as fit: (H, width, 3)."""
    font = ImageFont.load_default(size=_LETTERS)
    texts = [f"{tile.character}  {tile.name}".rstrip() for tile in tiles.tiles]
    widest = max(round(font.getlength(text)) for text in texts) + 2 * _ROW
    columns = max(width // widest, 1)
    rows = -(-len(texts) // columns)
    image = Image.new("RGB", (width, rows * _ROW), (WHITE,) * 3)
    draw = ImageDraw.Draw(image)
    for number, (tile, text) in enumerate(zip(tiles.tiles, texts, strict=True)):
        left, top = number // rows * widest + 3, number % rows * _ROW + 3
        square = (left, top, left + _SWATCH, top + _SWATCH)
        draw.rectangle(square, fill=tile.colour, outline=(BLACK,) * 3)
        draw.text((left + _ROW, top), text, fill=(BLACK,) * 3, font=font)
    return np.asarray(image)
