"""Runs that start from pictures, through the commands."""

import numpy as np
import pytest
from PIL import Image

from tgan.cli import run
from tgan.data.pixels import normalise, to_bytes
from tgan.models.conditions import edges

SETTINGS = """
objective: non_saturating
given: edges
data:
  {name: images, path: PATH, held_out_path: HELD_OUT, resolution: 16, channels: 3, num_frames: 1}
generator: {name: translator, z_slow: 4, width: 16}
critic: {width: 8}
constraint: {name: none}
train: {steps: 2, batch_size: 4, schedule: alternating, reconstruction: 10}
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


def test_previews_show_what_was_given_on_the_left(place):
    preview = np.asarray(Image.open(place / "run/previews/step_00000002.png"))
    # Three samples, two a row, each beside its edges, at six times their size.
    assert preview.shape == (2 * 96, 2 * 2 * 96, 3)
    images = np.load(place / "b.npz")["images"]
    first = to_bytes(edges(normalise(torch_of(images[:1])))).numpy()[0, 0, :, :, 0]
    np.testing.assert_array_equal(preview[:96:6, :96:6, 0], first)


def torch_of(images):
    import torch

    return torch.from_numpy(images[:, None])


def test_samples_stand_between_what_was_given_and_the_original(place, tmp_path, capsys):
    out = tmp_path / "x.png"
    options = ["--out", out, "--seeds", "0-5", "--grid", "6x1", "--scale", "1"]
    assert tgan("generate", place / "run", *options) == 0
    sheet = np.asarray(Image.open(out))
    assert sheet.shape == (6 * 16, 3 * 16, 3)
    images = np.load(place / "b.npz")["images"]
    originals = sheet[:, 32:].reshape(6, 16, 16, 3)
    # There are five held-out pictures: the sixth sample starts from the first one again.
    np.testing.assert_array_equal(originals, images[[0, 1, 2, 3, 4, 0]])
    samples = sheet[:, 16:32].reshape(6, 16, 16, 3)
    assert not np.array_equal(samples[0], samples[5])

    options = ["--given", "train", "--out", tmp_path / "x.npy", "--seeds", "0-1"]
    assert tgan("generate", place / "run", *options) == 0
    assert np.load(tmp_path / "x.npy").shape == (2, 1, 16, 16, 3)


def test_the_tools_take_such_a_run(place, tmp_path):
    metrics = ["--metrics", "frechet_pooled32", "--samples", "40", "--json", tmp_path / "x.json"]
    assert tgan("evaluate", place / "run", *metrics) == 0
    assert tgan("export", place / "run", "--out", tmp_path / "x.pt2") == 0
    more = ["--run-dir", place / "run", "--resume", "auto", "--train.steps", "3"]
    assert tgan("train", "--config", place / "config.yaml", *more) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["generate", "{run}", "--out", "x.png", "--label", "a"],
            "--label a: {run} has no classes",
        ),
        (["generate", "{run}", "--out", "x.png", "--given", "gone"], "no such file or folder: 'go"),
        (["generate", "{run}", "--out", "x.png", "--walk", "3"], "starts from pictures: neither"),
        (["train", "--given", "edges", "--run-dir", "x"], "given edges needs generator.name trans"),
        (
            ["train", "--given", "edge", "--run-dir", "x"],
            "given: 'edge' is not null or one of edges, grey, low_resolution",
        ),
        (["train", "--train.reconstruction", "3", "--run-dir", "x"], "reconstruction needs given"),
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
