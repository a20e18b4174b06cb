import numpy as np
import pytest
import torch

from tgan.build import build_run, load_generator
from tgan.cli import run
from tgan.cli.generate import parse_grid, parse_seeds
from tgan.training.loop import fit


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    from tests.conftest import make_tiny_config

    config = make_tiny_config()
    config.train.ema_decay = 0.5
    directory = tmp_path_factory.mktemp("run")
    fit(build_run(config, directory))
    return directory


def generate(*argv):
    run("generate", [str(argument) for argument in argv])


@pytest.mark.parametrize("ending", ["mp4", "gif", "webp", "png", "npy"])
def test_every_ending_is_written_and_printed(run_dir, tmp_path, capsys, ending):
    out = tmp_path / f"samples.{ending}"
    generate(run_dir, "--out", out, "--seeds", "0-2")
    assert out.stat().st_size > 0
    assert capsys.readouterr().out.strip() == str(out)


def test_a_sample_depends_on_its_seed_alone(run_dir, tmp_path):
    generate(run_dir, "--out", tmp_path / "a.npy", "--seeds", "0-4", "--batch-size", 5)
    generate(run_dir, "--out", tmp_path / "b.npy", "--seeds", "4,1", "--batch-size", 1)
    a, b = np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy")
    assert a.shape == (5, 16, 32, 32, 1)
    assert np.abs(a[[4, 1]].astype(int) - b).max() <= 1


def test_weights_are_the_running_mean_unless_asked(run_dir):
    auto, _ = load_generator(run_dir)
    average, _ = load_generator(run_dir, weights="average")
    own, _ = load_generator(run_dir, weights="generator")
    assert torch.equal(auto.image.slow.weight, average.image.slow.weight)
    assert not torch.equal(auto.image.slow.weight, own.image.slow.weight)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["{run}", "--out", "x.avi"], "unknown ending '.avi'"),
        (["{tmp}/nothing", "--out", "x.mp4"], "no run or checkpoint"),
        (["{tmp}", "--out", "x.mp4"], "no whole checkpoint"),
        (["{run}", "--out", "x.mp4", "--seeds", "5-x"], "--seeds '5-x'"),
        (["{run}", "--out", "x.mp4", "--grid", "2x2"], "fewer cells than the 16"),
        (["{run}", "--out", "x.mp4", "--fps", "0"], "--fps"),
        (["{run}", "--out", "x.mp4", "--scale", "0"], "--scale"),
        (["{run}", "--out", "x.mp4", "--batch-size", "0"], "--batch-size"),
        (["{run}", "--out", "x.mp4", "--device", "nonsense"], "--device nonsense"),
        (["{run}"], "--out"),
    ],
)
def test_mistakes_end_with_one_line_and_status_2(
    run_dir, tmp_path, capsys, monkeypatch, argv, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        generate(*(a.format(run=run_dir, tmp=tmp_path) for a in argv))
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert exit_.value.code == 2
    assert message in error
    assert not list(tmp_path.iterdir())


def test_seeds_and_grids():
    assert parse_seeds("0-3,9,5-5") == [0, 1, 2, 3, 9, 5]
    assert parse_grid(None, 10) == (3, 4)
    assert parse_grid("2x8", 16) == (2, 8)
    for text in ("", "a", "3-1", "-3", "1,,2"):
        with pytest.raises(ValueError, match="--seeds"):
            parse_seeds(text)
