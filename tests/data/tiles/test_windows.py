import pickle

import numpy as np
import pytest

from tgan.config import DataConfig
from tgan.config.tiles import TileSet
from tgan.data.datasets import open_dataset, open_held_out, open_like
from tgan.data.fingerprint import fingerprint
from tgan.data.tiles.windows import TileWindows, planes, tiles_of

TILES = TileSet.of(["-", "X solid", "o"])
LEVEL = np.arange(35).reshape(5, 7).astype(np.uint8) % 3


def test_planes_are_one_hot_and_the_strongest_is_the_tile():
    clips = planes(LEVEL, 3)
    assert clips.shape == (5, 7, 3) and clips.dtype == np.uint8
    np.testing.assert_array_equal(clips.sum(-1, dtype=int), 255)
    np.testing.assert_array_equal(clips == 255, LEVEL[..., None] == [0, 1, 2])
    noisy = np.clip(clips[None, None].astype(int), 20, 200).astype(np.uint8)
    np.testing.assert_array_equal(tiles_of(noisy, (5, 7))[0], LEVEL)
    np.testing.assert_array_equal(tiles_of(noisy, (2, 3))[0], LEVEL[:2, :3])
    assert tiles_of(np.full((1, 1, 1, 1, 3), 255, np.uint8), (1, 1)) == 0


def test_windows_begin_at_every_row_and_column():
    source = TileWindows([LEVEL], TILES, (4, 5), 8, names=["a"])
    assert source.shape == (1, 8, 8, 3) and len(source) == 1 and source.num_starts(0) == 2 * 3
    seen = [source.tiles_at(0, start) for start in range(6)]
    corners = [(row, column) for row in range(2) for column in range(3)]
    for window, (row, column) in zip(seen, corners, strict=True):
        np.testing.assert_array_equal(window, LEVEL[row : row + 4, column : column + 5])


def test_what_is_beyond_a_window_is_the_empty_tile():
    source = TileWindows([LEVEL], TILES, (4, 5), 8, names=["a"])
    clip = source.clip(0, 5)
    np.testing.assert_array_equal(tiles_of(clip[None], (4, 5))[0], LEVEL[1:5, 2:7])
    whole = tiles_of(clip[None], (8, 8))[0]
    assert not whole[4:].any() and not whole[:, 5:].any()
    assert (clip[0, 4:, :, 0] == 255).all() and not clip[0, 4:, :, 1:].any()


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="level a has 5 rows of 7 tiles; a window of 6x7"):
        TileWindows([LEVEL], TILES, (6, 7), 8, names=["a"])
    with pytest.raises(ValueError, match=r"window \[9, 9\] has to be"):
        TileWindows([LEVEL], TILES, (9, 9), 8, names=["a"])


def write(folder, *texts):
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_text(text)
    return str(folder)


def of_folder(path, **settings):
    return DataConfig(
        **{"name": "levels", "path": path, "channels": 3, "resolution": 8, "window": [2, 3]},
        **{"num_frames": 1, "tiles": ["-", "X solid", "o"]} | settings,
    )


def test_a_folder_and_another_for_held_out_levels(tmp_path):
    path = write(tmp_path / "a", "--o-\nXXXX\n", "----\n----\nXX-X\n")
    data = of_folder(path)
    source = open_dataset(data)
    assert len(source) == 2 and [source.num_starts(index) for index in range(2)] == [2, 4]
    np.testing.assert_array_equal(source.tiles_at(0, 1), [[0, 2, 0], [1, 1, 1]])
    assert open_held_out(data) is None
    other = write(tmp_path / "b", "---\n---\n")
    assert len(open_held_out(of_folder(path, held_out_path=other))) == 1
    assert len(open_like(data, other)) == 1
    again = pickle.loads(pickle.dumps(source))  # noqa: S301
    assert len(again) == 2


def test_a_fingerprint_tells_other_levels_and_tiles(tmp_path):
    path = write(tmp_path / "a", "--o-\nXXXX\n")
    before = fingerprint(open_dataset(of_folder(path)))
    assert before == fingerprint(open_dataset(of_folder(path)))
    swapped = of_folder(path, tiles=["-", "o", "X solid"])
    assert fingerprint(open_dataset(swapped)) != before
    (tmp_path / "a" / "0.txt").write_text("--oo\nXXXX\n")
    assert fingerprint(open_dataset(of_folder(path))) != before


def test_built_in_levels_have_others_that_are_held_out():
    data = DataConfig(name="levels", channels=10, resolution=32, window=[14, 28], num_frames=1)
    data.num_clips = 5
    source, held_out = open_dataset(data), open_held_out(data)
    assert source.shape == held_out.shape == (1, 32, 32, 10) and len(source) == 5
    assert not (source.levels[0] == held_out.levels[0]).all()
    with pytest.raises(ValueError, match="has 14 rows of 120 tiles; a window of 32x32"):
        data.window = None
        open_dataset(data)
