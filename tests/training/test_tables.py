"""Files of tensors that lie elsewhere, block, claim too much, or are not what they claim."""

import hashlib
import json
import os
import shutil

import pytest
import torch
from safetensors.torch import save, save_file

from tgan.system import memory
from tgan.system.tensor_files import read_claims
from tgan.training import tables
from tgan.training.checkpoint import directory_of, find_checkpoint, load_checkpoint, save_checkpoint
from tgan.training.tables import Damaged

NAME = "critic.safetensors"


@pytest.fixture
def path(tmp_path):
    """The newer of two checkpoints."""
    tables = {"generator": {"a": torch.arange(6.0)}, "critic": {"w": torch.ones(3, 4)}}
    for step in (1, 2):
        save_checkpoint(
            directory_of(tmp_path / "run", step), tables, step=step, num_videos=5, config="{}\n"
        )
    return directory_of(tmp_path / "run", 2)


def put(path, content):
    """Another content of the critic's file, with its hash in the manifest."""
    (path / NAME).unlink()
    (path / NAME).write_bytes(content)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["sha256"][NAME] = hashlib.sha256(content).hexdigest()
    (path / "manifest.json").write_text(json.dumps(manifest))


def with_header(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def assert_passed_over(path, message):
    with pytest.raises(Damaged, match=message) as error:
        load_checkpoint(path).tensors["critic"]
    assert len(str(error.value).splitlines()) == 1 and path.name in str(error.value)
    with pytest.warns(UserWarning, match="passing over a damaged checkpoint.*step_00000002"):
        assert find_checkpoint(path.parents[1]).step == 1


def test_links_out_of_the_folder_are_not_followed(path, tmp_path):
    shutil.move(path / NAME, tmp_path / NAME)
    (path / NAME).symlink_to(tmp_path / NAME)
    assert_passed_over(path, "is a link out of")
    (path / NAME).unlink()
    (path / NAME).symlink_to(path / "inside")
    shutil.move(tmp_path / NAME, path / "inside")
    assert load_checkpoint(path).tensors["critic"]["w"].sum() == 12
    (path / NAME).unlink()
    (path / NAME).symlink_to(path / NAME)
    assert_passed_over(path, "'critic.safetensors' is missing")


@pytest.mark.parametrize("name", [NAME, "state.json", "config.yaml", "manifest.json"])
def test_devices_pipes_and_folders_are_not_opened(path, name):
    (path / name).unlink()
    os.mkfifo(path / name)
    assert_passed_over(path, "is no regular file")
    (path / name).unlink()
    (path / name).symlink_to("/dev/zero")
    assert_passed_over(path, "is a link out of")
    (path / name).unlink()
    (path / name).mkdir()
    assert_passed_over(path, "is no regular file")


def test_a_checkpoint_that_is_a_link_out_of_its_run_is_passed_over(path, tmp_path):
    shutil.move(path, tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="is a link out of"):
        assert find_checkpoint(tmp_path / "run").step == 1
    # Someone named it.
    assert find_checkpoint(path).step == find_checkpoint(tmp_path / "elsewhere").step == 2


def test_a_folder_of_checkpoints_outside_of_the_run_is_refused_and_a_linked_run_is_not(
    path, tmp_path
):
    (tmp_path / "linked").symlink_to(tmp_path / "run")
    assert find_checkpoint(tmp_path / "linked").step == 2
    shutil.move(path.parent, tmp_path / "elsewhere")
    path.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="checkpoints' is a link out of"):
        find_checkpoint(tmp_path / "run")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no safetensors file, or not whole"),
        (b"\x05\0\0\0\0\0\0\0{}", "no safetensors file, or not whole"),
        (b"\xff" * 8 + b"{}", "no safetensors file, or not whole"),
        (with_header([]), "no JSON object"),
        (with_header(b"{]"), "no JSON"),
        (with_header(b"[" * 9000), "nested too deep"),
        (with_header({"w": 3}), "nothing that can be used of 'w'"),
        (with_header({"w": {"dtype": "F32", "shape": [1]}}), "nothing that can be used"),
        (
            with_header({"w": {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}}, b"1234"),
            "nothing that can be used",
        ),
        (
            with_header({"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"1234"),
            "nothing that can be used",
        ),
        (
            with_header({"w": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}}, b"1234"),
            "nothing that can be used",
        ),
        (
            with_header({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"1234"),
            "another size than its shape",
        ),
        (
            with_header({"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"12345678"),
            "leaves gaps",
        ),
        (
            with_header({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"12345"),
            "header tells of 4 bytes of tensors, and there are 5",
        ),
    ],
)
def test_headers(path, content, message):
    put(path, content)
    assert_passed_over(path, f"'{NAME}' is not what was written.*{message}")


def test_a_file_larger_than_its_header_tells_is_not_read(path):
    with (path / NAME).open("r+b") as file:
        file.truncate(2**41)
    assert_passed_over(path, "header tells of 48 bytes of tensors, and there are 2,199,")


def test_a_file_larger_than_memory_is_not_read_though_its_header_tells_so(path):
    size = memory.physical_memory() // 4 * 4 + 4
    put(path, with_header({"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}))
    with (path / NAME).open("r+b") as file:
        file.truncate(len((path / NAME).read_bytes()) + size)
    assert_passed_over(path, "GB of memory, and this machine has")


def test_the_header_of_a_table_is_read_once(path, monkeypatch):
    headers = []
    monkeypatch.setattr(tables, "read_claims", lambda p: headers.append(p.name) or read_claims(p))
    found = load_checkpoint(path).tensors
    for _ in range(2):
        found.check_sizes(["critic"])
        assert found.claims("critic").keys() == found["critic"].keys()
    assert headers == [NAME]


def test_claims_are_those_of_the_tensors(path):
    tensors = {
        "scalar": torch.tensor(3),
        "half": torch.zeros(2, 3, dtype=torch.bfloat16),
        "none": torch.zeros(0, 4, dtype=torch.float64),
        "flag": torch.ones(5, dtype=torch.bool),
    }
    save_file(tensors, path / "x.safetensors", {"about": "this"})
    put(path, save(tensors))
    found = load_checkpoint(path).tensors
    assert found.claims("critic") == {k: (t.dtype, tuple(t.shape)) for k, t in tensors.items()}
    assert all(torch.equal(found["critic"][key], value) for key, value in tensors.items())
    with pytest.raises(KeyError):
        found.claims("nothing")
