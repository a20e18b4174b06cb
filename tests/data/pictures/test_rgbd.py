import numpy as np
import pytest
from PIL import Image

from tgan.data.account import Account
from tgan.data.pictures.depth import depth_of
from tgan.data.pictures.rgbd import open_rgbd

BOUNDS = [100, 1000]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def write_pair(folder, stem, colour, depth, *, names=("color", "depth"), suffix=".png"):
    for name, pixels, ending in zip(names, (colour, depth), (".png", suffix), strict=True):
        (folder / name).mkdir(parents=True, exist_ok=True)
        if pixels is not None:
            Image.fromarray(pixels).save(folder / name / f"{stem}{ending}")


def pair(rng, height=16, width=16):
    depth = rng.integers(100, 1001, (height, width)).astype(np.uint16)
    depth[3:5, 4:9] = 0
    return rng.integers(0, 256, (height, width, 3), np.uint8), depth


def opened(path, **settings):
    return open_rgbd(path, **{"resolution": 16, "bounds": BOUNDS, **settings})


@pytest.mark.parametrize(
    ("names", "suffix"),
    [(("color", "depth"), ".png"), (("Colour", "depth"), ".pgm"), (("rgb", "depth"), ".tiff")],
)
def test_a_pair_is_an_image_of_four_channels(tmp_path, rng, names, suffix):
    colour, depth = pair(rng)
    written = depth.astype(np.float32) if suffix == ".tiff" else depth
    write_pair(tmp_path / "deep" / "down", "a", colour, written, names=names, suffix=suffix)
    source = opened(tmp_path)
    clip = source.clip(0)
    assert clip.shape == source.shape == (1, 16, 16, 4) and source.labels == ["deep"]
    np.testing.assert_array_equal(clip[0, ..., :3], colour)
    found = depth_of(clip[0, ..., 3], BOUNDS)
    np.testing.assert_array_equal(np.isnan(found), depth == 0)
    assert np.nanmax(np.abs(found - depth)) <= 900 / 254 / 2 + 1e-3


def test_holes_are_filled_where_that_is_asked_for(tmp_path, rng):
    colour, depth = pair(rng)
    write_pair(tmp_path, "a", colour, depth)
    kept, filled = opened(tmp_path).clip(0), opened(tmp_path, holes="fill").clip(0)
    assert (kept[..., 3] == 0).sum() == 10 and filled[..., 3].min() > 0
    np.testing.assert_array_equal(filled[kept > 0], kept[kept > 0])
    assert filled[0, 3, 5, 3] == kept[0, 2, 5, 3]


def test_crops_cut_colour_and_depth_alike(tmp_path):
    rows, columns = np.mgrid[:60, :80]
    colour = np.stack([rows, columns, rows], -1).astype(np.uint8)
    write_pair(tmp_path, "a", colour, (columns * 10 + 100).astype(np.uint16))
    source = opened(tmp_path, crops=20)
    assert len(source) == 1 and source.num_starts(0) == 20
    for number in range(20):
        clip = source.clip(0, number)[0].astype(float)
        expected = depth_of(source.clip(0, number)[0, ..., 3], BOUNDS) / 10 - 10
        assert np.abs(clip[..., 1] - expected).max() <= 2.5


def test_the_middle_square_is_taken_without_crops(tmp_path, rng):
    colour, depth = pair(rng, 16, 24)
    write_pair(tmp_path, "a", colour, depth)
    np.testing.assert_array_equal(opened(tmp_path).clip(0)[0, ..., :3], colour[:, 4:20])


def test_missing_bounds_are_answered_with_the_range_of_the_data(tmp_path, rng):
    colour, depth = pair(rng)
    depth[0, :2] = 77, 4321
    write_pair(tmp_path, "a", colour, depth)
    with pytest.raises(ValueError) as error:
        opened(tmp_path, bounds=None)
    assert str(error.value).endswith(
        "measured from 77 to 4321; name near and far, such as data.depth_bounds: [77, 4321]"
    )


def test_what_cannot_be_used_is_skipped_with_its_reason(tmp_path, rng):
    colour, depth = pair(rng)
    write_pair(tmp_path, "good", colour, depth)
    write_pair(tmp_path, "alone", colour, None)
    write_pair(tmp_path, "blind", None, depth)
    write_pair(tmp_path, "bytes", colour, depth.astype(np.uint8))
    write_pair(tmp_path, "coloured", colour, colour)
    write_pair(tmp_path, "small", colour, depth[:8])
    write_pair(tmp_path, "empty", colour, depth * 0)
    write_pair(tmp_path, "far", colour, depth + np.uint16(5000))
    write_pair(tmp_path, "torn", colour, depth)
    torn = tmp_path / "depth" / "torn.png"
    torn.write_bytes(torn.read_bytes()[:100])
    write_pair(tmp_path, "odd", colour, depth)
    (tmp_path / "color" / "odd.png").write_bytes(b"no picture")
    source = opened(tmp_path)
    reasons = dict(source.skipped)
    assert len(source) == 1 and len(reasons) == 9 and source.labels == []
    for name, reason in {
        "alone": "no depth picture of this name",
        "blind": "no colour picture of this name",
        "bytes": "depth: pixels of mode L; one channel of 16 bits",
        "coloured": "depth: pixels of mode RGB; one channel of 16 bits",
        "small": "colour is 16x16 and depth 16x8 pixels",
        "empty": "depth has no measured pixel",
        "far": "no depth within data.depth_bounds [100.0, 1000.0]: 5000 to",
        "odd": "colour: not a picture that Pillow can open",
        "torn": "depth: ",
    }.items():
        assert reasons[name].startswith(reason), name


def test_nothing_usable_is_one_error(tmp_path, rng):
    colour, depth = pair(rng)
    for path, message in (
        (tmp_path / "none", "no such file or folder"),
        (tmp_path, "no pictures with depth in .* a folder color, colour, rgb beside a folder"),
    ):
        with pytest.raises(ValueError, match=message):
            opened(path)
    write_pair(tmp_path, "a", colour, depth)
    for bounds, message in (
        ([2000, 3000], r"no pair in .* the first is a: no depth within .*: 10\d to"),
        ([5, 5], "near < far"),
    ):
        with pytest.raises(ValueError, match=message):
            opened(tmp_path, bounds=bounds)


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_an_archive_holds_images_and_depth(tmp_path, rng, kind):
    images = rng.integers(0, 256, (3, 16, 16, 3), np.uint8)
    depth = rng.integers(100, 1001, (3, 16, 16)).astype(kind)
    depth[:, 0] = 0 if kind is np.uint16 else np.nan
    np.savez(tmp_path / "set.npz", images=images, depth=depth)
    source = opened(tmp_path / "set.npz")
    clips = np.concatenate([source.clip(index) for index in range(3)])
    np.testing.assert_array_equal(clips[..., :3], images)
    assert (clips[:, 0, :, 3] == 0).all() and (clips[:, 1:, :, 3] > 0).all()
    assert len(opened(tmp_path / "set.npz", crops=4)) == 3


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.zeros((2, 8, 8, 3), np.uint8)}, "no array 'depth'"),
        ({"images": np.zeros((2, 8, 8), np.uint8)}, r"uint8 \(2, 8, 8\); uint8 \(N, H, W, 3\)"),
        ({"depth": np.zeros((2, 8, 8), np.uint8)}, r"uint8 \(2, 8, 8\); uint16 or float"),
        ({"depth": np.zeros((2, 8, 9), np.uint16)}, r"\(2, 8, 9\); uint16 or float \(2, 8, 8\)"),
        ({"depth": np.zeros((2, 8, 8), np.uint16)}, "no pair in .*: depth has no measured pixel"),
    ],
)
def test_arrays_of_pairs_that_do_not_fit_are_refused(tmp_path, arrays, message):
    known = {"images": np.zeros((2, 8, 8, 3), np.uint8)}
    if "array 'depth'" not in message:
        known["depth"] = np.zeros((2, 8, 8), np.uint16)
    np.savez(tmp_path / "set.npz", **known | arrays)
    with pytest.raises(ValueError, match=message):
        opened(tmp_path / "set.npz")


def test_real_pairs_are_read_with_their_holes(shared):
    source = open_rgbd(shared("datasets/rgbd"), resolution=64, bounds=[700, 21500])
    assert source.labels == ["icl_like", "tum_like"] and len(source) == 10
    holes = [(source.clip(index)[..., 3] == 0).mean() for index in range(10)]
    assert max(holes[:5]) == 0 and min(holes[5:]) > 0.1


def test_linked_folders_are_searched(tmp_path, rng):
    write_pair(tmp_path / "elsewhere" / "scene", "a", *pair(rng))
    (tmp_path / "v" / "linked").mkdir(parents=True)
    for name in ("color", "depth"):
        (tmp_path / "v" / "linked" / name).symlink_to(tmp_path / "elsewhere" / "scene" / name)
    (tmp_path / "v" / "scene").symlink_to(tmp_path / "elsewhere" / "scene")
    assert opened(tmp_path / "v").labels == ["linked", "scene"]


def test_every_file_beside_pairs_is_counted(tmp_path, rng):
    write_pair(tmp_path / "a", "good", *pair(rng))
    write_pair(tmp_path / "a", "alone", pair(rng)[0], None)
    (tmp_path / "a" / "color" / "notes.txt").touch()
    (tmp_path / "poster.png").touch()
    (tmp_path / "a" / "color" / "gone.png").symlink_to(tmp_path / "nowhere")
    source = opened(tmp_path)
    assert source.account == Account(
        {"taken": 2, "skipped": 1, "ignored": 2, "broken link": 1}, {".txt": 1, ".png": 1}
    )
    assert [name.split("/", 1)[1] for name, _ in source.notes] == ["a/color/gone.png"]
