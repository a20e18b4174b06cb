import dataclasses

import numpy as np
import pytest
from PIL import Image

from tgan.config import DataConfig
from tgan.data.account import Account
from tgan.data.datasets import open_dataset, open_held_out, open_like
from tgan.data.loader import ClipBatches
from tgan.data.pictures.images import ImageClips, open_images
from tgan.data.pictures.opening import fit_image


def write_picture(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_pixels_of_the_right_size_come_as_they_are(tmp_path, rng):
    images = {
        name: rng.integers(0, 256, (16, 16, *tail), np.uint8)
        for name, tail in (("grey", ()), ("rgb", (3,)), ("rgba", (4,)))
    }
    for channels, name in ((1, "grey"), (3, "rgb"), (4, "rgba")):
        folder = tmp_path / name
        write_picture(folder / "a.png", images[name])
        clips = open_images(folder, resolution=16, channels=channels)
        assert clips.shape == (1, 16, 16, channels) and len(clips) == 1
        expected = images[name].reshape(1, 16, 16, channels)
        np.testing.assert_array_equal(clips.clip(0), expected)


def test_the_middle_square_is_averaged_down(rng):
    tall = rng.integers(0, 256, (24, 8), np.uint8)
    middle = tall[8:16].reshape(4, 2, 4, 2).mean((1, 3))
    found = fit_image(Image.fromarray(tall), resolution=4, channels=1)
    assert np.abs(found[..., 0] - middle).max() <= 1


def test_transparency_is_laid_on_black_or_kept(rng):
    rgba = rng.integers(0, 256, (8, 8, 4), np.uint8)
    laid = fit_image(Image.fromarray(rgba), resolution=8, channels=3)
    expected = rgba[..., :3] * (rgba[..., 3:] / 255)
    assert np.abs(laid - expected).max() <= 1
    opaque = fit_image(Image.fromarray(rgba[..., :3]), resolution=8, channels=4)
    assert (opaque[..., 3] == 255).all() and (opaque[..., :3] == rgba[..., :3]).all()


def test_folders_name_classes_where_every_picture_lies_in_one(tmp_path, rng):
    for name in ("cat/1.png", "cat/2.png", "ant/deep/3.png"):
        write_picture(tmp_path / name, rng.integers(0, 256, (8, 8), np.uint8))
    clips = open_images(tmp_path, resolution=8, channels=1)
    assert clips.labels == ["ant", "cat"]
    assert [clips.label(index) for index in range(3)] == [0, 1, 1]
    write_picture(tmp_path / "loose.png", np.zeros((8, 8), np.uint8))
    clips = open_images(tmp_path, resolution=8, channels=1)
    assert clips.labels == [] and clips.label(0) is None and len(clips) == 4


def test_what_cannot_be_used_is_skipped_with_its_reason(tmp_path, rng):
    write_picture(tmp_path / "a.png", np.zeros((8, 9), np.uint8))
    write_picture(tmp_path / "deep.tif", np.full((8, 8), 40_000, np.float32))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    write_picture(tmp_path / "cut.jpg", rng.integers(0, 256, (64, 64, 3), np.uint8))
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:900])
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".hidden.png").write_bytes(b"")
    clips = open_images(tmp_path, resolution=8, channels=3)
    reasons = dict(clips.skipped)
    assert len(clips) == 1 and list(reasons) == ["broken.png", "cut.jpg", "deep.tif"]
    assert "pixels are floats (40000 to 40000 here)" in reasons["deep.tif"]
    assert reasons["broken.png"] == "not a picture that Pillow can open"


def test_an_animation_is_no_image_and_a_single_gif_and_the_first_of_pages_are(tmp_path, rng):
    frames = [Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)) for _ in range(3)]
    options = {"save_all": True, "append_images": frames[1:]}
    for name in ("moving.gif", "moving.png", "moving.webp", "pages.tif"):
        frames[0].save(tmp_path / name, **options)
    frames[0].save(tmp_path / "single.gif")
    images = open_images(tmp_path, resolution=8, channels=1)
    assert images.names == ["pages.tif", "single.gif"]
    reason = "an animation of 3 frames, which is a video"
    assert images.skipped == [(f"moving.{e}", reason) for e in ("gif", "png", "webp")]
    for index in range(2):
        assert np.array_equal(images.clip(index)[0, ..., 0], np.asarray(frames[0]))


def test_pictures_lie_at_home(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    write_picture(tmp_path / "mine" / "a.png", np.full((8, 8), 7, np.uint8))
    data = DataConfig(name="images", path="~/mine", num_frames=1, resolution=8, channels=1)
    assert open_dataset(data).clip(0).max() == 7
    assert data.path == "~/mine"
    assert open_like(data, "~/mine").clip(0).max() == 7
    held_out = dataclasses.replace(data, path=None, held_out_path="~/mine")
    assert open_held_out(held_out).clip(0).max() == 7
    with pytest.raises(ValueError, match="no such file or folder: '~nobody-here/x'"):
        open_like(data, "~nobody-here/x")


def test_an_archive_holds_images_and_names_their_classes(tmp_path, rng):
    images = rng.integers(0, 256, (5, 8, 8, 3), np.uint8)
    path = tmp_path / "set.npz"
    np.savez(path, images=images, kind=np.array(["b", "a", "b", "c", "a"]))
    clips = open_images(path, resolution=8, channels=3, labels_key="kind")
    assert clips.labels == ["a", "b", "c"]
    assert [clips.label(index) for index in range(5)] == [1, 0, 1, 2, 0]
    np.testing.assert_array_equal(np.stack([clips.clip(i)[0] for i in range(5)]), images)
    assert open_images(path, resolution=8, channels=3).labels == []


@pytest.mark.parametrize(
    ("arrays", "key", "message"),
    [
        ({"pictures": np.zeros((2, 8, 8), np.uint8)}, None, "no array 'images'"),
        ({"images": np.zeros((2, 8, 8))}, None, r"float64 \(2, 8, 8, 1\); uint8"),
        ({"images": np.zeros((2, 8, 8, 2), np.uint8)}, None, r"\(2, 8, 8, 2\)"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "kind": [1, 2]}, "kinds", "did you mean 'kind'"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "kind": [1.5, 2]}, "kind", "whole numbers"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "kind": [1, 2, 3]}, "kind", r"text \(2,\)"),
        ({"images": np.zeros((0, 8, 8), np.uint8)}, None, "holds no images"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, key, message):
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        open_images(tmp_path / "set.npz", resolution=8, channels=1, labels_key=key)


def test_paths_that_hold_no_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no such file or folder"):
        open_images(tmp_path / "nothing", resolution=8, channels=1)
    with pytest.raises(ValueError, match="no pictures in"):
        open_images(tmp_path, resolution=8, channels=1)
    (tmp_path / "broken.png").write_bytes(b"")
    with pytest.raises(ValueError, match="no picture in .* the first is broken.png: not a picture"):
        open_images(tmp_path, resolution=8, channels=1)
    np.save(tmp_path / "array.npy", np.zeros((2, 8, 8), np.uint8))
    (tmp_path / "table.csv").write_text("1,2,3")
    for name in ("broken.png", "array.npy", "table.csv"):
        with pytest.raises(ValueError, match=f"{name}' is no .npz file; a folder .* is needed$"):
            open_images(tmp_path / name, resolution=8, channels=1)
    np.savez(tmp_path / "set.npz", images=np.full((2, 8, 8), 77, np.uint8))
    whole = (tmp_path / "set.npz").read_bytes()
    (tmp_path / "set.npz").write_bytes(whole.replace(b"MMM", b"MNM", 1))
    with pytest.raises(ValueError, match="is no NumPy archive .*: array 'images': Bad CRC"):
        open_images(tmp_path / "set.npz", resolution=8, channels=1)
    with pytest.raises(ValueError, match="data.labels_key 'kind' is for a .npz file"):
        open_images(tmp_path, resolution=8, channels=1, labels_key="kind")
    with pytest.raises(ValueError, match="channels must be 1, 3 or 4, not 2"):
        fit_image(Image.new("L", (8, 8)), resolution=8, channels=2)
    with pytest.raises(ValueError, match="no images"):
        ImageClips(np.zeros((0, 8, 8, 1), np.uint8))


def test_batches_are_made_of_images_as_of_clips(rng):
    pixels = rng.integers(0, 256, (9, 16, 16, 3), np.uint8)
    source = ImageClips(pixels, np.arange(9) % 2, ["a", "b"])
    clips, labels = ClipBatches(source, batch_size=4, seed=0)[0]
    assert clips.shape == (4, 1, 16, 16, 3) and labels.min() >= 0


def test_pictures_keep_the_names_of_their_files_but_for_those_that_are_skipped(tmp_path, rng):
    for name in ("b.png", "sub/a.png"):
        write_picture(tmp_path / name, rng.integers(0, 256, (8, 8), np.uint8))
    (tmp_path / "broken.png").write_text("no picture")
    clips = open_images(tmp_path, resolution=8, channels=1)
    assert clips.names == ["b.png", "sub/a.png"] and clips.skipped[0][0] == "broken.png"


def test_every_file_beside_pictures_is_counted(tmp_path):
    for folder in ("cat", "dog", ".thumbnails"):
        (tmp_path / "v" / folder).mkdir(parents=True)
        Image.new("RGB", (9, 9)).save(tmp_path / "v" / folder / "a.png")
    root = tmp_path / "v"
    (root / "cat" / "broken.jpg").write_bytes(b"no picture")
    (root / "stray.png").write_bytes(b"no picture")
    (root / "cat" / "notes.txt").touch()
    (root / "dog" / "b.png").symlink_to(root / "cat" / "a.png")
    (root / "dog" / "c.png").symlink_to(root / "cat" / "a.png")
    (root / "dog" / "gone.png").symlink_to(root / "nowhere")
    (root / "fox").symlink_to(root / "dog")
    images = open_images(root, resolution=8, channels=3)
    assert images.account == Account(
        {"taken": 5, "skipped": 2, "ignored": 2, "duplicate": 2, "broken link": 2},
        {".txt": 1, "hidden": 1},
    )
    assert images.names == ["cat/a.png", "dog/a.png", "dog/b.png", "fox/a.png", "fox/b.png"]
    assert [images.labels[images.label(k)] for k in range(5)] == [
        *("cat", "dog", "dog", "fox", "fox")
    ]
    assert sorted(dict(images.notes)) == [
        *("v/dog/c.png", "v/dog/gone.png", "v/fox/c.png", "v/fox/gone.png")
    ]


def test_folders_of_splits_are_no_classes(tmp_path):
    for folder in ("train/cat", "train/dog", "val/cat"):
        (tmp_path / folder).mkdir(parents=True)
        Image.new("RGB", (9, 9)).save(tmp_path / folder / "a.png")
    images = open_images(tmp_path, resolution=8, channels=3)
    assert images.labels == ["cat", "dog"] and images.classes.tolist() == [0, 1, 0]
    ((_, text),) = images.notes
    assert text == "folders of splits, train, val, with classes below"
