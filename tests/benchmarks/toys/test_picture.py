import numpy as np
import pytest
from PIL import Image

from tgan.benchmarks.toys.picture import MARGIN, MODE, POINT, SIDE, draw_points
from tgan.data.made.toy import EXTENT, GaussianMixture


def test_picture_has_samples_and_modes_where_they_belong(tmp_path):
    centre = np.array([[EXTENT, EXTENT]])
    draw_points(tmp_path / "a.png", np.array([[-1.0, 1.0], [1e9, 0]]), GaussianMixture(centre, 0.1))
    pixels = np.asarray(Image.open(tmp_path / "a.png")).astype(int)
    assert pixels.shape == (SIDE, SIDE, 3)

    distances = np.stack([np.abs(pixels - c).sum(-1) for c in (POINT, MODE, (255, 255, 255))])

    def place(number: int) -> list[float]:
        """The middle of what is nearest to a colour, as x and y upwards."""
        rows, columns = np.nonzero(distances.argmin(0) == number)
        middle = np.array([columns.mean() + 0.5, SIDE - rows.mean() - 0.5]) / SIDE
        return list((2 * middle - 1) * EXTENT * MARGIN)

    assert place(0) == pytest.approx([-1.0, 1.0], abs=0.03)
    assert place(1) == pytest.approx([EXTENT, EXTENT], abs=0.03)
