"""Pictures of more than 8 bits: the right byte for every number."""

import struct
import zlib
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from tgan.data.pictures.images import open_images
from tgan.data.pictures.levels import bytes_between, check_pixel_bounds, eight_bits
from tgan.data.videos.decode import DecodeError
from tgan.data.videos.strips import read_strip

# Numbers around where the rounded byte changes, and the ends.
SOME = np.array([0, 1, 128, 129, 255, 256, 257, 385, 386, 32767, 32768, 65278, 65406, 65407, 65535])


def truth(value, low, high):
    """The byte by exact arithmetic; no half occurs for the range of 16 bits."""
    share = Fraction(min(max(value, low), high) - low) / Fraction(high - low)
    return round(share * 255)


def test_every_number_of_16_bits_becomes_the_nearest_byte():
    values = np.arange(65536).reshape(256, 256)
    found = eight_bits(Image.fromarray(values.astype(np.uint16)))
    assert np.array_equal(np.asarray(found).ravel(), [truth(v, 0, 65535) for v in range(65536)])
    assert np.asarray(found).ravel()[[65535, 32768, 32767, 0]].tolist() == [255, 128, 127, 0]


def grey(side=16, dtype=np.uint16):
    return np.resize(SOME, (side, side)).astype(dtype)


@pytest.mark.parametrize("name", ["a.png", "little.tif", "big.tif", "a.pgm", "a.jp2"])
def test_pictures_of_16_bits_are_scaled_by_their_range(tmp_path, name):
    values = grey()
    image = Image.fromarray(values)
    if name == "big.tif":
        image = Image.frombytes("I;16B", (16, 16), values.astype(">u2").tobytes())
    image.save(tmp_path / name)
    expected = [[truth(v, 0, 65535) for v in row] for row in values.tolist()]
    images = open_images(tmp_path, resolution=16, channels=1)
    assert np.array_equal(images.clip(0)[0, ..., 0], expected)
    colour = open_images(tmp_path, resolution=16, channels=3).clip(0)[0]
    assert np.array_equal(colour, np.stack([expected] * 3, -1))


def test_stated_bounds_stretch_what_lies_between_and_leave_bytes_alone(tmp_path):
    values = grey().clip(0, 4095)
    Image.fromarray(values).save(tmp_path / "a.png")
    Image.fromarray(values.astype(np.float32) - 0.5).save(tmp_path / "b.tif")
    Image.fromarray(values.astype(np.int32)).save(tmp_path / "c.tif")
    Image.fromarray((values % 256).astype(np.uint8)).save(tmp_path / "d.png")
    images = open_images(tmp_path, resolution=16, channels=1, bounds=(100, 300.5))
    for index, numbers in enumerate([values, values - 0.5, values]):
        expected = [
            [truth(Fraction(v), 100, Fraction("300.5")) for v in row] for row in numbers.tolist()
        ]
        assert np.array_equal(images.clip(index)[0, ..., 0], expected)
    assert np.array_equal(images.clip(3)[0, ..., 0], values % 256)


def test_floats_and_32_bits_are_refused_without_bounds_and_say_what_they_hold(tmp_path):
    Image.fromarray(grey(dtype=np.uint8)).save(tmp_path / "good.png")
    Image.fromarray(np.linspace(-1, 2, 256, dtype=np.float32).reshape(16, 16)).save(
        tmp_path / "f.tif"
    )
    Image.fromarray(np.full((16, 16), 70000, np.int32)).save(tmp_path / "i.tif")
    nan = np.full((16, 16), np.nan, np.float32)
    Image.fromarray(nan).save(tmp_path / "n.tif")
    plain = dict(open_images(tmp_path, resolution=16, channels=1).skipped)
    assert plain["f.tif"].startswith("pixels are floats (-1 to 2 here): pixel_bounds have to say")
    assert plain["i.tif"].startswith("pixels are whole numbers of 32 bits (70000 to 70000 here)")
    assert plain["n.tif"].startswith("pixels are floats: pixel_bounds")
    bounded = dict(open_images(tmp_path, resolution=16, channels=1, bounds=(-1, 2)).skipped)
    assert bounded == {
        "i.tif": "no pixel within pixel_bounds -1 to 2: 70000 to 70000",
        "n.tif": "pixels that are not finite",
    }


def test_a_tiff_of_12_bits_and_one_whose_zero_is_white(tmp_path):
    values = grey().clip(0, 4095)
    image = Image.fromarray(values)
    image.save(tmp_path / "white.tif", tiffinfo={262: 0})
    with Image.open(tmp_path / "white.tif") as opened:
        expected = [[255 - truth(v, 0, 65535) for v in row] for row in values.tolist()]
        assert np.array_equal(np.asarray(eight_bits(opened)), expected)
    image.tag_v2 = {258: (12,)}
    expected = [[truth(v, 0, 4095) for v in row] for row in values.tolist()]
    assert np.array_equal(np.asarray(eight_bits(image)), expected)


def png(values, hidden):
    """A PNG of 16 bits, grey, one of whose numbers stands for nothing."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"tRNS", struct.pack(">H", hidden)), (b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in [*chunks, (b"IEND", b"")])


def test_what_a_number_makes_transparent_is_laid_on_black(tmp_path):
    (tmp_path / "a.png").write_bytes(png(grey(), 65535))
    expected = [[truth(v, 0, 65535) * (v != 65535) for v in row] for row in grey().tolist()]
    found = open_images(tmp_path, resolution=16, channels=1).clip(0)[0, ..., 0]
    assert np.array_equal(found, expected)


def test_strips_and_stacks_of_16_bits_are_scaled(tmp_path):
    values = np.resize(SOME, (8, 24)).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "strip.png")
    pages = [Image.fromarray(page) for page in np.split(values, 3, axis=1)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    expected = np.array([[truth(v, 0, 65535) for v in row] for row in values.tolist()])
    for name in ("strip.png", "stack.tif"):
        frames = [f.to_ndarray(format="rgb24") for f in read_strip(tmp_path / name).frames]
        assert np.array_equal(np.concatenate(frames, axis=1), np.stack([expected] * 3, -1))
    Image.fromarray(values.astype(np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(DecodeError, match="f.tif: pixels are floats"):
        list(read_strip(tmp_path / "f.tif").frames)
    frames = [
        f.to_ndarray(format="rgb24") for f in read_strip(tmp_path / "f.tif", (0, 65535)).frames
    ]
    assert np.array_equal(np.concatenate(frames, axis=1), np.stack([expected] * 3, -1))


@pytest.mark.parametrize("bounds", [(1, 1), (2, 1), (0, np.inf), (0,), (np.nan, 1)])
def test_bounds_have_to_be_two_numbers(bounds):
    with pytest.raises(ValueError, match="low < high"):
        check_pixel_bounds(bounds)


def test_negative_and_large_numbers_are_mapped_exactly():
    values = np.array([-(2**31), -1, 0, 2**31 - 1])
    found = bytes_between(values, (-(2**31), 2**31 - 1))
    assert found.tolist() == [truth(v, -(2**31), 2**31 - 1) for v in values.tolist()]
