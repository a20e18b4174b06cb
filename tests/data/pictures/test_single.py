"""One picture as a clip: proportions, modes, and what is refused."""

import numpy as np
import pytest
from PIL import ExifTags, Image

from tgan.data.pictures.single import open_single


def gradient(height, width):
    return np.linspace(0, 255, height * width).reshape(height, width).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "expected"), [((30, 60), (16, 32)), ((60, 30), (32, 16)), ((90, 31), (32, 11))]
)
def test_the_longer_side_is_the_resolution(tmp_path, size, expected):
    Image.fromarray(gradient(*size)).save(tmp_path / "a.png")
    source = open_single(tmp_path / "a.png", resolution=32, channels=1)
    assert source.shape == (1, *expected, 1) and len(source) == 1 and source.names == ["a.png"]


def test_shrinking_averages(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = open_single(tmp_path / "a.png", resolution=6, channels=3).clip(0)[0]
    means = pixels.reshape(4, 2, 6, 2, 3).mean((1, 3))
    assert np.abs(found - means).max() <= 1


def test_a_small_picture_stays_as_it_is(tmp_path):
    Image.fromarray(gradient(9, 5)).save(tmp_path / "a.png")
    found = open_single(tmp_path / "a.png", resolution=64, channels=1).clip(0)[0]
    assert np.array_equal(found[..., 0], gradient(9, 5))


def test_a_picture_is_upright(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(gradient(4, 8)).save(tmp_path / "a.jpg", exif=exif, quality=100)
    assert open_single(tmp_path / "a.jpg", resolution=8, channels=1).shape == (1, 8, 4, 1)


def test_transparency_is_black_or_a_channel(tmp_path):
    pixels = np.full((4, 4, 4), 200, np.uint8)
    pixels[:2, :, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    rgb, rgba = (open_single(tmp_path / "a.png", resolution=4, channels=c).clip(0) for c in (3, 4))
    assert not rgb[0, :2].any() and rgba[0, 0, 0, 3] == 0 and rgba.shape[-1] == 4


def test_what_is_no_single_picture_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    frames = [Image.fromarray(gradient(8, 8)), Image.fromarray(gradient(8, 8).T)]
    frames[0].save(tmp_path / "moves.gif", save_all=True, append_images=frames[1:])
    for name, message in {
        "": "is a folder: one picture is needed",
        "none.png": "no such file",
        "text.png": "text.png': not a picture",
        "moves.gif": "animation of 2 frames",
    }.items():
        with pytest.raises(ValueError, match=message):
            open_single(tmp_path / name, resolution=8, channels=3)
