"""Commands on a device without double precision, simulated: they do there what they do on a CPU."""

import json
import math

import numpy as np
import pytest

from tests.cli.test_detect import SMALL
from tests.made.fake_mps import fake_mps, is_there
from tests.training.test_processes import TINY
from tgan.cli import main
from tgan.constraints import CONSTRAINTS
from tgan.runs.trained import load
from tgan.training.checkpoint import find_checkpoint

# What differs between constraints on such a device.
QUICK = ("svc_certified", "spectral_norm", "dragan")


def there(*argv):
    with fake_mps():
        main([*map(str, argv), "--device", "mps"])


def scores_of(folder):
    """The last columns of a table of scores."""
    rows = (folder / "scores.csv").read_text().splitlines()[1:]
    return [float(row.rpartition(",")[2] or "nan") for row in rows]


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """A run of videos by the defaults, small, that went on once."""
    run = tmp_path_factory.mktemp("videos") / "run"
    small = [*TINY, "--data.num_clips=20", "--data.resolution=8", "--log.preview_count=2"]
    small += ["--train.ema_decay=0.5", "--constraint.interval=1", "--log.preview_every=1"]
    there("train", *small, "--run-dir", run, "--train.steps=1")
    # A report on the critic takes long.
    further = ["--train.steps=2", "--log.critic_every=2"]
    there("train", "--run-dir", run, "--resume", "auto", *further)
    return run


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    run = tmp_path_factory.mktemp("pictures") / "run"
    there(
        "train", *SMALL, "--run-dir", run, "--constraint.name=wgan_gp", "--critic.batch_norm=false"
    )
    return run


def test_a_run_of_the_defaults_has_all_that_it_leaves(videos):
    assert find_checkpoint(videos).step == 2
    assert len(list((videos / "previews").iterdir())) == 3
    lines = [json.loads(line) for line in (videos / "metrics.jsonl").read_text().splitlines()]
    assert {line["step"] for line in lines} == {1, 2}
    assert any("lipschitz" in name for line in lines for name in line)
    with fake_mps():
        assert all(is_there(each) for each in load(videos, device="mps").generator.parameters())


def test_samples_and_measures_are_those_of_a_cpu(videos, tmp_path):
    with fake_mps():
        found = load(videos, device="mps").sample(range(2))
    assert np.array_equal(found, load(videos, device="cpu").sample(range(2)))
    there("generate", videos, "--seeds", "0-1", "--out", tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").stat().st_size
    argv = ["evaluate", videos, "--samples", "8"]
    there(*argv, "--json", tmp_path / "there.json")
    main([*map(str, argv), "--json", str(tmp_path / "here.json")])
    metrics = [
        json.loads((tmp_path / f"{at}.json").read_text())["metrics"] for at in ("there", "here")
    ]
    assert metrics[0] == metrics[1]


def test_runs_are_compared(pictures, tmp_path):
    out = tmp_path / "gam.json"
    there("evaluate", pictures, "--against", pictures, "--samples", "8", "--json", out)
    assert "gam" in json.loads(out.read_text())["metrics"]


def test_pictures_are_scored_as_on_a_cpu(pictures, tmp_path):
    there("train-encoder", pictures, "--steps", "1", "--batch-size", "4")
    argv = ["detect", "images", str(pictures), "held-out", "--steps", "1", "--out"]
    there(*argv, tmp_path / "there")
    main([*argv, str(tmp_path / "here")])
    assert scores_of(tmp_path / "there") == scores_of(tmp_path / "here")


def test_series_are_scored_as_on_a_cpu(tmp_path):
    values = np.sin(np.arange(200) / 5)
    series = tmp_path / "a.csv"
    series.write_text("\n".join(["timestamp,value", *(f"{t},{v}" for t, v in enumerate(values))]))
    small = ["--steps", "1", "--window", "20", "--interval", "1", "--preset", "dense"]
    there("detect", "series", "fit", series, *small, "--out", tmp_path / "detector")
    argv = ["detect", "series", "score", str(tmp_path / "detector"), str(series), "--out"]
    there(*argv, tmp_path / "there")
    main([*argv, str(tmp_path / "here")])
    found = scores_of(tmp_path / "there")
    assert found == pytest.approx(scores_of(tmp_path / "here"), nan_ok=True)
    assert not all(map(math.isnan, found))


@pytest.mark.parametrize(
    "name",
    [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in CONSTRAINTS],
)
def test_critics_are_constrained(name, tmp_path):
    options = [f"--constraint.name={name}", "--critic.batch_norm=false"]
    options += ['--train.augment=["translation", "flip", "colour", "cutout"]']
    options += ["--constraint.interval=1"] if name in ("svc", "svc_certified") else []
    there("train", *SMALL, *options, "--run-dir", tmp_path / "run", "--train.steps=2")
    assert find_checkpoint(tmp_path / "run").step == 2


def test_smooth_generators_and_sorted_channels_train(tmp_path):
    options = [*TINY, "--data.num_clips=20", "--log.preview_every=0", "--log.critic_every=0"]
    options += ["--generator.upsampling=bilinear", "--critic.activation=maxmin"]
    options += ["--generator.self_modulation=true"]
    options += ["--constraint.name=wgan_gp", "--critic.batch_norm=false", "--train.cool_down=0.5"]
    there("train", *options, "--run-dir", tmp_path / "run", "--train.steps=2")
    assert find_checkpoint(tmp_path / "run").step == 2
