import numpy as np
import pytest
from PIL import Image

from tgan.data.channels import LUMA, with_channels


def test_frames_become_grey_or_rgb():
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 6, 3), dtype=np.uint8)
    luma = np.floor(rgb.astype(float) @ [0.299, 0.587, 0.114] + 0.5)
    np.testing.assert_allclose(with_channels(rgb, 1)[..., 0], luma, atol=1e-6)
    grey = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    assert with_channels(grey, 3).shape == (1, 16, 16, 3)
    np.testing.assert_array_equal(with_channels(with_channels(grey, 3), 1), grey)
    assert with_channels(rgb, 3) is rgb
    with pytest.raises(ValueError, match="channels must be 1 or 3, not 2"):
        with_channels(rgb, 2)


def test_luma_is_pillows():
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    pillows = np.asarray(Image.fromarray(rgb).convert("L")).astype(int)
    assert np.abs(rgb @ np.array(LUMA) - pillows).max() <= 1
    assert sum(LUMA) == pytest.approx(1)
