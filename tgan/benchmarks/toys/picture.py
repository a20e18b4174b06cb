"""Pictures of points in the plane."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tgan.data.made.toy import EXTENT, GaussianMixture

SIDE, MARGIN = 240, 1.35
# Drawn this many times as large and then made smaller, which smooths the edges.
FINENESS = 3
MODE, POINT = (214, 39, 40), (31, 60, 120)
MODE_RADIUS, POINT_RADIUS = 6, 1


def draw_points(path: Path, samples: np.ndarray, mixture: GaussianMixture) -> None:
    """Write samples (N, 2) as dots, over rings at the centres of the modes, as a PNG file.

    What lies outside the picture is left out.
    """
    side = SIDE * FINENESS
    image = Image.new("RGB", (side, side), "white")
    canvas = ImageDraw.Draw(image)
    for centres, style, radius in (
        (mixture.centres, {"outline": MODE, "width": FINENESS}, MODE_RADIUS),
        (samples, {"fill": POINT}, POINT_RADIUS),
    ):
        # The second axis points upwards.
        places = (centres * (1, -1) / (EXTENT * MARGIN) + 1) / 2 * side
        for x, y in places[(np.abs(places) < 2 * side).all(1)]:
            around = radius * FINENESS
            canvas.ellipse((x - around, y - around, x + around, y + around), **style)
    image.resize((SIDE, SIDE), Image.Resampling.BOX).save(path)
