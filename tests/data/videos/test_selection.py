import numpy as np
import pytest

from tgan.data.videos.selection import Selection, choose_files, choose_rows
from tgan.data.videos.sources import find_sources

NAMES = ["a/1.mp4", "a/2.mp4", "b/1.mp4", "b/c/[3].mp4"]


@pytest.mark.parametrize(
    ("only", "exclude", "wanted"),
    [
        ((), (), [0, 1, 2, 3]),
        (("a/*",), (), [0, 1]),
        (("*1.mp4",), (), [0, 2]),
        (("a/?.mp4", "b/1*"), (), [0, 1, 2]),
        ((), ("b/*",), [0, 1]),
        (("*/1.mp4",), ("b/*",), [0]),
        (("*[[]3].mp4",), (), [3]),
    ],
)
def test_globs_choose_files(only, exclude, wanted):
    chosen = choose_files(NAMES, Selection(only=only, exclude=exclude))
    assert [index for index, yes in enumerate(chosen) if yes] == wanted


@pytest.mark.parametrize(
    ("only", "exclude", "message"),
    [
        (("a/*", "A/*"), (), "only 'A/[*]' fits none of the 4 files, such as 'a/1.mp4'"),
        ((), ("*.avi",), "exclude '[*].avi' fits none"),
        (("a/*",), ("*.mp4",), "leave none of the 4 files"),
    ],
)
def test_globs_that_fit_nothing(only, exclude, message):
    with pytest.raises(ValueError, match=message):
        choose_files(NAMES, Selection(only=only, exclude=exclude))


def test_rows():
    rows = frozenset({1, 2})
    assert choose_rows([0, 1, 2, 0, 1], Selection(rows=rows)) == [False, True, True, False, True]
    assert choose_rows([None, 0], Selection()) == [True, True]
    with pytest.raises(ValueError, match="no row 2; the last is 1"):
        choose_rows([0, 1], Selection(rows=rows))
    with pytest.raises(ValueError, match="rows are for .npy and .npz files alone"):
        choose_rows([0, 1, 2, None], Selection(rows=rows))


def test_files_that_are_left_out_are_not_opened(tmp_path):
    root = tmp_path / "v"
    root.mkdir()
    for name in ("a.npy", "b.npy"):
        np.save(root / name, np.zeros((20, 3, 16, 16), np.uint8))
    for name in ("broken.png", "c.mp4", "notes.txt"):
        (root / name).touch()
    chosen = Selection(only=("*.npy",), rows=frozenset({0, 2}))
    scan = find_sources([root], axes="TNHW", selection=chosen)
    assert [s.name for s in scan.sources] == [
        "v/a.npy[0]",
        "v/a.npy[2]",
        "v/b.npy[0]",
        "v/b.npy[2]",
    ]
    assert scan.skipped == [] and scan.account().counts == {"taken": 2, "left out": 3}
    # A file named by itself goes by its name, and two SOURCES may hold files of one name.
    twin = root / "b.npy"
    (tmp_path / "w").mkdir()
    twin.rename(tmp_path / "w" / "a.npy")
    paths = [root / "a.npy", tmp_path / "w"]
    chosen = Selection(only=("a.npy",))
    assert len(find_sources(paths, axes="TNHW", selection=chosen).sources) == 6


def test_weizmann_is_split_by_performer(shared):
    """As `datasets/weizmann.md` splits it; number n belongs to performer n // 8, from 0."""
    source, held_back = shared("datasets/weizmann/actions"), ("*/0000004[89].jpg", "*/000000[567]*")
    for selection, performers in (
        (Selection(exclude=held_back), range(6)),
        (Selection(only=held_back), (6, 7)),
    ):
        found = find_sources([source], labels="folders", selection=selection).sources
        assert sorted(int(s.path.stem) // 8 for s in found) == sorted(8 * list(performers))
        assert {s.label for s in found} == {"0", "1", "3", "4"}
