import os
import stat
import sys
from pathlib import Path

import pytest

from tgan.system.files import (
    check_files,
    check_new_folder,
    check_not_there,
    check_writable,
    write_files,
    write_whole,
    write_whole_folder,
)


def test_a_file_is_replaced_only_by_a_whole_one(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_whole(path, lambda part: part.write_text("first"))

    def fail(part):
        part.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_whole(path, fail)
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "folder"
    with pytest.raises(OSError, match="No space"), write_whole_folder(path) as part:
        (part / "half").touch()
        raise OSError(28, "No space left on device")
    assert list(path.parent.iterdir()) == []
    for _ in ("a new one", "an empty one"):
        with write_whole_folder(path) as part:
            (part / "a").mkdir()
            (part / "a" / "b.txt").write_text("whole")
            assert not path.exists() or not any(path.iterdir())
        assert (path / "a" / "b.txt").read_text() == "whole"
        assert list(path.parent.iterdir()) == [path]
        (path / "a" / "b.txt").unlink()
        (path / "a").rmdir()


def test_a_folder_is_replaced_only_by_a_whole_one_and_only_where_that_is_asked(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("old")
    with pytest.raises(ValueError, match="not empty"), write_whole_folder(path):
        pytest.fail("began to write")
    with pytest.raises(KeyboardInterrupt), write_whole_folder(path, replace=True) as part:
        (part / "half").touch()
        raise KeyboardInterrupt
    assert [file.name for file in path.iterdir()] == ["old"]
    with write_whole_folder(path, replace=True) as part:
        (part / "new").write_text("new")
        assert (path / "old").read_text() == "old"
    assert [file.name for file in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]
    with write_whole_folder(tmp_path / "other", replace=True) as part:
        (part / "new").touch()
    assert (tmp_path / "other" / "new").is_file()
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file"):
        write_whole_folder(tmp_path / "file", replace=True).__enter__()


def test_a_folder_that_cannot_be_replaced_is_put_back(tmp_path, monkeypatch):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    rename = Path.rename

    def fails_for_the_new_one(self, target):
        if self.suffix == ".part":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_new_one)
    with pytest.raises(OSError, match="No space"), write_whole_folder(path, replace=True) as part:
        (part / "new").touch()
    assert list(tmp_path.iterdir()) == [path] and (path / "old").is_file()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_files_get_the_mode_that_the_umask_gives(tmp_path, umask, mode):
    def write_for_its_owner(file):
        file.touch(0o600)

    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", write_for_its_owner)
        with write_whole_folder(tmp_path / "folder") as part:
            (part / "deeper").mkdir()
            write_for_its_owner(part / "deeper" / "file")
        with write_files(tmp_path) as part:
            write_for_its_owner(part / "other")
    finally:
        assert os.umask(before) == umask
    for path in (tmp_path / "file", tmp_path / "other", tmp_path / "folder" / "deeper" / "file"):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "folder" / "deeper").stat().st_mode) == 0o777 & ~umask


def test_files_take_their_places_together_or_none_does(tmp_path):
    for folder in (tmp_path / "new" / "folder", tmp_path):
        with pytest.raises(KeyboardInterrupt), write_files(folder) as part:
            (part / "a").write_text("half")
            raise KeyboardInterrupt
        assert not (folder / "a").exists()
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").write_text("old")
    (tmp_path / "mine").write_text("mine")
    with write_files(tmp_path) as part:
        for name in "ab":
            (part / name).write_text(name)
        assert (tmp_path / "a").read_text() == "old"
    files = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert files == {"a": "a", "b": "b", "mine": "mine"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "mine"]


def test_files_that_are_there_are_named_before_any_is_written(tmp_path):
    (tmp_path / "b").write_text("old")
    check_files(tmp_path, ["a"], overwrite=False)
    check_files(tmp_path, ["a", "b"], overwrite=True)
    check_files(tmp_path / "new", ["a", "b"], overwrite=False)
    with pytest.raises(ValueError, match="b' is there already$"):
        check_files(tmp_path, ["a", "b"], overwrite=False)
    with pytest.raises(ValueError, match="b' is a file; name a folder"):
        check_files(tmp_path / "b", ["a"], overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is not empty; name a new one"):
        check_new_folder(tmp_path)
    with pytest.raises(ValueError, match="not empty"), write_whole_folder(tmp_path):
        pytest.fail("began to write")
    with pytest.raises(ValueError, match="file' is a file; name a folder"):
        check_new_folder(tmp_path / "file")
    with pytest.raises(ValueError, match="cannot be written: .*Not a directory"):
        check_new_folder(tmp_path / "file" / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_there_is_refused_unless_it_may_go(tmp_path):
    check_not_there(tmp_path / "new", overwrite=False)
    (tmp_path / "old").touch()
    check_not_there(tmp_path / "old", overwrite=True)
    with pytest.raises(ValueError, match="old' is there already$"):
        check_not_there(tmp_path / "old", overwrite=False)


def test_what_can_be_written_is_found_out_without_a_trace(tmp_path):
    (tmp_path / "old.mp4").write_bytes(b"old")
    for name in ("new.mp4", "old.mp4", "no/such/folder/new.mp4"):
        check_writable(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["old.mp4"]


def test_what_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(ValueError, match="folder.mp4' is a directory"):
        check_writable(tmp_path / "folder.mp4")
    for name in ("file/x.mp4", "file/deeper/x.mp4"):
        with pytest.raises(ValueError, match="x.mp4' cannot be written: .*file': Not a directory"):
            check_writable(tmp_path / name)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that not even root can fill")
def test_a_folder_that_takes_no_files_is_named():
    with pytest.raises(ValueError, match="'/proc/x.mp4' cannot be written"):
        check_writable("/proc/x.mp4")
