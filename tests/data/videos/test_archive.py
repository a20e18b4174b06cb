import itertools
import re
import tracemalloc
import zipfile
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.made.archives import array_bytes, claim_size, encrypt, header_of, write_archive
from tests.made.numbered_videos import numbered_frame, numbers
from tests.system.test_archives import HEADERS
from tgan.data.packed.prepare import prepare
from tgan.data.videos import archive as module
from tgan.data.videos.archive import archive_labels, archive_shape, read_archive
from tgan.data.videos.decode import MAX_VIDEOS, DecodeError
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
        (np.array([None] * 3), "array 'key': it holds objects"),
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
        (np.zeros((2, 3, 8, 8)), r"must be uint8, .* not float64 \(2, 3, 8, 8\)"),
        (np.zeros((2, 3, 8), np.uint8), r"\(2, 3, 8\) is no array of videos"),
        (np.zeros((2, 3, 8, 8, 2), np.uint8), r"\(2, 3, 8, 8, 2\) is no array of videos"),
        (np.zeros((0, 3, 8, 8), np.uint8), r"must be uint8, .* not uint8 \(0, 3, 8, 8\)"),
        (np.array([None]), "array 'video': it holds objects"),
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


def bad_archives(folder, rng):
    """Archives and arrays that are refused, by the name of the file and a part of the reason."""
    video = array_bytes(rng.integers(0, 256, (2, 3, 8, 8), np.uint8))
    cases = {name: {"video.npy": content + bytes(24)} for name, content in HEADERS.items()}
    for name, members in cases.items():
        write_archive(folder / f"header {name}.npz", members)
        (folder / f"header {name}.npy").write_bytes(members["video.npy"])
    encrypt(write_archive(folder / "encrypted.npz", {"video.npy": video}))
    write_archive(folder / "lzma.npz", {"video.npy": video}, method=zipfile.ZIP_LZMA)
    claim_size(write_archive(folder / "claims.npz", {"video.npy": video}), 2**31)
    many = array_bytes(np.zeros((MAX_VIDEOS + 1, 1, 1, 1), np.uint8))
    write_archive(folder / "many.npz", {"video.npy": many})
    (folder / "many.npy").write_bytes(header_of((1, MAX_VIDEOS + 1, 1, 1)) + bytes(MAX_VIDEOS + 1))
    with (folder / "sparse.npy").open("wb") as file:
        file.write(header_of((10**9, 10**3, 1, 1)))
        file.truncate(file.tell() + 10**12)
    (folder / "half.npz").write_bytes(
        write_archive(folder / "x", {"video.npy": video}).read_bytes()[:99]
    )
    (folder / "x").unlink()
    return sorted(path.name for path in folder.iterdir())


def test_good_videos_beside_bad_archives_are_packed(tmp_path):
    """Each bad one is named with its reason, and none takes memory or time by its claims."""
    (tmp_path / "v").mkdir()
    bad = bad_archives(tmp_path / "v", np.random.default_rng(0))
    good = random_videos(3, 5, 12, 12)
    np.savez_compressed(tmp_path / "v" / "good.npz", video=good)
    np.save(tmp_path / "v" / "good.npy", good[..., None])
    tracemalloc.start()
    prepared = prepare(tmp_path / "v", tmp_path / "out", min_frames=5, resolution=12, workers=1)
    assert tracemalloc.get_traced_memory()[1] < 64e6
    tracemalloc.stop()
    assert [video.source for video in prepared.index.videos] == [
        f"v/good.{kind}[{row}]" for kind in ("npy", "npz") for row in range(3)
    ]
    reasons = dict(prepared.index.skipped)
    assert sorted(reasons) == [f"v/{name}" for name in bad]
    assert all(len(reason.splitlines()) == 1 for reason in reasons.values())
    assert "it is encrypted" in reasons["v/encrypted.npz"]
    assert "the header cannot be read" in reasons["v/header nested.npz"]
    assert "claims 1,000,000,000 bytes" in reasons["v/header more than there is.npz"]
    assert "claims 1,000,000,000 bytes" in reasons["v/header more than there is.npy"]
    assert reasons["v/many.npz"] == "an array of 1,000,001 videos; the limit is 1,000,000"
    assert "is no array of videos" in reasons["v/many.npy"]


def test_a_long_video_is_read_block_by_block(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 3 * 12 * 10 * 3)
    video = random_videos(3, 7, 12, 10, 3)
    np.savez_compressed(tmp_path / "a.npz", video=video)
    whole, other = read_archive(tmp_path / "a.npz", 1), read_archive(tmp_path / "a.npz", 0)
    pairs = list(zip(whole.frames, other.frames, strict=True))
    np.testing.assert_array_equal([a.to_ndarray() for a, _ in pairs], video[1])
    np.testing.assert_array_equal([b.to_ndarray() for _, b in pairs], video[0])


def test_zeros_that_were_compressed_a_thousandfold_take_no_memory(tmp_path, monkeypatch):
    """A video of 67 MB in 65 KB: frames come block by block."""
    monkeypatch.setattr(module, "_BLOCK", 2**20)
    path, length = tmp_path / "a.npz", 2**10
    zeros = np.zeros((1, length, 256, 256), np.uint8)
    write_archive(path, {"video.npy": header_of(zeros.shape) + zeros.tobytes()})
    del zeros
    assert path.stat().st_size < 2e5
    tracemalloc.start()
    frames = read_archive(path, 0).frames
    assert sum(1 for _ in itertools.islice(frames, 300)) == 300
    assert tracemalloc.get_traced_memory()[1] < 8 * module._BLOCK < length * 2**16 / 2 + 1
    tracemalloc.stop()


def test_an_archive_without_the_classes_is_passed_over(tmp_path):
    good = random_videos(2, 4, 8, 8)
    np.savez(tmp_path / "a.npz", video=good, way=["on", "back"])
    np.savez(tmp_path / "b.npz", video=good)
    scan = find_sources([tmp_path], labels="npz", labels_key="way")
    assert [source.label for source in scan.sources] == ["on", "back"]
    assert scan.skipped == [(f"{tmp_path.name}/b.npz", "no array 'way'; it has: video")]
    with pytest.raises(ValueError, match="no videos .* no array 'wai' .did you mean 'way'"):
        find_sources([tmp_path], labels="npz", labels_key="wai")


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
