import numpy as np
import pytest
from PIL import Image

from tests.made.numbered_videos import numbered_frame, numbers
from tgan.data.pictures.images import open_images
from tgan.data.pictures.opening import BROKEN, open_picture
from tgan.data.videos.decode import DecodeError
from tgan.data.videos.frames import Fitter
from tgan.data.videos.sources import find_sources
from tgan.data.videos.strips import num_strip_frames, read_strip


@pytest.mark.parametrize(("suffix", "fps"), [("webp", 20), ("png", 20), ("tif", None)])
def test_animations(tmp_path, suffix, fps):
    path = tmp_path / f"a.{suffix}"
    first, *rest = [Image.fromarray(numbered_frame(number)) for number in range(20)]
    first.save(path, save_all=True, append_images=rest, duration=50, lossless=True)
    assert num_strip_frames(path) == 20
    recording = read_strip(path)
    assert numbers(map(Fitter(32), recording.frames)) == list(range(20))
    assert recording.fps == fps


@pytest.mark.parametrize("size", [(64, 64), (64, 48)])
def test_a_second_picture_in_a_jpeg_makes_no_video(tmp_path, size):
    # Phones add another view, or a map of brightness: an MPO, whatever its ending.
    path = tmp_path / "photo.jpg"
    first, second = Image.new("RGB", size, "red"), Image.new("RGB", size, "blue")
    first.save(path, "MPO", save_all=True, append_images=[second])
    with Image.open(path) as image:
        assert (image.format, image.n_frames) == ("MPO", 2)
    assert num_strip_frames(path) == 0
    with pytest.raises(DecodeError, match="photo.jpg: a picture of .* is not a strip"):
        read_strip(path)
    with pytest.raises(ValueError, match="no videos"):
        find_sources([tmp_path])
    assert open_images(tmp_path, resolution=8, channels=3).clip(0, 0)[0, 4, 4].argmax() == 0


def test_pages_of_other_sizes_make_no_video(tmp_path):
    frames = [Image.fromarray(numbered_frame(number)) for number in range(3)]
    frames[0].save(tmp_path / "stack.tif", save_all=True, append_images=frames[1:])
    assert num_strip_frames(tmp_path / "stack.tif") == 3
    thumbnail = Image.new("RGB", (16, 16))
    frames[0].save(tmp_path / "scan.tif", save_all=True, append_images=[thumbnail])
    assert num_strip_frames(tmp_path / "scan.tif") == 0


@pytest.mark.parametrize("count", [1, 5])
def test_a_picture_before_an_animation_is_not_part_of_it(tmp_path, count):
    path = tmp_path / "a.png"
    frames = [Image.fromarray(numbered_frame(number)) for number in range(count)]
    still = Image.new("RGB", (64, 64), "red")
    still.save(path, save_all=True, append_images=frames, default_image=True, duration=50)
    assert num_strip_frames(path) == (count if count > 1 else 0)
    if count > 1:
        assert numbers(map(Fitter(32), read_strip(path).frames)) == list(range(count))
        assert read_strip(path).fps == 20


@pytest.mark.parametrize("kind", ["strip", "stack"])
def test_more_than_eight_bits_are_scaled_rather_than_cut_off(tmp_path, kind):
    frames = [np.full((16, 16), 1000 * number, np.uint16) for number in range(4)]
    first, *rest = map(Image.fromarray, frames)
    if kind == "strip":
        first, rest = Image.fromarray(np.concatenate(frames, axis=1)), []
    first.save(tmp_path / "a.tif", save_all=True, append_images=rest)
    assert num_strip_frames(tmp_path / "a.tif") == 4
    frames = [frame.to_ndarray(format="rgb24") for frame in read_strip(tmp_path / "a.tif").frames]
    assert [np.unique(frame).tolist() for frame in frames] == [[0], [4], [8], [12]]


def test_huge_strips_are_refused(tmp_path):
    path = tmp_path / "a.png"
    Image.new("1", (2**15, 2**11)).save(path)
    with pytest.raises(DecodeError, match="a picture of 32768x2048; the limit is"):
        read_strip(path)


@pytest.mark.parametrize("vertical", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_strips_of_either_direction(tmp_path, vertical, mode):
    frames = [numbered_frame(number, width=16, height=16) for number in range(10)]
    strip = Image.fromarray(np.concatenate(frames, axis=0 if vertical else 1)).convert(mode)
    path = tmp_path / "really_png.jpg"
    strip.save(path, format="PNG")
    assert num_strip_frames(path) == 10
    assert numbers(map(Fitter(16), read_strip(path).frames)) == list(range(10))
    assert read_strip(path).fps is None


def test_pictures_that_are_no_strips(tmp_path):
    for name, size in {"square.png": (64, 64), "odd.png": (64, 100)}.items():
        Image.new("RGB", size).save(tmp_path / name)
        assert num_strip_frames(tmp_path / name) == 0
        with pytest.raises(DecodeError, match=f"{name}: a picture of .* is not a strip"):
            read_strip(tmp_path / name)
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(DecodeError, match="text.png: not a picture"):
        num_strip_frames(tmp_path / "text.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 640, 3), np.uint8)).save(
        tmp_path / "cut.png"
    )
    data = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(DecodeError, match="cut.png: a broken picture"):
        list(read_strip(tmp_path / "cut.png").frames)


@pytest.mark.parametrize("error", BROKEN)
def test_whatever_pillow_raises_of_a_damaged_file_is_a_reason(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error("damaged\nthere")

    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((16, 64, 3), np.uint8)).save(path)
    assert num_strip_frames(path) == 4
    frames = read_strip(path).frames
    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(DecodeError, match="a.png: a broken picture .*damaged.* there"):
        next(frames)
    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(DecodeError, match="a.png: (not a picture that|a picture of more than)"):
        num_strip_frames(path)
    assert isinstance(open_picture(path, lambda image: image), str)
