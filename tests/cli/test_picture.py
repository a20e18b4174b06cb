"""`tgan picture`, and what other commands do with a run of one picture."""

import json
import re

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from tests.made.one_picture import HEIGHT, WIDTH, picture_config, write_picture
from tgan.cli import main
from tgan.config.reading import dump_config


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    picture = write_picture(home / "picture.png")
    (home / "config.yaml").write_text(dump_config(picture_config(picture)))
    main(["train", "--config", str(home / "config.yaml"), "--run-dir", str(home / "run")])
    return home


@pytest.fixture
def at_home(home, monkeypatch):
    monkeypatch.chdir(home)
    return home


def picture(command, *arguments):
    main(["picture", command, "run", "--overwrite", *arguments])


def error_of(capsys, *arguments):
    with pytest.raises(SystemExit):
        main(list(arguments))
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_each_kind_writes_its_file(at_home):
    picture("repaint", "--input", "picture.png", "--stage", "1", "--out", "painted.png")
    assert Image.open("painted.png").size == (WIDTH, HEIGHT)
    Image.new("L", (WIDTH, HEIGHT)).save("mask.png")
    masked = ["--input", "picture.png", "--mask", "mask.png", "--stage", "1"]
    picture("repaint", *masked, "--out", "masked.png")
    assert np.array_equal(iio.imread("masked.png"), iio.imread("picture.png"))
    picture("enlarge", "--factor", "1.5", "--out", "large.png")
    assert Image.open("large.png").size == (WIDTH * 3 // 2, HEIGHT * 3 // 2)
    picture("animate", "--frames", "3", "--size", "16x24", "--out", "walk.mp4")
    assert iio.imread("walk.mp4").shape == (3, 16, 24, 3)
    picture("measure", "--samples", "2", "--out", "scores.json")
    assert json.loads((at_home / "scores.json").read_text())["pixel_deviation"] >= 0


def test_samples_are_of_any_size(at_home):
    seeds = ["--seeds", "0-3", "--grid", "2x2", "--scale", "1", "--overwrite"]
    main(["generate", "run", "--out", "grid.png", *seeds])
    assert Image.open("grid.png").size == (2 * WIDTH, 2 * HEIGHT)
    main(["generate", "run", "--out", "wide.png", "--size", "14x50", *seeds])
    assert Image.open("wide.png").size == (100, 28)
    main(["generate", "run", "--out", "all.npy", "--size", "30x20", "--overwrite"])
    assert np.load("all.npy").shape == (16, 1, 30, 20, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("generate run --out a.png --size 14", "'14' is no height and width, such as 96x200"),
        ("generate run --out a.png --size 8x50", "start from"),
        ("generate run --out a.png --seeds 0,1 --walk 3", "no walks and no sums"),
        ("generate run --out a.png --arithmetic 0,1", "no walks and no sums"),
        ("picture enlarge run --factor 1 --out a.png", "factor 1 is not above 1"),
        ("picture enlarge run --factor 2 --out a.mp4", "the ending has to be one of .png"),
        ("picture enlarge run --factor 2 --out picture.png", "is there already; --overwrite"),
        ("picture repaint run --input picture.png --stage 0 --out a.png", "stage 0 is not from 1"),
        ("picture repaint run --input . --stage 1 --out a.png", "is a folder"),
        ("picture animate run --fps 0 --out a.mp4", "--fps 0 is not between"),
        ("picture animate run --out a.png", "the ending has to be one of .mp4"),
        ("evaluate run --json a.json", "is of one picture, and metrics here are of many"),
        ("export run --out a.pt2", "pyramid is not exported"),
        ("export run --out exported/", "pyramid is not exported"),
        ("detect images run picture.png --out found", "is of one picture"),
        ("train-encoder run", "is of one picture"),
    ],
)
def test_what_does_not_go_is_one_line(at_home, capsys, arguments, message):
    assert message in error_of(capsys, *arguments.split())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("--data.path .", "is a folder: one picture is needed"),
        ("--data.path none.png", "no such file"),
        ("--data.path config.yaml", "not a picture"),
        ("--generator.coarsest 15", "picture of 14x20 .* has no side of generator.coarsest 15"),
        ("--generator.coarsest 8", "generator.coarsest 8 is below the 11 pixels"),
        ("--generator.coarsest 25", "generator.coarsest 25 is above data.resolution 20"),
        ("--generator.scales 0", "generator.scales 0 is below 1"),
        ("--train.steps 1", "train.steps 1 are fewer than generator.scales 2"),
        ("--conditional true", "critic.name patch takes no classes"),
        ("--log.distance_clips 8", "compares many pictures with many"),
        ("--train.ema_decay 0.9", "running mean lags behind"),
        ("--train.schedule unrolled", "schedule unrolled does not go with generator.name pyramid"),
        ("--train.cuda_graph true", "a pyramid's images grow"),
        ("--train.checkpoint_activations true", "does nothing for generator.name pyramid"),
        ("--critic.name conv3d", "needs critic.name patch, not conv3d"),
        ("--data.name images", "needs data.name picture, not images"),
        ("--generator.name dcgan", "data.name picture needs generator.name pyramid"),
        ("--train.reconstruction_weight -1", "reconstruction_weight -1.0 is negative"),
        ("--data.num_frames 16", "data.name picture are single frames"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(at_home, capsys, settings, message):
    arguments = ["--config", "config.yaml", "--run-dir", "other", *settings.split()]
    assert re.search(message, error_of(capsys, "train", *arguments))
    assert not (at_home / "other").exists()
