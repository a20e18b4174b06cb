import numpy as np
import pytest

from tgan.config import DataConfig
from tgan.config.data_sets import DATA_SETS
from tgan.config.tiles import TileSet
from tgan.data.tiles.windows import planes
from tgan.data.views import VIEWS, View, view_of
from tgan.media.tiles import legend, paint
from tgan.media.video import write_samples

LEVELS = DataConfig(
    name="levels", tiles=["- #0000ff", "X #ff0000"], channels=2, resolution=8, window=[2, 3]
)
LEVEL = np.array([[0, 1, 0], [1, 1, 0]], np.uint8)


def clips_of(count):
    padded = np.zeros((count, 1, 8, 8), np.uint8)
    padded[:, 0, :2, :3] = LEVEL
    return planes(padded, 2)


@pytest.mark.parametrize("name", [name for name in DATA_SETS if name not in VIEWS])
def test_pictures_are_shown_as_they_are(name):
    view, clips = view_of(DataConfig(name=name)), np.zeros((2, 1, 8, 8, 3), np.uint8)
    assert type(view) is View and view(clips) is clips
    assert view.shape((1, 8, 8, 3)) == (1, 8, 8, 3) and view.legend(100) is None
    assert (view.ending(1), view.ending(16)) == (".png", ".mp4")


def test_data_without_colours_have_a_view():
    assert {name for name, facts in DATA_SETS.items() if not facts.are_pictures} == VIEWS.keys()


def test_levels_are_painted_without_their_padding():
    view = view_of(LEVELS)
    shown = view(clips_of(4))
    assert shown.shape == (4, *view.shape((1, 8, 8, 2))) == (4, 1, 3, 4, 3)
    blue, red, white = (0, 0, 255), (255, 0, 0), (255, 255, 255)
    expected = [[blue, red, blue, white], [red, red, blue, white], [white] * 4]
    np.testing.assert_array_equal(shown[2, 0], expected)


def test_levels_are_written_as_text(tmp_path):
    view = view_of(LEVELS)
    view.write(tmp_path / f"level{view.ending(1)}", clips_of(1)[0], 8)
    assert (tmp_path / "level.txt").read_text() == "-X-\nXX-\n"


def test_a_legend_has_the_colour_of_every_tile():
    tiles = TileSet.of()
    for width in (60, 300, 1000):
        drawn = legend(tiles, width)
        assert drawn.shape[1] == width and drawn.dtype == np.uint8
        found = {tuple(pixel) for pixel in drawn.reshape(-1, 3).tolist()}
        assert found >= {tile.colour for tile in tiles.tiles}
    assert legend(tiles, 1000).shape[0] < legend(tiles, 60).shape[0]


def test_a_picture_of_levels_ends_in_its_legend(tmp_path):
    import imageio.v3 as iio

    view = view_of(LEVELS)
    path = tmp_path / "sheet.png"
    write_samples(path, view(clips_of(4)), columns=2, scale=20, legend=view.legend)
    image = iio.imread(path)
    grid, below = image[:120], image[120:]
    assert image.shape[1] == 160 and len(below) == len(view.legend(160))
    np.testing.assert_array_equal(below, view.legend(160))
    np.testing.assert_array_equal(grid[::20, ::20][:3, :4], paint(LEVEL[None], view.tiles)[0])
