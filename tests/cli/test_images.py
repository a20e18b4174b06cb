"""Images through every command: trained, resumed, sampled, measured."""

import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from tests.made.mnist_files import write_mnist
from tgan.cli import main
from tgan.data.pictures.images import open_images
from tgan.media.sum_sheet import SumSheet
from tgan.runs.trained import load

SMALL = [
    *("--generator.width", "8", "--critic.width", "4", "--train.batch_size", "4"),
    *("--data.num_frames", "1", "--data.resolution", "16", "--generator.name", "dcgan"),
    *("--log.trackers", "[]", "--log.preview_count", "4"),
]


def train(run_dir, *options, steps=2):
    main(["train", *SMALL, *options, "--run-dir", str(run_dir), "--train.steps", str(steps)])
    return run_dir


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    options = ["--data.name", "digits", "--data.channels", "1", "--conditional", "true"]
    return train(tmp_path_factory.mktemp("digits") / "run", *options)


def test_a_run_previews_pictures_and_knows_its_classes(digits):
    names = [path.name for path in sorted((digits / "previews").iterdir())]
    assert names == ["step_00000000.png", "step_00000002.png"]
    assert iio.imread(digits / "previews" / names[0]).shape == (2 * 96, 2 * 96, 3)
    assert load(digits, device="cpu").classes == [str(digit) for digit in range(10)]


def test_samples_of_a_class_are_written_as_a_grid(digits, tmp_path):
    out = tmp_path / "sevens.png"
    command = ["generate", str(digits), "--out", str(out), "--seeds", "0-5"]
    main([*command, "--label", "7", "--scale", "1"])
    assert iio.imread(out).shape == (32, 48, 3)


def test_the_default_metrics_are_those_of_images(digits, tmp_path):
    out = tmp_path / "scores.json"
    main(["evaluate", str(digits), "--json", str(out), "--samples", "64"])
    report = json.loads(out.read_text())
    names = ["frechet_pooled32", "kid_pooled32", "diversity_pooled32"]
    assert list(report["metrics"]) == [*names, "diversity_pixels"]
    assert report["clips"]["frames"] == 1 and report["data"]["videos"] == 299


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_an_archive_of_images_is_trained_on_and_measured(tmp_path, channels):
    path = tmp_path / "set.npz"
    images = np.random.default_rng(0).integers(0, 256, (9, 20, 16, 4), np.uint8)
    np.savez(path, images=images)
    options = ["--data.name", "images", "--data.path", str(path), "--data.channels", str(channels)]
    run_dir = train(tmp_path / "run", *options)
    out = tmp_path / "scores.json"
    command = ["evaluate", str(run_dir), "--data", "train", "--json", str(out), "--samples", "8"]
    main([*command, "--metrics", "diversity_pixels"])
    assert json.loads(out.read_text())["clips"]["channels"] == channels


def test_rendered_shapes_are_trained_on_one_by_one_and_measured(tmp_path):
    options = ["--data.name", "shapes3d", "--data.channels", "4", "--data.num_clips", "60"]
    run_dir = train(tmp_path / "run", *options, "--data.classes", "[sphere]")
    # Colour beside depth.
    assert iio.imread(run_dir / "previews" / "step_00000002.png").shape == (2 * 96, 4 * 96, 3)
    out = tmp_path / "scores.json"
    command = ["evaluate", str(run_dir), "--json", str(out), "--samples", "8"]
    main([*command, "--metrics", "diversity_pixels"])
    report = json.loads(out.read_text())
    assert report["clips"]["channels"] == 4 and report["data"]["videos"] == 20


def test_pictures_with_depth_are_trained_on_resumed_and_measured(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("mine", "yours"):
        images = rng.integers(0, 256, (3, 40, 50, 3), np.uint8)
        depth = rng.integers(0, 1000, (3, 40, 50)).astype(np.uint16)
        np.savez(tmp_path / f"{name}.npz", images=images, depth=depth)
    options = ["--data.name", "rgbd", "--data.channels", "4", "--data.crops", "9"]
    options += ["--data.path", str(tmp_path / "mine.npz"), "--data.depth_bounds", "[100, 900]"]
    run_dir = train(tmp_path / "run", *options)
    train(run_dir, *options, "--resume", "auto", steps=3)
    assert "depth_bounds:\n  - 100" in (run_dir / "config.yaml").read_text()
    for data in ("train", str(tmp_path / "yours.npz")):
        out = tmp_path / f"{Path(data).stem}.json"
        command = ["evaluate", str(run_dir), "--data", data, "--json", str(out), "--samples", "8"]
        main([*command, "--metrics", "diversity_pixels"])
        assert json.loads(out.read_text())["data"]["videos"] == 3


def test_a_set_of_torchvision_is_trained_on_and_its_test_split_measured_by(tmp_path):
    write_mnist(tmp_path / "sets")
    data = ["--data.name", "torchvision", "--data.dataset", "MNIST", "--data.channels", "1"]
    run_dir = train(
        tmp_path / "run",
        *data,
        *("--data.path", str(tmp_path / "sets"), "--conditional", "true"),
        *("--log.distance_clips", "4"),
    )
    classes = load(run_dir, device="cpu").classes
    assert len(classes) == 10 and all(name.startswith(str(k)) for k, name in enumerate(classes))
    out = tmp_path / "scores.json"
    command = ["evaluate", str(run_dir), "--json", str(out), "--samples", "8"]
    main([*command, "--metrics", "diversity_pixels"])
    data = json.loads(out.read_text())["data"]
    assert data["videos"] == 5 and data["from"] == "MNIST"
    # Its own samples, as a folder, are data like any other.
    main(["generate", str(run_dir), "--out", f"{tmp_path}/fakes", "--seeds", "0-19"])
    command = ["evaluate", str(run_dir), "--data", f"{tmp_path}/fakes", "--json", f"{out}.2"]
    main([*command, "--metrics", "diversity_pixels", "--samples", "8"])
    assert json.loads((tmp_path / "scores.json.2").read_text())["data"]["videos"] == 20


def test_a_folder_of_samples_has_their_pixels_and_classes(digits, tmp_path):
    main(["generate", str(digits), "--out", f"{tmp_path}/fakes/", "--seeds", "0-29"])
    main(["generate", str(digits), "--out", f"{tmp_path}/fakes.npy", "--seeds", "0-29"])
    clips = open_images(tmp_path / "fakes", resolution=16, channels=1)
    assert clips.labels == [str(digit) for digit in range(10)]
    assert np.bincount(clips.classes).tolist() == [3] * 10
    # Seeds take the classes in turn; the folder has them class by class.
    order = np.argsort(np.arange(30) % 10, kind="stable")
    expected = np.load(tmp_path / "fakes.npy")[order, 0]
    np.testing.assert_array_equal(clips.pixels, expected)
    options = ["--data.name", "images", "--data.path", f"{tmp_path}/fakes", "--conditional", "true"]
    again = train(tmp_path / "again", *options, "--data.channels", "1")
    assert load(again, device="cpu").classes == clips.labels


def test_a_sum_of_images_is_a_picture(digits, tmp_path):
    out = tmp_path / "sum.png"
    command = ["generate", str(digits), "--out", str(out), "--label", "3", "--scale", "2"]
    main([*command, "--arithmetic", "1,2,3 - 4,5 + 7"])
    picture, sheet = iio.imread(out), SumSheet([1, -1, 1], [3, 2, 1], 0.25)
    assert picture.shape == sheet.shape((1, 16, 16, 1), 2)[1:]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--data.name", "torchvision", "--data.dataset", "SVHN", "--data.path", "{tmp}/x"],
            "SVHN is not in",
        ),
        (["--data.name", "images", "--data.path", "{tmp}/empty"], "no pictures in"),
        (["--data.name", "images", "--data.path", "{tmp}/x"], "no such file or folder"),
        (
            ["--data.name", "rgbd", "--data.channels", "4", "--data.path", "{tmp}/loose"],
            "no pictures with depth in",
        ),
        (
            ["--data.name", "shapes3d", "--data.classes", "[cone]"],
            "unknown data.classes 'cone'; choose from box, cylinder, sphere",
        ),
        (["--data.name", "digits", "--data.num_frames", "16"], "data.num_frames 16 is not 1"),
        (["--data.name", "moving_digits", "--data.num_frames", "16"], "dcgan makes images"),
        (
            ["--data.name", "images", "--data.path", "{tmp}/loose", "--conditional", "true"],
            "put images in a folder per class",
        ),
    ],
)
def test_mistakes_end_in_one_line(tmp_path, capsys, options, message):
    for name in ("empty", "loose"):
        (tmp_path / name).mkdir()
    iio.imwrite(tmp_path / "loose" / "a.png", np.zeros((16, 16, 3), np.uint8))
    options = [option.format(tmp=tmp_path) for option in options]
    with pytest.raises(SystemExit) as exit_:
        train(tmp_path / "run", *options)
    error = capsys.readouterr().err
    assert exit_.value.code == 2 and message in error and len(error.splitlines()) == 1
    assert not (tmp_path / "run").exists()
