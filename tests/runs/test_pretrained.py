import json
import os
import re
import shutil
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from tests.runs.test_export import ARCHITECTURES, make
from tgan.runs.export import card, example_inputs
from tgan.runs.pretrained import (
    CONFIG,
    MODEL_TYPE,
    WEIGHTS,
    load_pretrained,
    read_pretrained,
    save_pretrained,
)
from tgan.runs.trained import load


@pytest.mark.parametrize(
    ("name", "classes"),
    [*((name, classes) for name in ARCHITECTURES for classes in (0, 3)), ("translator", 0)],
)
def test_what_is_read_is_what_was_saved_bit_for_bit(tmp_path, name, classes):
    generator, config, names = make(name, classes=classes)
    # What it was trained on is nobody's business.
    config.data.path, config.train.seed = "/home/me/secret", 77
    save_pretrained(generator, config, tmp_path / "g", names, fps=12.5)
    loaded, found, known, fps = read_pretrained(tmp_path / "g")
    assert type(loaded) is type(generator) and not loaded.training
    own, theirs = generator.state_dict(), loaded.state_dict()
    assert list(own) == list(theirs)
    assert all(torch.equal(own[key], theirs[key]) for key in own)
    inputs = example_inputs(config, 3, names)
    with torch.no_grad():
        assert torch.equal(loaded(*inputs), generator(*inputs))
    assert found.generator == config.generator and found.conditional == (classes > 0)
    assert known == names == [f"class {k}" for k in range(classes)] and fps == 12.5
    for setting in ("resolution", "channels", "num_frames", "input"):
        assert getattr(found.data, setting) == getattr(config.data, setting)
    written = json.loads((tmp_path / "g" / "card.json").read_text())
    assert written == json.loads(json.dumps(card(config, names)))
    (_, same), plain = load_pretrained(tmp_path / "g"), load(tmp_path / "g", device="cpu")
    assert same == plain.config == found and plain.classes == names
    texts = [path.read_text() for path in (tmp_path / "g").glob("*.*") if path.name != WEIGHTS]
    assert len(texts) == 3 and not any("secret" in text for text in texts)
    assert len({path.stat().st_mode for path in (tmp_path / "g").iterdir()}) == 1


@pytest.mark.parametrize(("name", "classes"), [("dcgan", 0), ("dcgan", 3), ("translator", 0)])
def test_the_example_of_its_readme_runs(tmp_path, monkeypatch, name, classes):
    generator, config, known = make(name, classes=classes)
    save_pretrained(generator, config, tmp_path / "g", known)
    monkeypatch.chdir(tmp_path / "g")
    text = (tmp_path / "g" / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    if name == "translator":
        pictures = np.zeros((2, config.data.resolution, config.data.resolution, 3), np.uint8)
        (tmp_path / "g" / "my_pictures").mkdir()
        for number, picture in enumerate(pictures):
            Image.fromarray(picture).save(tmp_path / "g" / "my_pictures" / f"{number}.png")
        assert "--input my_pictures" in text
    names: dict = {}
    exec(example, names)  # noqa: S102
    assert f"# {tuple(names['samples'].shape)}" in example
    assert names["videos"].dtype == np.uint8
    assert f"# uint8 {names['videos'].shape}" in example
    assert ("class 2" in text) == (classes > 0)


def test_channels_last_weights_are_saved_too(tmp_path):
    generator, config, _ = make("dcgan")
    for parameter in generator.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    save_pretrained(generator, config, tmp_path / "g")
    loaded = load_pretrained(tmp_path / "g")[0].state_dict()
    assert all(torch.equal(loaded[name], t) for name, t in generator.state_dict().items())


def test_saving_refuses_a_folder_in_use_and_another_generator(tmp_path):
    generator, config, _ = make("dcgan")
    (tmp_path / "notes").touch()
    with pytest.raises(ValueError, match="is not empty"):
        save_pretrained(generator, config, tmp_path)
    config.generator.name = "tgan"
    with pytest.raises(ValueError, match="'tgan' is a VideoGenerator, and not a ImageDeconvGen"):
        save_pretrained(generator, config, tmp_path / "g")
    config.generator.name, config.generator.width = "dcgan", 32
    with pytest.raises(ValueError, match="'stream.+' is .* there and .* here"):
        save_pretrained(generator, config, tmp_path / "g")
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def damaged(folder, damage):
    """A folder of a good generator to which something was done."""
    generator, config, _ = make("dcgan")
    save_pretrained(generator, config, folder)
    damage(folder)
    return folder


def set_config(**changes):
    def damage(folder):
        settings = json.loads((folder / CONFIG).read_text())
        (folder / CONFIG).write_text(json.dumps(settings | changes))

    return damage


def set_generator(**changes):
    def damage(folder):
        settings = json.loads((folder / CONFIG).read_text())
        settings["generator"] |= changes
        (folder / CONFIG).write_text(json.dumps(settings))

    return damage


def enlarge(name):
    def damage(folder):
        with (folder / name).open("r+b") as file:
            file.truncate(2**41)

    return damage


def lead_away(name):
    def damage(folder):
        shutil.move(folder / name, folder.parent / name)
        (folder / name).symlink_to(folder.parent / name)

    return damage


def make_pipe(name):
    def damage(folder):
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return damage


def change_tensors(change):
    def damage(folder):
        tensors = load_file(folder / WEIGHTS)
        changed = {k: change(t) if t.is_floating_point() else t for k, t in tensors.items()}
        save_file(changed, folder / WEIGHTS)

    return damage


def drop_tensor(folder):
    tensors = load_file(folder / WEIGHTS)
    tensors.pop("last.bias")
    save_file(tensors, folder / WEIGHTS)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / WEIGHTS).unlink(), "there is no model.safetensors"),
        (lambda folder: (folder / CONFIG).unlink(), "there is no config.json"),
        (
            lambda folder: (folder / WEIGHTS).write_bytes(b"x" * 99),
            "is no safetensors file",
        ),
        (drop_tensor, "'last.bias' is missing there and"),
        (lambda folder: (folder / CONFIG).write_text("{"), "config.json' is no JSON"),
        (lambda folder: (folder / CONFIG).write_text("[]"), "config.json' is no JSON object"),
        (set_config(model_type="bert"), f"'bert'; {MODEL_TYPE} is needed"),
        (set_config(generator={"name": "stylegan"}), "generator.name: 'stylegan' is not one of"),
        (set_config(generator={"name": "tgan"}), "num_frames 1 is not a multiple of 16"),
        (set_config(data={"resolution": 60}), "resolution 60 is not 4 or 5 times"),
        (set_config(data=3), "data has to be a group"),
        (set_config(model_type=["tgan-generator"]), "is of model_type list"),
        (set_config(data={"held_out_path": "/"}), "data.held_out_path is no setting of a gen"),
        (set_config(data={"download": True}), "data.download is no setting of a generator"),
        (set_config(classes="ab"), "classes are no list of different names"),
        (set_config(classes=[["a"]]), "classes are no list of different names"),
        (set_config(classes={"a": 1}), "classes are no list of different names"),
        (lambda folder: (folder / CONFIG).write_text("[" * 9000), "json' is nested too deep"),
        (lambda folder: (folder / CONFIG).write_text('{"a":' * 9000), "json' is nested too deep"),
        (lambda folder: (folder / CONFIG).write_bytes(b"\xff"), "config.json' is no JSON"),
        (enlarge(CONFIG), "config.json' is larger than"),
        (enlarge(WEIGHTS), "header tells of .* bytes of tensors, and there are 2,199,"),
        (lead_away(WEIGHTS), "safetensors' is a link out of"),
        (lead_away(CONFIG), "config.json' is a link out of"),
        (make_pipe(WEIGHTS), "safetensors' is no regular file"),
        (set_generator(width=65536), "'stream.deconvs.0.weight' is .* there and .* here"),
        (change_tensors(lambda t: t.half()), "float16 there and float32 here"),
        (change_tensors(lambda t: t.flatten()), "'stream.deconvs.0.weight' is .* there and"),
        (
            change_tensors(lambda t: t / 0),
            "the checkpoint's generator is not finite: '.*' holds",
        ),
        (set_config(extra=1), "unknown setting 'extra'"),
    ],
)
def test_folders_that_hold_no_such_generator_are_refused(tmp_path, damage, message):
    folder = damaged(tmp_path / "g", damage)
    with pytest.raises(ValueError, match=message):
        load_pretrained(folder)


def test_a_pretrained_folder_has_one_generator(tmp_path):
    folder = damaged(tmp_path / "g", lambda folder: None)
    assert load(folder, device="cpu").config.generator.name == "dcgan"
    with pytest.raises(ValueError, match="^weights average: .* has one generator"):
        load(folder, weights="average", device="cpu")
    with pytest.raises(ValueError, match="no run or checkpoint"):
        load(tmp_path / "nothing", device="cpu")


@pytest.mark.parametrize(("name", "classes"), [("dcgan", 3), ("translator", 0)])
def test_a_folder_of_version_0_1_is_read(tmp_path, name, classes):
    """Its classes were among the settings of the data, and its input picture was `given`."""
    generator, config, names = make(name, classes=classes)
    save_pretrained(generator, config, tmp_path / "g", names)
    path = tmp_path / "g" / CONFIG
    settings = json.loads(path.read_text())
    assert settings.pop("classes") == names
    settings["given"] = settings["data"].pop("input")
    settings["data"]["labels"] = names
    path.write_text(json.dumps(settings))
    with warnings.catch_warnings():
        # Nobody can help what a file of that version says.
        warnings.simplefilter("error")
        found = read_pretrained(tmp_path / "g")
    assert found.classes == names and found.config.data.input == config.data.input
    inputs = example_inputs(config, 3, names)
    with torch.no_grad():
        assert torch.equal(found.generator(*inputs), generator(*inputs))


def test_a_generator_from_python_is_not_saved_without_its_code(tmp_path):
    generator, config, _ = make("dcgan")
    config.generator.name = "own"
    with pytest.raises(ValueError, match="came from Python.*export it as pt2 or onnx"):
        save_pretrained(generator, config, tmp_path / "g")
    assert not (tmp_path / "g").exists()
