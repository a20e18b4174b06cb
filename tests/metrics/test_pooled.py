from functools import cache

import numpy as np
import pytest

from tgan.data.made.digits import MovingDigits
from tgan.metrics.frechet import frechet_distance
from tgan.metrics.pooled import pooled_features, pooled_size, pooled_statistics


@cache
def clips(count=150, **settings):
    digits = MovingDigits(resolution=32, num_digits=1, **settings)
    return [digits.clip(i)[None] for i in range(count)]


def test_features_of_a_constant_and_of_a_blinking_clip():
    grey = np.full((1, 16, 32, 32, 1), 255, np.uint8)
    mean, contrast, motion = np.split(pooled_features(grey)[0], 3)
    assert (mean == 1).all() and (contrast == 0).all() and (motion == 0).all()
    blinking = grey.copy()
    blinking[:, ::2] = 0
    mean, contrast, motion = np.split(pooled_features(blinking)[0], 3)
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    np.testing.assert_allclose(contrast, 1)
    np.testing.assert_allclose(motion[16:], 2)


def test_cells_are_where_they_should_be():
    clip = np.zeros((1, 16, 32, 32, 1), np.uint8)
    clip[0, 4:8, 8:16, 24:32] = 255  # second span, second row, fourth column
    mean = pooled_features(clip)[0, :64].reshape(4, 4, 4)
    assert mean[1, 1, 3] == 1 and (mean == 1).sum() == 1 and (mean == -1).sum() == 63


def test_an_image_has_no_motion():
    image = np.zeros((1, 1, 32, 32, 3), np.uint8)
    image[0, 0, 8:16, 24:32] = 255  # second row, fourth column
    mean, contrast = np.split(pooled_features(image)[0], 2)
    assert mean.reshape(4, 4)[1, 3] == 1 and (mean == -1).sum() == 15 and not contrast.any()
    assert pooled_statistics([image]).size == pooled_size(1) == 32


def test_real_clips_are_near_each_other_and_far_from_what_only_resembles_them():
    real, held_out = pooled_statistics(clips()), pooled_statistics(clips(held_out=True))
    between = frechet_distance(real, held_out)
    noise = np.random.default_rng(0)
    frozen = pooled_statistics(np.repeat(c[:, :1], 16, axis=1) for c in clips())
    fog = pooled_statistics(np.full_like(c, c.mean()) for c in clips())
    static = pooled_statistics(noise.integers(0, 256, c.shape, np.uint8) for c in clips())
    assert between < 1
    for other in (frozen, fog, static):
        assert frechet_distance(real, other) > 3 * between


def test_size_and_channels():
    assert pooled_features(np.zeros((3, 16, 64, 64, 3), np.uint8)).shape == (3, 192)
    with pytest.raises(ValueError, match="multiples of 4"):
        pooled_features(np.zeros((1, 15, 64, 64, 3), np.uint8))
    with pytest.raises(ValueError, match="no clips"):
        pooled_statistics([])
