import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest
import torch

from tgan.build import build_run, load_generator
from tgan.cli import run
from tgan.cli.generate import MAX_SEEDS, check_size, parse_grid, parse_seeds
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


def test_a_grid_has_the_rows_that_were_asked_for(run_dir, tmp_path):
    generate(run_dir, "--out", tmp_path / "a.mp4", "--seeds", "0-1", "--grid", "3x2", "--scale", 1)
    frames = iio.imread(tmp_path / "a.mp4", plugin="pyav")
    assert frames.shape == (16, 3 * 32, 2 * 32, 3)
    assert frames[:, :32].mean() > 50 and frames[:, 32:].mean() < 2


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
        (["{run}", "--out", "x.mp4", "--seeds", "0-9999999999"], "'0-9999999999' are more than"),
        (["{run}", "--out", "{run}"], "unknown ending ''"),
        (["{run}", "--out", "{run}/config.yaml/x.mp4"], "Not a directory"),
        (["{run}", "--out", "x.npy", "--seeds", "0-999999"], "--seeds"),
        (["{run}", "--out", "x.gif", "--grid", "1x9999"], "--grid"),
        (["{run}", "--out", "x.png", "--scale", "99999"], "--scale"),
        (["{run}", "--out", "x.mp4", "--fps", "0"], "--fps 0.0 is not between 0.1 and 1000"),
        (["{run}", "--out", "x.mp4", "--fps", "nan"], "--fps nan"),
        (["{run}", "--out", "x.mp4", "--fps", "inf"], "--fps inf"),
        (["{run}", "--out", "x.mp4", "--fps", "1e-5"], "--fps 1e-05"),
        (["{run}", "--out", "x.mp4", "--fps", "1e9"], "--fps 1000000000.0"),
        (["{run}", "--out", "x.mp4", "--scale", "0"], "--scale"),
        (["{run}", "--out", "x.mp4", "--batch-size", "0"], "--batch-size"),
        (["{run}", "--out", "x.mp4", "--device", "nonsense"], "--device nonsense"),
        (["{run}", "--out", "x.mp4", "--device", "meta"], "--device meta cannot be used"),
        (["{run}"], "--out"),
    ],
)
def test_mistakes_end_with_one_line_and_status_2(
    run_dir, tmp_path, capsys, monkeypatch, argv, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        generate(*(a.format(run=run_dir, tmp=tmp_path) for a in argv))
    errors = capsys.readouterr().err.strip().splitlines()
    assert exit_.value.code == 2
    assert len(errors) == 1 and message in errors[0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fps", ["0.1", "1000"])
@pytest.mark.parametrize("ending", ["mp4", "gif", "webp"])
def test_fps_at_the_limits_are_written(run_dir, tmp_path, fps, ending):
    generate(run_dir, "--out", tmp_path / f"a.{ending}", "--seeds", "0", "--fps", fps)


def test_the_output_is_checked_before_torch_is_loaded(tmp_path):
    (tmp_path / "folder.mp4").mkdir()
    code = "import sys; from tgan.cli import main; main(sys.argv[1:])"
    guarded = f"import sys; sys.modules['torch'] = None; {code}"
    arguments = ["generate", "no_run", "--out", str(tmp_path / "folder.mp4")]
    result = subprocess.run(
        [sys.executable, "-c", guarded, *arguments], capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "folder.mp4' is a directory" in result.stderr and result.stderr.count("\n") == 1


def test_sizes_up_to_the_limits_are_accepted():
    check_size("x.mp4", (10, 16_384, 16_384, 3))
    check_size("x.npy", (2**15, 16, 128, 128, 1))
    for out, shape, reason in (
        ("x.mp4", (1, 16_386, 2, 3), "2x16386 pixels, at most 16384 a side"),
        ("x.webp", (1, 2, 16_384, 3), "16384x2 pixels, at most 16383 a side"),
        ("x.mp4", (11, 16_384, 16_384, 3), "8.2 GiB of pixels, at most 8"),
        ("x.npy", (2**15 + 1, 16, 128, 128, 1), "8.0 GiB of pixels, at most 8"),
    ):
        with pytest.raises(ValueError, match=f"{reason}; choose fewer --seeds"):
            check_size(out, shape)


def test_seeds_and_grids():
    assert parse_seeds("0-3,9,5-5") == [0, 1, 2, 3, 9, 5]
    assert parse_grid(None, 10) == (3, 4)
    assert parse_grid("2x8", 16) == (2, 8)
    for text in ("", "a", "3-1", "-3", "1,,2", "²"):
        with pytest.raises(ValueError, match="--seeds"):
            parse_seeds(text)
    assert len(parse_seeds(f"0-{MAX_SEEDS - 1}")) == MAX_SEEDS
    for text in (f"0-{MAX_SEEDS}", f"0-{MAX_SEEDS - 1},7"):
        with pytest.raises(ValueError, match="more than 1000000"):
            parse_seeds(text)
