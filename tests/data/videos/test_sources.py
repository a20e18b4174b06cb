from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.made.numbered_videos import numbered_frame, numbers, write_video
from tgan.data.videos.frames import Fitter
from tgan.data.videos.sources import find_sources


def touch(folder: Path, *names: str) -> Path:
    """Empty files: finding videos must not depend on decoding them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def write_strip(path: Path, count: int, side: int = 16) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [numbered_frame(number, width=side, height=side) for number in range(count)]
    Image.fromarray(np.concatenate(frames, axis=1)).save(path, format="PNG")
    return path


def names(scan):
    return [source.name for source in scan.sources]


def test_folders_are_searched_in_order(tmp_path):
    root = touch(tmp_path / "v", "b/2.MP4", "b/1.avi", "a.mkv", "c/d/e.gif", ".x/h.mp4", ".h.mp4")
    touch(root, "README.md", "b/notes.txt")
    scan = find_sources([root])
    assert names(scan) == ["v/a.mkv", "v/b/1.avi", "v/b/2.MP4", "v/c/d/e.gif"]
    assert scan.account().ignored == {".md": 1, ".txt": 1, "hidden": 2}
    assert scan.skipped == []
    assert {source.label for source in scan.sources} == {None}


def test_a_file_reached_twice_counts_once(tmp_path):
    root = touch(tmp_path / "v", "a.mp4", "b.mp4")
    (tmp_path / "link").symlink_to(root / "a.mp4")
    scan = find_sources([root / "b.mp4", root, root, tmp_path / "link"])
    assert names(scan) == ["b.mp4", "v/a.mp4"]


def test_a_file_named_by_itself_may_have_any_suffix(tmp_path):
    path = write_video(tmp_path / "a.mkv", 5).rename(tmp_path / "a.video")
    scan = find_sources([path])
    assert numbers(map(Fitter(16), scan.sources[0].read().frames)) == list(range(5))


def test_labels_from_folders(tmp_path):
    root = touch(tmp_path / "v", "run/1.mp4", "jump/deep/2.mp4", "run/3.mp4")
    scan = find_sources([root], labels="folders")
    assert [(s.relative, s.label) for s in scan.sources] == [
        ("jump/deep/2.mp4", "jump"),
        ("run/1.mp4", "run"),
        ("run/3.mp4", "run"),
    ]
    touch(root, "stray.mp4")
    with pytest.raises(ValueError, match="'v/stray.mp4' lies in no class folder"):
        find_sources([root], labels="folders")


def test_labels_from_a_csv_file(tmp_path):
    root = touch(tmp_path / "v", "x/1.mp4", "y/2.mp4", "y/3.mp4", "z/1.mp4")
    table = tmp_path / "labels.csv"
    table.write_text('file,label\nx/1.mp4,../up\n2.mp4,"a, b"\n1.mp4,c\ngone.mp4,c\n')
    scan = find_sources([root], labels="csv", labels_file=table)
    assert {s.relative: s.label for s in scan.sources} == {"x/1.mp4": "../up", "y/2.mp4": "a, b"}
    assert scan.skipped == [
        ("v/y/3.mp4", "has no label in labels.csv"),
        ("v/z/1.mp4", "has no label in labels.csv"),
    ]
    assert scan.unmatched == [
        ("1.mp4", "listed in labels.csv, but 2 files have this name"),
        ("gone.mp4", "listed in labels.csv, but no such file"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.mp4\n", "line 1: expected 'file,label', got 'a.mp4'"),
        ("a.mp4,x\na.mp4,y\n", "gives a.mp4 two labels: 'x' and 'y'"),
        ("file,label\n", "no videos listed"),
        (None, "cannot read"),
    ],
)
def test_bad_label_files(tmp_path, text, message):
    root, table = touch(tmp_path / "v", "a.mp4"), tmp_path / "labels.csv"
    if text is not None:
        table.write_text(text)
    with pytest.raises(ValueError, match=message):
        find_sources([root], labels="csv", labels_file=table)


def test_ucf101_lists(tmp_path):
    root = touch(tmp_path / "UCF-101", *(f"Surf/v_Surf_g0{n}_c01.avi" for n in range(1, 6)))
    touch(root, "Dive/v_Dive_g01_c01.avi", "Dive/v_Dive_g02_c01.avi")
    train, test = tmp_path / "trainlist01.txt", tmp_path / "testlist01.txt"
    train.write_bytes(b"Surf/v_Surf_g02_c01.avi 2\r\nDive/v_Dive_g02_c01.avi 1\r\n")
    test.write_text("Surf/v_Surf_g01_c01.avi\nSurf/v_Surf_g99_c01.avi\n\n")
    scan = find_sources([root], splits=[train])
    assert [(s.relative, s.label) for s in scan.sources] == [
        ("Dive/v_Dive_g02_c01.avi", "Dive"),
        ("Surf/v_Surf_g02_c01.avi", "Surf"),
    ]
    both = find_sources([root], splits=[train, test])
    assert len(both.sources) == 3
    missing = "listed in testlist01.txt, but no such file"
    assert both.unmatched == [("Surf/v_Surf_g99_c01.avi", missing)]
    # The same lists when the videos lie deeper, or all in one folder.
    assert len(find_sources([tmp_path], splits=[train]).sources) == 2
    flat = touch(tmp_path / "flat", "v_Surf_g02_c01.avi", "v_Dive_g02_c01.avi")
    assert [s.label for s in find_sources([flat], splits=[train]).sources] == ["Dive", "Surf"]
    train.write_text("v_Surf_g02_c01.avi 2\n")
    with pytest.raises(ValueError, match="expected lines like 'Archery/v_Archery_g01_c01.avi 1'"):
        find_sources([root], splits=[train])


def test_strips_are_found_among_pictures(tmp_path):
    root = tmp_path / "v"
    write_strip(root / "0" / "a.jpg", 20)
    Image.new("RGB", (64, 64)).save(root / "0" / "poster.png")
    (root / "0" / "broken.png").write_text("hello")
    scan = find_sources([root], labels="folders")
    assert names(scan) == ["v/0/a.jpg"]
    assert scan.sources[0].num_frames == 20
    assert scan.account().ignored == {"pictures that are no video": 1}
    assert scan.skipped == [("v/0/broken.png", "not a picture that Pillow can open")]
    # Told that all are strips, one that is none is an error of its own.
    assert names(find_sources([root], strips=True)) == ["v/0/a.jpg", "v/0/poster.png"]


def test_an_array_holds_many_videos(tmp_path):
    path = tmp_path / "digits.npy"
    frames = [numbered_frame(n, width=16, height=16)[..., 0] for n in range(20)]
    videos = np.stack([np.stack(frames), np.stack(frames[::-1])], axis=1)
    np.save(path, videos)
    scan = find_sources([path])
    assert names(scan) == ["digits.npy[0]", "digits.npy[1]"]
    assert [s.num_frames for s in scan.sources] == [20, 20]
    assert numbers(map(Fitter(16), scan.sources[1].read().frames)) == list(range(19, -1, -1))
    np.save(tmp_path / "other.npy", np.zeros(4))
    assert find_sources([tmp_path]).skipped[0][0].endswith("/other.npy")


def test_nothing_found(tmp_path):
    touch(tmp_path / "v", "a.txt")
    with pytest.raises(ValueError, match=r"no videos in '.*v' \(1 file: 1 ignored \(1 .txt\)\)"):
        find_sources([tmp_path / "v"])
    with pytest.raises(ValueError, match="no such file or folder: '.*gone'"):
        find_sources([tmp_path / "gone"])
    (tmp_path / "v" / "a.png").write_text("hello")
    with pytest.raises(ValueError, match="1 skipped, the first is v/a.png: not a picture"):
        find_sources([tmp_path / "v"])
