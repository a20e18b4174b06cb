"""Orientations of pictures, written by the definition in the Exif standard, tag 274."""

import io

import numpy as np
import pytest
from PIL import Image, features

from tgan.data.pictures.depth import bytes_of
from tgan.data.pictures.images import open_images
from tgan.data.pictures.opening import convert
from tgan.data.pictures.orientation import orientation_of, upright
from tgan.data.pictures.rgbd import open_rgbd
from tgan.data.videos.frames import Fitter
from tgan.data.videos.strips import num_strip_frames, read_strip

TAG = 274
# What row 0 and column 0 of the stored picture are of the shown one: its edges.
STORED = {
    1: lambda shown: shown,  # top, left
    2: lambda shown: shown[:, ::-1],  # top, right
    3: lambda shown: shown[::-1, ::-1],  # bottom, right
    4: lambda shown: shown[::-1],  # bottom, left
    5: lambda shown: shown.swapaxes(0, 1),  # left, top
    6: lambda shown: shown[:, ::-1].swapaxes(0, 1),  # right, top
    7: lambda shown: shown[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: lambda shown: shown[::-1].swapaxes(0, 1),  # left, bottom
}
FORMATS = {
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "JPEG": {},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}
EXACT = ("PNG", "TIFF", "WEBP")


def shown(height=24, width=24, channels=3):
    """A picture without symmetry, in squares of 8 pixels, which no format blurs much."""
    rng = np.random.default_rng(height * width)
    coarse = rng.integers(0, 256, (height // 8, width // 8, channels), np.uint8)
    return coarse.repeat(8, 0).repeat(8, 1)


def write(path, pixels, orientation, format="PNG", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[TAG] = orientation
    stored = np.ascontiguousarray(STORED.get(orientation, STORED[1])(pixels))
    Image.fromarray(stored).save(path, format, exif=exif, **options)
    return path


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("orientation", STORED)
def test_pictures_are_trained_on_as_they_are_shown(tmp_path, format, orientation):
    if format == "AVIF" and not features.check("avif"):
        pytest.skip("Pillow was built without AVIF")
    options = FORMATS[format] | ({"quality": 100, "subsampling": 0} if format == "JPEG" else {})
    write(tmp_path / f"a.{format.lower()}", shown(), orientation, format, **options)
    found = open_images(tmp_path, resolution=24, channels=3).clip(0)[0].astype(int)
    assert abs(found - shown()).max() <= (0 if format in EXACT else 12)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("size", [(16, 48), (48, 16)])
def test_strips_and_crops_are_cut_as_they_are_shown(tmp_path, orientation, size):
    pixels = shown(*size)
    path = write(tmp_path / "a.png", pixels, orientation)
    assert num_strip_frames(path) == 3
    frames = np.stack([Fitter(16)(frame) for frame in read_strip(path).frames])
    assert np.array_equal(frames, np.stack(np.split(pixels, 3, axis=int(size[1] > size[0]))))
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(convert(image, channels=3)), pixels)
    # A square of the short side, wherever it was cut, is one of the picture as it is shown.
    squares = open_images(tmp_path, resolution=16, channels=3, crops=4)
    for start in range(4):
        square = squares.clip(0, start)[0]
        squares_of = [
            pixels[place : place + 16] if size[0] > 16 else pixels[:, place : place + 16]
            for place in range(33)
        ]
        assert any(np.array_equal(square, each) for each in squares_of)


@pytest.mark.parametrize("orientation", STORED)
def test_frames_of_an_animation_are_turned(tmp_path, orientation):
    frames = [shown(16, 24), 255 - shown(16, 24)]
    stored = [Image.fromarray(np.ascontiguousarray(STORED[orientation](f))) for f in frames]
    exif = Image.Exif()
    exif[TAG] = orientation
    path = tmp_path / "a.webp"
    stored[0].save(path, save_all=True, append_images=stored[1:], lossless=True, exif=exif)
    found = [frame.to_ndarray(format="rgb24") for frame in read_strip(path).frames]
    assert np.array_equal(np.stack(found), np.stack(frames))


@pytest.mark.parametrize("orientation", STORED)
def test_of_pairs_sizes_tell_whether_depth_was_stored_like_colour(tmp_path, orientation):
    colour, depth = shown(16, 32), np.arange(1, 513, dtype=np.uint16).reshape(16, 32)
    lying = orientation >= 5
    write(tmp_path / "color" / "both.png", colour, orientation)
    write(tmp_path / "depth" / "both.png", depth, orientation)
    write(tmp_path / "color" / "one.png", colour, orientation)
    stored = np.ascontiguousarray(STORED[orientation](depth))
    (tmp_path / "depth").mkdir(exist_ok=True)
    Image.fromarray(stored).save(tmp_path / "depth" / "one.png")
    write(tmp_path / "color" / "shown.png", colour, orientation)
    Image.fromarray(depth).save(tmp_path / "depth" / "shown.png")
    source = open_rgbd(tmp_path, resolution=16, bounds=(1, 600))
    expected = np.concatenate([colour, bytes_of(depth, (1, 600))[..., None]], -1)[:, 8:24]
    for index in range(len(source)):
        assert np.array_equal(source.clip(index)[0], expected)
    skipped = [name for name, _ in source.skipped]
    told = lying or orientation == 1
    assert skipped == ([] if told else ["./one", "./shown"]) or skipped == ["one", "shown"]
    assert all("orientation in both" in reason for _, reason in source.skipped)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_there_is_not_turns_nothing(tmp_path, orientation):
    with Image.open(write(tmp_path / "a.png", shown(16, 24), orientation)) as image:
        assert np.array_equal(np.asarray(upright(image)), shown(16, 24))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_notes_of_a_camera_lose_no_picture(tmp_path):
    data = write(tmp_path / "a.jpg", shown(16, 24), 6, "JPEG", quality=100).read_bytes()
    place = data.index(b"Exif\0\0") + 6
    for damage in (b"\xff" * 8, b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\0"):
        damaged = data[:place] + damage + data[place + len(damage) :]
        with Image.open(io.BytesIO(damaged)) as image:
            assert orientation_of(image) == 1 and upright(image).size == (16, 24)
        (tmp_path / "a.jpg").write_bytes(damaged)
        assert open_images(tmp_path, resolution=16, channels=3).skipped == []
