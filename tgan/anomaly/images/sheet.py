"""Contact sheets of scored pictures: the most abnormal and the most normal of each method."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from einops import rearrange
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from tgan.anomaly.images.scores import MethodScores
from tgan.data.pixels import to_bytes
from tgan.media.video import enlarge, tile, with_fourth_beside
from tgan.system.files import write_whole

# Pictures at each end of the order, and the pixels that each is shown at, at least.
SHOWN, SIDE = 8, 56
GAP, LINE, TEXT, FONT_SIZE = 12, 2, 20, 13
# Black, violet, orange, pale yellow, as in matplotlib's `inferno`.
_HEAT = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]])


def heat(residuals: np.ndarray, largest: float) -> np.ndarray:
    """Colour residuals (..., H, W) as (..., H, W, 3), uint8: black at 0, pale at `largest`."""
    places = np.linspace(0, 1, len(_HEAT))
    shares = np.clip(residuals / max(largest, 1e-12), 0, 1)
    colours = [np.interp(shares, places, channel) for channel in _HEAT.T]
    return np.stack(colours, -1).round().astype(np.uint8)


def write_sheet(path: str | Path, pictures: Tensor, results: Mapping[str, MethodScores]) -> None:
    """Write a PNG with a block per method: inputs, reconstructions, residuals.

    The most abnormal pictures are on the left, the worst first, the most normal on the right, the
    best last. Heat is scaled by the largest residual that a method's block shows.

    Args:
        pictures: (N, C, 1, H, W) in [-1, 1].
        results: by the name of the method.
    """
    blocks = [_block(name, pictures, scored) for name, scored in results.items()]
    width = max(block.width for block in blocks)
    sheet = Image.new("RGB", (width, sum(block.height for block in blocks)), "white")
    top = 0
    for block in blocks:
        sheet.paste(block, (0, top))
        top += block.height
    write_whole(path, sheet.save)


def _block(name: str, pictures: Tensor, scored: MethodScores) -> Image.Image:
    order = scored.scores.argsort(descending=True, stable=True)
    count = min(SHOWN, len(order) // 2 or 1)
    ends = {"most abnormal": order[:count], "most normal": order[-count:]}
    largest = 0.0
    if scored.residuals is not None:
        largest = max(float(scored.residuals[rows].max()) for rows in ends.values())
    grids = {title: _grid(rows, pictures, scored, largest) for title, rows in ends.items()}
    height, width = next(iter(grids.values())).shape[:2]
    block = Image.new("RGB", (2 * width + 3 * GAP, height + TEXT + GAP), "white")
    draw, font = ImageDraw.Draw(block), ImageFont.load_default(FONT_SIZE)
    for number, (title, grid) in enumerate(grids.items()):
        left = GAP + number * (width + GAP)
        draw.text((left, 2), f"{name}: {title}", "black", font)
        block.paste(Image.fromarray(grid), (left, TEXT))
    return block


def _grid(rows: Tensor, pictures: Tensor, scored: MethodScores, largest: float) -> np.ndarray:
    """Tile inputs, and below them reconstructions and residuals if there are any: (H, W, 3)."""
    shown = [_rgb(pictures[rows])]
    if scored.reconstructions is not None:
        shown.append(_rgb(scored.reconstructions[rows]))
    if scored.residuals is not None:
        colours = heat(scored.residuals[rows].cpu().numpy(), largest)
        copies = shown[0].shape[2] // colours.shape[2]
        shown.append(np.concatenate([colours] * copies, axis=2))
    large = enlarge(np.concatenate(shown), -(-SIDE // pictures.shape[-1]))
    framed = np.pad(large, [(0, 0), (0, LINE), (0, LINE), (0, 0)], constant_values=255)
    return tile(framed[:, None], len(rows))[0]


def _rgb(pictures: Tensor) -> np.ndarray:
    """Convert pictures (N, C, 1, H, W) to bytes (N, H, W or 2 W, 3)."""
    frames = with_fourth_beside(rearrange(to_bytes(pictures).cpu().numpy(), "n 1 h w c -> n h w c"))
    return frames.repeat(3, -1) if frames.shape[-1] == 1 else frames
