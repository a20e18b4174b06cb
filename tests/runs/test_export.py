import json

import numpy as np
import pytest
import torch
from torch import nn

from tgan.config import Config, DataConfig, GeneratorConfig
from tgan.runs.build import build_generator
from tgan.runs.export import FORMATS, Pt2, card_path, compare, example_inputs, export_generator

SETTINGS = {
    "tgan": {"temporal_width": 16, "z_fast": 5},
    "modulated": {"name": "tgan", "temporal_width": 16, "z_fast": 5, "self_modulation": True},
}


def make(name="tgan", *, classes=0):
    """A generator in inference mode whose batch norms have seen a batch, and its experiment.

    Returns:
        The generator, its configuration, and the names of its classes.
    """
    frames = 1 if name in ("dcgan", "translator") else 16
    data = DataConfig(resolution=32, channels=1, num_frames=frames)
    data.input = "low_resolution" if name == "translator" else None
    names = [f"class {k}" for k in range(classes)]
    settings = {"name": name, **SETTINGS.get(name, {})}
    generator = GeneratorConfig(z_slow=6, width=16, image_init="he_normal", **settings)
    config = Config(conditional=classes > 0, data=data, generator=generator)
    network = build_generator(config, names)
    network(*example_inputs(config, 8, names))
    return network.eval(), config, names


ARCHITECTURES = ["tgan", "modulated", "deconv3d", "videogan", "dcgan"]


@pytest.mark.parametrize(
    ("name", "classes"),
    [*((name, classes) for name in ARCHITECTURES for classes in (0, 3)), ("translator", 0)],
)
def test_pt2_gives_exactly_what_the_generator_gives(tmp_path, name, classes):
    generator, config, names = make(name, classes=classes)
    path = tmp_path / "g.pt2"
    export_generator(generator, config, path, kind="pt2", classes=names)
    loaded = torch.export.load(path).module()
    for count in (1, 3, 7):
        inputs = example_inputs(config, count, names)
        with torch.no_grad():
            assert torch.equal(loaded(*inputs), generator(*inputs))


@pytest.mark.parametrize(
    ("name", "classes", "second"),
    [
        ("tgan", 0, None),
        ("tgan", 3, "labels"),
        ("modulated", 3, "labels"),
        ("dcgan", 0, None),
        ("dcgan", 3, "labels"),
        ("translator", 0, "picture"),
    ],
)
@pytest.mark.filterwarnings("error:# The axis name")
def test_onnx_runs_elsewhere(tmp_path, name, classes, second):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    generator, config, known = make(name, classes=classes)
    path = tmp_path / "g.onnx"
    export_generator(generator, config, path, kind="onnx", classes=known)
    session = onnxruntime.InferenceSession(path)
    inputs = example_inputs(config, 3, known)
    names = ["latent"] if second is None else ["latent", second]
    assert [entry.name for entry in session.get_inputs()] == names
    ends = [*session.get_inputs(), *session.get_outputs()]
    assert [entry.shape[0] for entry in ends] == ["N"] * len(ends)
    fed = {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)}
    with torch.no_grad():
        expected = generator(*inputs).numpy()
    np.testing.assert_allclose(session.run(["videos"], fed)[0], expected, atol=1e-5)


def test_a_card_says_what_goes_in_and_comes_out(tmp_path):
    generator, config, names = make(classes=2)
    export_generator(generator, config, tmp_path / "g.pt2", kind="pt2", classes=names)
    card = json.loads(card_path(tmp_path / "g.pt2").read_text())
    assert card["inputs"]["latent"]["shape"] == ["N", 6]
    assert card["inputs"]["labels"]["classes"] == {"0": "class 0", "1": "class 1"}
    assert card["outputs"]["videos"]["shape"] == ["N", 1, 16, 32, 32] and card["format"] == "pt2"


def test_a_card_of_a_generator_that_starts_from_a_picture_says_what_picture(tmp_path):
    generator, config, _ = make("translator")
    export_generator(generator, config, tmp_path / "g.pt2", kind="pt2")
    inputs = json.loads(card_path(tmp_path / "g.pt2").read_text())["inputs"]
    assert list(inputs) == ["latent", "picture"]
    picture = inputs["picture"]
    assert picture["shape"] == ["N", 1, 1, 32, 32] and picture["derived"] == "low_resolution"


def test_a_file_that_gives_something_else_is_not_kept(tmp_path, monkeypatch):
    generator, config, _ = make("dcgan")
    with pytest.raises(ArithmeticError, match="a batch of 1: the file is off by"):
        compare(generator, lambda *z: generator(*z) + 1e-4, config, tolerance=1e-5)
    with pytest.raises(ArithmeticError, match="gives shape"):
        compare(generator, lambda *z: generator(*z)[:, :, 0], config, tolerance=1e-5)
    compare(generator, lambda *z: generator(*z) + 1e-6, config, tolerance=1e-5)
    nan = nn.Module()
    nan.forward = lambda *z: generator(*z) * float("nan")
    monkeypatch.setattr(Pt2, "open", staticmethod(lambda path: nan))
    with pytest.raises(ArithmeticError, match="off by nan"):
        export_generator(generator, config, tmp_path / "g.pt2", kind="pt2")
    assert list(tmp_path.iterdir()) == []


def test_unknown_formats_and_missing_packages_are_named(tmp_path, monkeypatch):
    generator, config, _ = make("dcgan")
    with pytest.raises(ValueError, match="unknown format 'tflite'"):
        export_generator(generator, config, tmp_path / "g", kind="tflite")
    monkeypatch.setattr(FORMATS["onnx"], "packages", ("no_such_package",))
    with pytest.raises(ValueError, match=r"no_such_package is not .*'tgan-video\[onnx\]'"):
        export_generator(generator, config, tmp_path / "g.onnx", kind="onnx")
