import numpy as np
import pytest

from tgan.media.sum_sheet import SumSheet


def places(page, video):
    """Top and left of every place of a page (H, W, 3) that shows an image (h, w, 3)."""
    windows = np.lib.stride_tricks.sliding_window_view(page, video.shape)[:, :, 0]
    return np.argwhere((windows == video).all((2, 3, 4))).tolist()


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("sizes", [[3, 1, 2], [1], [2, 2, 1, 1]])
def test_every_sample_has_its_place(sizes, channels):
    count = sum(sizes) + len(sizes) + 9
    videos = np.random.default_rng(0).integers(0, 256, (count, 2, 8, 8, channels), np.uint8)
    sheet = SumSheet([1] * len(sizes), sizes, 0.25)
    pages = sheet.draw(videos, 1)
    assert pages.shape == sheet.shape(videos.shape[1:], 1) and pages.dtype == np.uint8
    assert pages.shape[1] % 2 == 0 and pages.shape[2] % 2 == 0
    colour = videos[..., :3] if channels == 4 else videos.repeat(3 // channels, -1)
    for frame in (0, 1):
        found = [places(pages[frame], video[frame]) for video in colour]
        assert all(len(place) == 1 for place in found)
        where = np.array([place[0] for place in found])
        rows, position = [], 0
        for size in sizes:
            rows.append(where[position : position + size + 1])
            position += size + 1
        # A group is a row, in order, its mean last, all means below each other.
        for row in rows:
            assert len(set(row[:, 0])) == 1 and (np.diff(row[:, 1]) >= 8).all()
        assert len({row[-1, 1] for row in rows}) == 1
        assert (np.diff([row[0, 0] for row in rows]) > 8).all()
        # The sum is in the middle of its variants, right of everything else.
        block = where[position:]
        assert block[:, 1].min() > where[:position, 1].max()
        assert np.median(block, 0).tolist() == block[0].tolist()
        assert len({tuple(place) for place in block}) == 9


def test_signs_are_drawn_but_for_a_plus_at_the_beginning():
    videos = np.zeros((2 * 2 + 9, 1, 16, 16, 1), np.uint8)
    first = {}
    for sign in (1, -1):
        page = SumSheet([sign, 1], [1, 1], 0.5).draw(videos, 1)[0]
        first[sign] = page[:, :6]
    difference = (first[1] != first[-1]).any((1, 2))
    assert difference.any() and (first[1] < 128).any()


def test_pixels_are_enlarged():
    videos = np.random.default_rng(0).integers(0, 256, (11, 1, 4, 4, 3), np.uint8)
    page = SumSheet([1], [1], 0.25).draw(videos, 3)[0]
    assert len(places(page, videos[0, 0].repeat(3, 0).repeat(3, 1))) == 1
