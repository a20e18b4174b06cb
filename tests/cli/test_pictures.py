"""Runs that start from pictures, through the commands."""

import json

import numpy as np
import pytest
from PIL import Image

from tgan.cli import run
from tgan.data.pixels import normalise, to_bytes
from tgan.models.conditions import edges
from tgan.runs.trained import load

SETTINGS = """
objective: non_saturating
data:
  {name: images, path: PATH, held_out_path: HELD_OUT, resolution: 16, channels: 3, num_frames: 1,
   input: edges}
generator: {name: translator, z_slow: 4, width: 16}
critic: {width: 8}
constraint: {name: none}
train: {steps: 2, batch_size: 4, schedule: alternating, l1_weight: 10}
log: {distance_clips: 4, preview_count: 3, critic_every: 2, trackers: []}
"""


def tgan(command, *arguments) -> int:
    try:
        run(command, [str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code
    return 0


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two archives of images, and a run that was trained on one of them."""
    root, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name, count in (("a", 9), ("b", 5)):
        np.savez(root / f"{name}.npz", images=rng.integers(0, 256, (count, 16, 16, 3), np.uint8))
    text = SETTINGS.replace("PATH", f"{root}/a.npz").replace("HELD_OUT", f"{root}/b.npz")
    (root / "config.yaml").write_text(text)
    assert tgan("train", "--config", root / "config.yaml", "--run-dir", root / "run") == 0
    return root


def test_previews_show_input_pictures_on_the_left(place):
    preview = np.asarray(Image.open(place / "run/previews/step_00000002.png"))
    # Three samples, two a row, each beside its edges, at six times their size.
    assert preview.shape == (2 * 96, 2 * 2 * 96, 3)
    images = np.load(place / "b.npz")["images"]
    first = to_bytes(edges(normalise(torch_of(images[:1])))).numpy()[0, 0, :, :, 0]
    np.testing.assert_array_equal(preview[:96:6, :96:6, 0], first)


def torch_of(images):
    import torch

    return torch.from_numpy(images[:, None])


def test_samples_stand_between_their_input_picture_and_the_original(place, tmp_path, capsys):
    out = tmp_path / "x.png"
    options = ["--out", out, "--seeds", "0-5", "--grid", "6x1", "--scale", "1"]
    options += ["--input", "held-out"]
    assert tgan("generate", place / "run", *options) == 0
    sheet = np.asarray(Image.open(out))
    assert sheet.shape == (6 * 16, 3 * 16, 3)
    images = np.load(place / "b.npz")["images"]
    originals = sheet[:, 32:].reshape(6, 16, 16, 3)
    # There are five held-out pictures: the sixth sample starts from the first one again.
    np.testing.assert_array_equal(originals, images[[0, 1, 2, 3, 4, 0]])
    samples = sheet[:, 16:32].reshape(6, 16, 16, 3)
    assert not np.array_equal(samples[0], samples[5])

    # Of another folder, by the option's name of now and of before.
    samples = []
    for name, option in (("x", "--input"), ("y", "--given")):
        options = [option, "train", "--out", tmp_path / f"{name}.npy", "--seeds", "0-1"]
        assert tgan("generate", place / "run", *options) == 0
        samples.append(np.load(tmp_path / f"{name}.npy"))
    assert samples[0].shape == (2, 1, 16, 16, 3)
    np.testing.assert_array_equal(*samples)
    run = load(place / "run", device="cpu")
    np.testing.assert_array_equal(samples[0], run.sample(range(2), pictures="train"))
    assert not np.array_equal(samples[0], run.sample(range(2), pictures="held-out"))


def test_the_tools_take_such_a_run(place, tmp_path):
    metrics = ["--metrics", "frechet_pooled32", "--samples", "40", "--json", tmp_path / "x.json"]
    assert tgan("evaluate", place / "run", *metrics) == 0
    assert tgan("export", place / "run", "--out", tmp_path / "x.pt2") == 0
    more = ["--run-dir", place / "run", "--resume", "auto", "--train.steps", "3"]
    assert tgan("train", "--config", place / "config.yaml", *more) == 0


def test_a_run_goes_on_under_the_old_names_of_its_settings(place, tmp_path, capsys):
    text = (place / "config.yaml").read_text().replace(",\n   input: edges}", "}")
    text = "given: edges\n" + text.replace("l1_weight", "reconstruction")
    (tmp_path / "old.yaml").write_text(text)
    steps = ["--run-dir", tmp_path / "run", "--train.steps"]
    assert tgan("train", "--config", place / "config.yaml", *steps, "2") == 0
    capsys.readouterr()
    more = [*steps, "3", "--resume", "auto"]
    with pytest.warns(UserWarning, match="'(given|train.reconstruction)' is '"):
        assert tgan("train", "--config", tmp_path / "old.yaml", *more) == 0
    run = load(tmp_path / "run", device="cpu")
    assert run.step == 3 and run.config.data.input == "edges" and run.config.train.l1_weight == 10
    logged = [
        json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    ]
    assert all("l1" in line for line in logged if "critic_loss" in line)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["generate", "{run}", "--out", "x.png", "--label", "a"],
            "'{run}' have no classes",
        ),
        (["generate", "{run}", "--out", "x.png", "--input", "gone"], "no such file or folder: 'go"),
        (["generate", "{run}", "--out", "x.png", "--given", "gone"], "no such file or folder: 'go"),
        (
            ["generate", "{run}", "--out", "x.png", "--walk", "3"],
            "samples, but no walks and no sums",
        ),
        (
            ["train", "--data.input", "edges", "--run-dir", "x"],
            "data.input edges needs generator.name translator, not tgan",
        ),
        (
            ["train", "--data.input", "edge", "--run-dir", "x"],
            "data.input: 'edge' is not null or one of edges, grey, low_resolution",
        ),
        (["train", "--train.l1_weight", "3", "--run-dir", "x"], "l1_weight needs data.input"),
        (
            ["train", "--critic.conditioning", "projection", "--run-dir", "x"],
            "critic.conditioning projection needs conditional true",
        ),
    ],
)
def test_mistakes_end_in_one_line(place, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    run_dir = str(place / "run")
    filled = [argument.format(run=run_dir) for argument in arguments]
    assert tgan(*filled) == 2
    error = capsys.readouterr().err
    assert message.format(run=run_dir) in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())
