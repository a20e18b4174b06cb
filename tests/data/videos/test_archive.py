import re
import zipfile
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.made.numbered_videos import numbered_frame, numbers
from tgan.data.videos.archive import archive_labels, archive_shape, read_archive
from tgan.data.videos.decode import DecodeError
from tgan.data.videos.folder import VideoFolder
from tgan.data.videos.frames import Fitter
from tgan.data.videos.sources import find_sources


def frames_of(path, row):
    return np.stack([frame.to_ndarray() for frame in read_archive(path, row).frames])


def random_videos(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_every_row_in_any_order(tmp_path, save, channels):
    path = tmp_path / "a.npz"
    video = random_videos(*(7, 5, 12, 10), *([] if channels is None else [channels]))
    save(path, other=np.arange(9), video=video)
    assert archive_shape(path) == (7, 5, 12, 10, channels or 1)
    expected = video if channels else video[..., None]
    for row in (0, 1, 3, 6, 2, 2, 0):
        frames = frames_of(path, row)
        np.testing.assert_array_equal(frames, np.broadcast_to(expected[row], frames.shape))
        assert frames.shape == (5, 12, 10, max(channels or 3, 3))


def read_rows(path):
    return [frames_of(path, row).tobytes() for row in range(40)]


def test_processes_do_not_disturb_each_other(tmp_path):
    path, video = tmp_path / "a.npz", random_videos(40, 2, 16, 16, 3)
    np.savez_compressed(path, video=video)
    expected = [row.tobytes() for row in video]
    assert read_rows(path)[:1] == expected[:1]
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(read_rows, [path] * 4)) == [expected] * 4


def test_a_file_that_was_replaced_is_read_anew(tmp_path):
    path = tmp_path / "a.npz"
    for level in (10, 200):
        np.savez(tmp_path / "new.npz", video=np.full((2, 3, 8, 8), level, np.uint8))
        (tmp_path / "new.npz").rename(path)
        assert (frames_of(path, 1) == level).all()


def test_transparency_is_laid_on_black_as_in_strips(tmp_path):
    video = random_videos(1, 6, 16, 16, 4)
    np.savez(tmp_path / "a.npz", video=video)
    strip = np.concatenate(list(video[0]), axis=1)
    Image.fromarray(strip).save(tmp_path / "a.png")
    archive, picture = (find_sources([tmp_path / name]).sources for name in ("a.npz", "a.png"))
    fit = Fitter(16)
    made = np.stack([fit(frame) for frame in archive[0].read().frames])
    np.testing.assert_array_equal(made, [fit(frame) for frame in picture[0].read().frames])
    rgb, alpha = video[0, ..., :3].astype(float), video[0, ..., 3:] / 255
    np.testing.assert_allclose(made, rgb * alpha, atol=0.51)


def test_classes_are_numbers_or_text(tmp_path):
    path = tmp_path / "a.npz"
    arrays = {"action": np.array([2, 0, 11], np.uint8), "name": np.array(["a b", "c", "a b"])}
    np.savez_compressed(path, video=np.zeros((3, 4, 8, 8), np.uint8), **arrays)
    assert archive_labels(path, "action") == ["2", "0", "11"]
    assert archive_labels(path, "name") == ["a b", "c", "a b"]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(4, int), r"'key' is int64 \(4,\); classes are whole numbers or text \(3,\)"),
        (np.zeros((3, 1), int), r"'key' is int64 \(3, 1\)"),
        (np.zeros(3), r"'key' is float64"),
        (np.array([None] * 3), r"'key' is object"),
    ],
    ids=["length", "shape", "float", "object"],
)
def test_other_arrays_are_no_classes(tmp_path, array, message):
    np.savez(tmp_path / "a.npz", video=np.zeros((3, 4, 8, 8), np.uint8), key=array)
    with pytest.raises(DecodeError, match=message):
        archive_labels(tmp_path / "a.npz", "key")
    with pytest.raises(DecodeError, match="no array 'kye' .did you mean 'key'.*has: video, key"):
        archive_labels(tmp_path / "a.npz", "kye")


@pytest.mark.parametrize(
    ("video", "message"),
    [
        (np.zeros((2, 3, 8, 8)), r"must be uint8 .* not float64 \(2, 3, 8, 8\)"),
        (np.zeros((2, 3, 8), np.uint8), r"not uint8 \(2, 3, 8\)"),
        (np.zeros((2, 3, 8, 8, 2), np.uint8), r"not uint8 \(2, 3, 8, 8, 2\)"),
        (np.zeros((0, 3, 8, 8), np.uint8), r"not uint8 \(0, 3, 8, 8\)"),
        (np.array([None]), "not object"),
        (np.zeros((2, 3, 8, 8), np.uint8).T, "Fortran order"),
    ],
    ids=["float", "axes", "channels", "empty", "object", "fortran"],
)
def test_other_arrays_are_no_videos(tmp_path, video, message):
    np.savez(tmp_path / "a.npz", video=video)
    with pytest.raises(DecodeError, match=message):
        archive_shape(tmp_path / "a.npz")


def test_broken_archives_are_named(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, video=random_videos(4, 4, 16, 16))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DecodeError, match=r"a.npz: not a NumPy archive that can be read"):
        archive_shape(path)
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes(64) + whole[middle + 64 :])
    assert archive_shape(path) == (4, 4, 16, 16, 1)
    with pytest.raises(DecodeError, match="a.npz: "):
        [frames_of(path, row) for row in range(4)]
    np.savez(path, clips=np.zeros(3))
    with pytest.raises(DecodeError, match="no array 'video'; it has: clips"):
        archive_shape(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("video.npy", b"hello")
    with pytest.raises(DecodeError, match="not a NumPy archive"):
        archive_shape(path)


def test_sources_of_an_archive(tmp_path):
    root = tmp_path / "v"
    (root / "walk").mkdir(parents=True)
    frames = np.stack([numbered_frame(n, width=16, height=16) for n in range(20)])
    np.savez(root / "walk" / "a.npz", video=np.stack([frames, frames[::-1]]), way=["on", "back"])
    scan = find_sources([root], labels="npz", labels_key="way")
    assert [(s.name, s.label, s.row, s.num_frames) for s in scan.sources] == [
        ("v/walk/a.npz[0]", "on", 0, 20),
        ("v/walk/a.npz[1]", "back", 1, 20),
    ]
    assert numbers(map(Fitter(16), scan.sources[1].read().frames)) == list(range(19, -1, -1))
    assert {s.label for s in find_sources([root], labels="folders").sources} == {"walk"}
    # Also without packing, where several threads scan.
    clips = VideoFolder(root, num_frames=16, resolution=32)
    assert len(clips) == 2 and clips.num_starts(0) == 5
    np.savez(root / "walk" / "features.npz", x=np.zeros(3))
    skipped = ("v/walk/features.npz", "no array 'video'; it has: x")
    assert find_sources([root]).skipped == [skipped]
    Image.fromarray(frames[0].repeat(2, axis=1)).save(root / "walk" / "strip.png")
    with pytest.raises(ValueError, match=r"'v/walk/strip.png' is in no .npz file"):
        find_sources([root], labels="npz", labels_key="way")


def test_the_recipe_makes_the_sprites(shared):
    archive = shared("datasets/sprites/sprites_rgba64x8.npz")
    recipe = (ROOT / "datasets" / "sprites.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)everyone =", recipe, re.DOTALL)
    names: dict = {}
    exec(code, names)  # noqa: S102
    names["SHEETS"] = archive.parent / "sheets"
    with np.load(archive) as arrays:
        video, variants = arrays["video"], arrays["attributes"]
    for first in (0, 1341):
        made = names["character"](variants[first])
        np.testing.assert_array_equal(made, video[first : first + 9])


def test_sprites(shared):
    path = shared("datasets/sprites/sprites_rgba64x8.npz")
    with np.load(path) as arrays:
        video, action = arrays["video"], arrays["action"]
    assert archive_shape(path) == video.shape == (1350, 8, 64, 64, 4)
    assert archive_labels(path, "action") == [str(number) for number in action]
    for row in (0, 700, 1349, 3):
        np.testing.assert_array_equal(frames_of(path, row), video[row])
