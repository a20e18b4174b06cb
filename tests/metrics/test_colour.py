import numpy as np

from tgan.metrics.colour import DARK, object_colours


def test_only_what_is_not_dark_is_averaged():
    clips = np.full((1, 3, 8, 8, 3), DARK, np.uint8)
    clips[0, 0, :2, :2] = (200, 0, 100)
    clips[0, 1, 4, 4] = (0, 0, DARK + 1)
    clips[0, 1, 5, 5] = (0, 0, 255)
    colours = object_colours(clips)
    np.testing.assert_array_equal(colours[0, 0], [200, 0, 100])
    np.testing.assert_array_equal(colours[0, 1], [0, 0, (DARK + 256) / 2])
    assert np.isnan(colours[0, 2]).all()
