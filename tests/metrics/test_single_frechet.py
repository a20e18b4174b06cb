"""The distance inside one picture: its features by loops, and what it sees."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from tgan.metrics.single_frechet import (
    WIDTHS,
    _kernels,
    pixel_deviation,
    place_features,
    single_frechet,
)


def image(seed=0, height=18, width=20, channels=3):
    return (
        torch.rand(channels, height, width, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    )


def by_loops(pixels):
    """Rectified correlations with the kernels, one place after the other."""
    maps = pixels.double().numpy()
    for layer, width in enumerate(WIDTHS):
        kernels = _kernels(len(maps), width, layer).numpy()
        rows, columns = (side - 2 for side in maps.shape[1:])
        found = np.empty((width, rows, columns))
        for row in range(rows):
            for column in range(columns):
                seen = maps[:, row : row + 3, column : column + 3]
                found[:, row, column] = np.tensordot(kernels, seen, 3)
        maps = found.clip(min=0)
    return maps.reshape(WIDTHS[-1], -1).T


def test_features_are_rectified_correlations():
    np.testing.assert_allclose(place_features(image()), by_loops(image()), rtol=1e-9, atol=1e-12)


def test_kernels_are_orthogonal():
    for before, width in ((3, 32), (32, 32), (1, 32)):
        matrix = _kernels(before, width, 0).flatten(1)
        gram = matrix.T @ matrix if width > before * 9 else matrix @ matrix.T
        torch.testing.assert_close(gram, 2 * torch.eye(len(gram), dtype=torch.double))


def test_the_distance_is_that_of_gaussians():
    a, b = (by_loops(each) for each in (image(), image(1) * 0.5))
    (c, d) = (np.cov(each, rowvar=False) for each in (a, b))
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(c + d - 2 * sqrtm(c @ d).real)
    assert single_frechet(image(), image(1) * 0.5) == pytest.approx(expected, rel=1e-4)
    assert single_frechet(image(), image()) == pytest.approx(0, abs=1e-6)


def test_images_of_other_sizes_are_compared():
    wide = torch.cat([image(0, 40, 40), image(1, 40, 40)], 2)
    assert 0 < single_frechet(wide, image(2, 40, 40)) < 0.2 * single_frechet(wide * 0.5, wide)


def test_deviation_is_of_places_over_images():
    images, picture = torch.stack([image(seed) for seed in range(6)]), image(9)
    expected = images.numpy().astype(float).std(0, ddof=1).mean() / picture.numpy().std(ddof=1)
    assert pixel_deviation(images, picture) == pytest.approx(expected)
    assert pixel_deviation(images[:1].expand(3, -1, -1, -1), picture) == pytest.approx(0)


def test_images_that_cannot_be_compared_are_named():
    with pytest.raises(ValueError, match="3 channels and a picture of 1"):
        single_frechet(image(), image(channels=1))
    with pytest.raises(ValueError, match="14x14 has 64 places, 64 are too few"):
        single_frechet(image(0, 14, 14), image())
