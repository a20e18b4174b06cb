"""Plain files of folders that someone else may have filled."""

import os

import pytest

from tgan.system.folders import (
    MissingFile,
    are_names,
    check_inside,
    check_no_device,
    check_no_links_out,
    is_count,
    parse_json,
    plain_file,
    quoted,
    read_bytes,
    read_json_object,
)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "a\0b"])
def test_a_name_that_leads_elsewhere_is_none(tmp_path, name):
    with pytest.raises(ValueError, match="is no name of a file in"):
        plain_file(tmp_path, name)


def test_a_file_is_found_in_its_folder_and_through_links_that_stay_there(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a").write_text("this")
    (tmp_path / "run" / "link").symlink_to("a")
    (tmp_path / "linked").symlink_to("run")
    for folder in (tmp_path / "run", tmp_path / "linked", str(tmp_path / "linked")):
        for name in ("a", "link"):
            assert plain_file(folder, name).read_text() == "this"
            assert read_bytes(folder, name, at_most=4) == b"this"
    for name in ("nothing", "x" * 300, "\udcff"):
        with pytest.raises(MissingFile, match="is missing in"):
            plain_file(tmp_path, name)


def test_what_leads_out_or_is_no_file_is_refused(tmp_path):
    folder = tmp_path / "run"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "other").write_text("secret")
    (tmp_path / "running").mkdir()  # A name that begins as the folder's does.
    (folder / "out").symlink_to("../other")
    (folder / "beside").symlink_to("../running")
    os.mkfifo(folder / "pipe")
    for name in ("out", "beside"):
        with pytest.raises(ValueError, match=f"{name}' is a link out of '.*run'"):
            plain_file(folder, name)
    for name in ("folder", "pipe"):
        with pytest.raises(ValueError, match=f"{name}' is no regular file"):
            plain_file(folder, name)
    check_inside(folder / "folder" / ".." / "pipe", folder)


def test_links_out_of_a_folder_are_found_where_something_is_written(tmp_path):
    folder = tmp_path / "run"
    (folder / "previews").mkdir(parents=True)
    (folder / "inside").symlink_to("previews")
    (folder / "data").symlink_to(tmp_path)  # A folder of the user's, in which nothing is written.
    check_no_links_out(folder, below=["previews", "inside", "nothing"])
    check_no_links_out(tmp_path / "nothing", below=["previews"])
    with pytest.raises(ValueError, match="data' is a link out of '.*run'"):
        check_no_links_out(folder, below=["data"])
    for link in (folder / "log", folder / "previews" / "1.png", folder / "previews" / "deep"):
        for target in ("/dev/null", "/nowhere", tmp_path / "nothing"):
            link.symlink_to(target)
            with pytest.raises(ValueError, match=f"{link}' is a link out of '.*run'"):
                check_no_links_out(folder, below=["previews"])
            link.unlink()


def test_sizes_are_looked_at_first(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path, "a", at_most=5) == b"12345"
    with pytest.raises(ValueError, match="a' is larger than 4 bytes"):
        read_bytes(tmp_path, "a", at_most=4)
    (tmp_path / "empty").touch()
    assert read_bytes(tmp_path, "empty", at_most=0) == b""
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**41)
    with pytest.raises(ValueError, match="sparse' is larger than 8,388,608 bytes"):
        read_bytes(tmp_path, "sparse")


def test_json_is_an_object_or_one_line(tmp_path):
    (tmp_path / "a").write_text('{"a": [1]}')
    assert read_json_object(tmp_path, "a") == {"a": [1]}
    for text, message in (
        ("[1]", "a' is no JSON object"),
        ("", "a' is no JSON"),
        ("{", "a' is no JSON"),
        ("[" * 10_000, "a' is nested too deep"),
        ("1" * 5000, "a' is no JSON"),
    ):
        (tmp_path / "a").write_text(text)
        with pytest.raises(ValueError, match=message) as error:
            read_json_object(tmp_path, "a")
        assert len(str(error.value).splitlines()) == 1
    with pytest.raises(ValueError, match="this is no JSON"):
        parse_json(b"\xff", source="this")


def test_what_a_stranger_wrote_is_quoted_short_and_printable():
    assert quoted("critic.safetensors") == "'critic.safetensors'"
    assert quoted("a\x1b[31m\n") == "'a\\x1b[31m\\n'" and quoted("é") == "'\\xe9'"
    assert quoted("x" * 500) == "'" + "x" * 79 + "..." and quoted([1]) == "list"


def test_counts_and_names_of_json():
    assert all(map(is_count, (0, 1, 2**63 - 1)))
    assert not any(map(is_count, (-1, 2**63, 1.0, True, "1", None, [])))
    assert all(map(are_names, ([], ["a"], ["a", "b"])))
    assert not any(map(are_names, (None, "ab", ["a", "a"], [""], ["a", 1], {"a": 1}, ("a",))))


def test_devices_are_no_data(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    for path in (None, tmp_path, tmp_path / "file", tmp_path / "nothing"):
        check_no_device(path)
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(ValueError, match="is neither a file nor a folder"):
            check_no_device(path)
