import os
import socket

import numpy as np
import pytest
from PIL import Image

from tests.made.numbered_videos import numbered_frame, write_video
from tgan.data.account import Account, Ledger
from tgan.data.files import entries
from tgan.data.packed.index import read_index
from tgan.data.packed.prepare import prepare
from tgan.data.videos.sources import find_sources


def test_an_account_in_words():
    account = Account({"taken": 8, "ignored": 3, "too short": 1}, {".txt": 1, "hidden": 2})
    assert str(account) == "12 files: 8 taken, 1 too short, 3 ignored (2 hidden, 1 .txt)"
    assert account.num_files == 12 and str(Account()) == "0 files: none"


def test_the_first_fate_of_a_file_stands_and_a_video_from_it_counts_more(tmp_path):
    ledger = Ledger()
    ledger.enter(tmp_path / "a.npz", "left out")
    ledger.enter(tmp_path / "a.npz", "skipped")
    ledger.enter(tmp_path / "b.TXT", "ignored")
    assert ledger.account() == Account({"left out": 1, "ignored": 1}, {".txt": 1})
    assert ledger.account({tmp_path / "a.npz": "taken"}).counts == {"taken": 1, "ignored": 1}


@pytest.fixture(scope="module")
def odd_tree(tmp_path_factory):
    """All oddities in one folder, and how many files of each fate it holds."""
    root, outside = tmp_path_factory.mktemp("tree") / "v", tmp_path_factory.mktemp("outside")
    for folder in ("jump", "wave", ".cache", "wave/frames"):
        (root / folder).mkdir(parents=True)
    write_video(root / "jump" / "long.mp4", 20)
    write_video(root / "jump" / "short.mp4", 5)
    (root / "jump" / "rubbish.avi").write_bytes(b"no video")
    (root / "jump" / "notes.txt").touch()
    (root / "README").touch()
    (root / ".cache" / "x.mp4").touch()
    for number in range(1, 18):
        Image.fromarray(numbered_frame(number)).save(root / "wave/frames" / f"f_{number}.png")
    np.save(root / "wave" / "array.npy", np.zeros((2, 16, 16, 16, 3), np.uint8))
    Image.new("RGB", (20, 17)).save(root / "wave" / "poster.jpg")
    write_video(outside / "deep" / "far.mp4", 20)
    (root / "wave" / "linked").symlink_to(outside / "deep")
    (root / "wave" / "linked again").symlink_to(outside / "deep")
    (root / "run").symlink_to(outside)
    (root / "wave" / "loop").symlink_to(root)
    (root / "wave" / "gone.mp4").symlink_to(root / "nowhere")
    (root / "wave" / "twin.mp4").symlink_to(root / "jump" / "long.mp4")
    (root / "jump" / "twin.mp4").symlink_to(root / "jump" / "long.mp4")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(root / "jump" / "socket"))
    counts = {
        # jump: long; wave: 17 frames, array, linked/far, twin; run: deep/far.
        "taken": 1 + 17 + 3 + 1,
        "skipped": 1,
        "too short": 1,
        "ignored": 5,
        # wave: linked again; jump: twin.
        "duplicate": 2,
        # wave: loop, gone.
        "broken link": 2,
    }
    return root, counts


def test_every_file_of_a_tree_is_counted_once(odd_tree, tmp_path):
    root, counts = odd_tree
    prepared = prepare(root, tmp_path / "out", labels="folders", resolution=8, workers=1)
    index = read_index(tmp_path / "out")
    assert index == prepared.index and index.files == counts
    # An independent count: entries that are no folders, with what lies behind followed links.
    seen = sum(len(names) for _, _, names in os.walk(root))
    links = [f for f in root.rglob("*") if f.is_symlink() and f.is_dir()]
    assert len(links) == 4
    behind_links = 1 + 1
    links_that_are_entries = 2
    assert index.account.num_files == seen + behind_links + links_that_are_entries
    assert index.ignored == {".txt": 1, "without ending": 1, "hidden": 1} | {
        "pictures that are no video": 1,
        "no regular file": 1,
    }
    assert [(v.source, index.labels[v.label]) for v in index.videos] == [
        ("v/jump/long.mp4", "jump"),
        ("v/run/deep/far.mp4", "run"),
        ("v/wave/array.npy[0]", "wave"),
        ("v/wave/array.npy[1]", "wave"),
        ("v/wave/frames", "wave"),
        ("v/wave/linked/far.mp4", "wave"),
        ("v/wave/twin.mp4", "wave"),
    ]
    assert dict(index.not_taken) == {
        "v/jump/twin.mp4": "is v/jump/long.mp4, by a link",
        "v/wave/gone.mp4": "a broken link",
        "v/wave/linked again": "a second link to one folder",
        "v/wave/loop": "a link to a folder that it lies in",
    }


def test_without_classes_a_file_counts_once(odd_tree):
    scan = find_sources([odd_tree[0]])
    names = [source.name for source in scan.sources]
    assert "v/wave/twin.mp4" not in names and "v/wave/linked/far.mp4" not in names
    assert scan.account().num_files == sum(odd_tree[1].values())


def test_strict_wants_nothing_else(odd_tree, tmp_path):
    root = tmp_path / "v"
    write_video(root / "a.mp4", 20)
    (root / "notes.txt").touch()
    assert prepare(root, tmp_path / "1", strict=True).index.files == {"taken": 1, "ignored": 1}
    (root / "b.mp4").symlink_to(root / "a.mp4")
    with pytest.raises(ValueError, match=r"v/b.mp4: is v/a.mp4, by a link; strict leaves nothing"):
        prepare(root, tmp_path / "2", strict=True)
    (root / "b.mp4").unlink()
    (root / "b.mp4").symlink_to(root / "gone.mp4")
    with pytest.raises(ValueError, match=r"v/b.mp4: a broken link; strict leaves nothing out"):
        prepare(root, tmp_path / "2", strict=True)
    (root / "b.mp4").unlink()
    write_video(root / "b.mp4", 4)
    with pytest.raises(ValueError, match=r"v/b.mp4: 4 frames, fewer .*; strict leaves nothing out"):
        prepare(root, tmp_path / "2", strict=True)


def test_links_without_end_are_searched_once(tmp_path):
    """Ten folders that all link to each other: ten factorial paths, if they were all followed."""
    folders = [tmp_path / "v" / str(number) for number in range(10)]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "a.txt").touch()
    for folder in folders:
        for other in folders:
            if other != folder:
                (folder / f"to {other.name}").symlink_to(other)
    found = list(entries(tmp_path / "v"))
    assert len(found) < 2000
    assert sum(entry.problem is None for entry in found) >= 10


def test_a_folder_that_cannot_be_opened_is_named(tmp_path, monkeypatch):
    (tmp_path / "v" / "closed").mkdir(parents=True)
    write_video(tmp_path / "v" / "a.mp4", 2)
    listed = type(tmp_path).iterdir

    def refuse(path):
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(type(tmp_path), "iterdir", refuse)
    scan = find_sources([tmp_path / "v"])
    assert scan.account().counts == {"taken": 1, "skipped": 1}
    (pair,) = scan.ledger.reasons
    assert pair == ("v/closed", "a folder that cannot be opened (Permission denied)")
