import numpy as np
import pytest

from tgan.metrics.speckle import speckle


def by_loops(clip):
    """Of (T, H, W): the mean over all squares of 2x2 pixels of the variance within."""
    frames, height, width = clip.shape
    return np.mean(
        [
            clip[t, y : y + 2, x : x + 2].astype(float).var()
            for t in range(frames)
            for y in range(height - 1)
            for x in range(width - 1)
        ]
    )


def test_it_is_the_variance_within_squares():
    clips = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 6, 2), np.uint8)
    found = speckle(clips)
    assert found.shape == (2, 2)
    for clip, row in zip(clips, found, strict=True):
        assert row == pytest.approx([by_loops(clip[..., c]) for c in range(2)])


def test_single_pixels_count_and_smooth_pictures_do_not():
    checkers = np.indices((16, 16)).sum(0) % 2 * 20
    slope = np.tile(np.arange(16) * 8, (16, 1))
    flat, speckled = (
        speckle((128 + each).astype(np.uint8)[None, None, ..., None])[0, 0]
        for each in (np.zeros_like(checkers), checkers)
    )
    assert flat == 0 and speckled == 100
    assert speckle(slope.astype(np.uint8)[None, None, ..., None])[0, 0] == 16
