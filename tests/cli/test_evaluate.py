import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import tgan.features
from tests.conftest import make_tiny_config
from tests.made.stand_ins import Rows
from tgan.cli import run
from tgan.cli.subjects import check_rivals
from tgan.evaluation.comparison import Comparison
from tgan.evaluation.runner import run_jobs
from tgan.media.video import write_video
from tgan.runs.build import build_run
from tgan.runs.trained import TrainedRun
from tgan.training.loop import fit


def train(directory, seed=0):
    config = make_tiny_config()
    config.train.steps, config.train.ema_decay, config.train.seed = 2, 0.5, seed
    config.generator.image_init = "he_normal"
    fit(build_run(config, directory))
    return directory


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return train(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def rival(tmp_path_factory):
    return train(tmp_path_factory.mktemp("rival"), seed=1)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for number in range(4):
        frames = np.random.default_rng(number).integers(0, 256, (18, 32, 32, 3), np.uint8)
        write_video(folder / f"{number}.mp4", frames)
    return folder


def evaluate(*argv):
    run("evaluate", [str(argument) for argument in argv])


def small(*argv, samples=12):
    evaluate(*argv, "--samples", samples, "--batch-size", 5)


def test_every_number_is_written_with_its_protocol(run_dir, tmp_path, capsys):
    out = tmp_path / "scores.json"
    small(run_dir, "--json", out, samples=200)
    report = json.loads(out.read_text())
    names = ["frechet_pooled192", "kid_pooled192", "diversity_pooled192", "diversity_pixels"]
    assert list(report["metrics"]) == [*names, "acd_color"]
    for name, found in report["metrics"].items():
        protocol = found["protocol"]
        assert protocol["network"]["name"] in name and protocol["samples"] == 200
        sizes = {"frames": 16, "stride": 1, "height": 32, "width": 32, "channels": 1}
        assert protocol["clips"] == sizes
        assert protocol["seeds"] == {"first_sample": 2_000_000, "real_clips": 0}
        assert protocol["data"]["kind"] == "held-out"
    assert report["metrics"]["frechet_pooled192"]["value"] > 1
    assert report["run"]["step"] == 2 and report["run"]["weights"] == "average"
    assert len(report["run"]["manifest_sha256"]) == 64
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("metric") and printed[-1] == str(out) and len(printed) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]


def test_few_samples_are_projected_and_said_to_be(run_dir, tmp_path, capsys):
    small(run_dir, "--json", tmp_path / "a.json", "--metrics", "frechet_pooled192")
    metrics = json.loads((tmp_path / "a.json").read_text())["metrics"]
    assert list(metrics) == ["frechet_pooled192_projected1"]
    error = capsys.readouterr().err
    assert "warning: frechet_pooled192_projected1: 12 feature vectors of 192 dimensions" in error


def test_weights_and_seed_change_the_samples(run_dir, tmp_path):
    found = {}
    for name, options in {
        "mean": [],
        "again": [],
        "own": ["--weights", "generator"],
        "seed": ["--seed", "1"],
    }.items():
        out = tmp_path / f"{name}.json"
        small(run_dir, "--json", out, "--metrics", "diversity_pixels", *options)
        found[name] = json.loads(out.read_text())["metrics"]["diversity_pixels"]
    assert found["mean"] == found["again"]
    assert found["own"]["value"] != found["mean"]["value"]
    assert found["own"]["real"] == found["mean"]["real"] != found["seed"]["real"]
    assert found["seed"]["protocol"]["seeds"]["first_sample"] == 4_000_000


def test_interrupted_the_same_command_goes_on_bit_for_bit(run_dir, tmp_path, monkeypatch, capsys):
    names = ("frechet_pooled192", "diversity_pixels")
    command = [run_dir, "--metrics", ",".join(names), "--controls", "real,frozen", "--json"]
    small(*command, tmp_path / "whole.json")
    monkeypatch.setitem(run_jobs.__kwdefaults__, "seconds", 0)
    step, calls = Comparison.step, []

    def stops_once(self, number):
        calls.append(number)
        if len(calls) == 6:
            raise KeyboardInterrupt
        step(self, number)

    monkeypatch.setattr(Comparison, "step", stops_once)
    out = tmp_path / "parts.json"
    with pytest.raises(SystemExit) as exit_:
        small(*command, out)
    assert exit_.value.code == 130 and not out.exists()
    capsys.readouterr()
    with pytest.raises(SystemExit):
        small(*command, out, "--seed", 3)
    assert "other settings (seeds.first_sample was 2000000 and is" in capsys.readouterr().err
    small(*command, out)
    assert calls == [0, 1, 2, 0, 1, 2, 2, 0, 1, 2]
    whole, parts = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("whole", "parts"))
    assert whole == parts and list(whole["controls"]) == ["real", "frozen"]
    assert not (tmp_path / "parts.json.partial.npz").exists()


def test_controls_of_a_folder_need_no_run(videos, tmp_path, capsys):
    out = tmp_path / "floor.json"
    small("--data", videos, "--resolution", 32, "--metrics", "diversity_pixels", "--json", out)
    report = json.loads(out.read_text())
    assert report["run"] is None and report["metrics"] == {}
    assert list(report["controls"]) == ["real", "shuffled", "frozen", "noise"]
    assert report["clips"]["channels"] == 3 and report["data"]["videos"] == 4
    assert "12 real clips are drawn from 4 videos" in capsys.readouterr().err


def test_controls_can_be_made_of_other_clips(videos, tmp_path):
    def kid(real, fake):
        out = tmp_path / "scores.json"
        options = ["--metrics", "kid_pooled192", "--controls", "real", "--control-data", fake]
        small("--data", real, "--resolution", 32, *options, "--json", out, "--overwrite")
        report = json.loads(out.read_text())
        assert report["control_data"]["from"] == str(fake)
        return report["controls"]["real"]["kid_pooled192"]["value"]

    others = tmp_path / "others"
    for number in range(3):
        frames = np.random.default_rng(9 + number).integers(0, 99, (18, 32, 32, 3), np.uint8)
        write_video(others / f"{number}.mp4", frames)
    assert kid(videos, others) == pytest.approx(kid(others, videos)) and kid(videos, others) > 0.3
    same = tmp_path / "same"
    shutil.copytree(videos, same)
    assert abs(kid(videos, same)) < 0.01


def test_real_clips_can_be_a_folder_or_the_training_data(run_dir, videos, tmp_path):
    for data, kind in ((videos, "folder"), ("train", "train")):
        out = tmp_path / f"{kind}.json"
        small(run_dir, "--data", data, "--metrics", "diversity_pixels", "--json", out)
        assert json.loads(out.read_text())["data"]["kind"] == kind


def test_two_runs_swap_their_critics(run_dir, rival, tmp_path, capsys):
    small(run_dir, "--against", rival, "--json", tmp_path / "gam.json")
    report = json.loads((tmp_path / "gam.json").read_text())
    found = report["metrics"]["gam"]
    assert list(report["metrics"]) == ["gam"] and found["errors"][0].endswith("of 12")
    assert report["against"]["path"].startswith(str(rival))
    small(rival, "--against", run_dir, "--json", tmp_path / "swapped.json")
    swapped = json.loads((tmp_path / "swapped.json").read_text())["metrics"]["gam"]
    assert swapped["errors"] == found["errors"][::-1]
    assert swapped["critics"]["a"] == found["critics"]["b"]


def test_nearest_clips_are_a_picture(run_dir, tmp_path):
    small(run_dir, "--metrics", "nearest", "--json", tmp_path / "copies.json")
    found = json.loads((tmp_path / "copies.json").read_text())["metrics"]["nearest"]
    assert len(found["distances"]) == len(found["real"]["distances"]) == 8
    assert found["protocol"]["training_clips"] == 12
    assert (tmp_path / "copies.json.nearest.png").stat().st_size > 0


def test_a_picture_that_is_there_is_kept_unless_told(run_dir, tmp_path, capsys):
    picture = tmp_path / "copies.json.nearest.png"
    picture.write_text("precious")
    with pytest.raises(SystemExit):
        small(run_dir, "--metrics", "nearest", "--json", tmp_path / "copies.json")
    assert "nearest.png' is there already" in capsys.readouterr().err
    assert picture.read_text() == "precious"


@pytest.mark.parametrize("metric", ["nearest", "gam"])
def test_a_run_is_not_judged_by_its_training_clips(run_dir, rival, tmp_path, capsys, metric):
    arguments = ["--against", rival] if metric == "gam" else []
    with pytest.raises(SystemExit):
        small(run_dir, "--metrics", metric, "--data", "train", "--json", tmp_path / "x", *arguments)
    assert "clips that the run was not trained on" in capsys.readouterr().err


def test_a_conditional_run_is_judged_by_clips_of_its_own_classes(tmp_path, labelled_videos, capsys):
    settings = ["conditional=true", "data.name=videos", f"data.path={labelled_videos}"]
    settings += ["data.resolution=32", "generator.width=16", "generator.temporal_width=8"]
    settings += ["critic.width=4", "train.batch_size=4", "train.steps=1", "log.trackers=[]"]
    own, other = tmp_path / "run", tmp_path / "other"
    run("train", ["--run-dir", str(own), *(f"--{setting}" for setting in settings)])
    source = labelled_videos.parent / "videos"
    prepare = [str(source), "--resolution", "32", "--workers", "1", "--labels", "folders"]
    run("prepare", [*prepare, "--out", str(other), "--only", "right/*"])
    capsys.readouterr()
    gam = ["--against", own, "--json", tmp_path / "gam.json"]
    with pytest.raises(SystemExit):
        small(own, *gam, "--data", other)
    assert "down, right; those of the real clips are right" in capsys.readouterr().err
    small(own, *gam, "--data", labelled_videos)
    assert json.loads((tmp_path / "gam.json").read_text())["metrics"]["gam"]["errors"]


class NotANumber(Rows):
    name = "not_a_number"

    def __init__(self, path, *, device):
        super().__init__()

    def __call__(self, video):
        return super().__call__(video) * float("nan")


def test_features_that_are_no_numbers_end_the_work_at_once(run_dir, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(tgan.features.FEATURES, "not_a_number", NotANumber)
    with pytest.raises(SystemExit) as exit_:
        small(run_dir, "--json", tmp_path / "x.json", "--metrics", "kid_not_a_number")
    assert exit_.value.code in (1, 2)
    assert "gives numbers not finite" in capsys.readouterr().err


def test_a_file_that_is_there_is_kept_unless_told(run_dir, tmp_path, capsys):
    out = tmp_path / "a.json"
    out.write_text("precious")
    with pytest.raises(SystemExit):
        small(run_dir, "--json", out, "--metrics", "diversity_pixels")
    assert "is there already" in capsys.readouterr().err and out.read_text() == "precious"
    small(run_dir, "--json", out, "--metrics", "diversity_pixels", "--overwrite")
    assert "diversity_pixels" in json.loads(out.read_text())["metrics"]


class Wrong(Rows):
    name = "wrong"

    def __init__(self, path, *, device):
        super().__init__()

    def __call__(self, video):
        return torch.zeros(len(video), 7)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["{run}", "--metrics", "fid"], "unknown metric 'fid'"),
        (["{run}", "--metrics", "frechet_wrong"], "gives shape (2, 7), not (2, 3)"),
        (["{run}", "--metrics", "acd_pooled192"], "one vector per clip"),
        (["{run}", "--metrics", "frechet_pixels"], "has 16384 dimensions"),
        (["{run}", "--metrics", "kid_pooled192,"], "--metrics 'kid_pooled192,'"),
        (["{run}", "--samples", "1"], "--samples 1 is not in 2 to 1000000"),
        (["{run}", "--batch-size", "0"], "--batch-size 0"),
        (["{run}", "--seed", "-1"], "--seed -1"),
        (["{run}", "--controls", "blur"], "unknown control 'blur'"),
        (["{run}", "--control-data", "train"], "--control-data is for --controls"),
        (["{run}", "--controls", "--control-data", "held-out"], "are the real clips themselves"),
        (["{run}", "--controls", "--control-data", "{tmp}/nothing"], "nothing"),
        (["{run}", "--against", "{run}", "--controls"], "--controls need a metric over a network"),
        (["{run}", "--network", "i3d"], "--network 'i3d'; NAME=PATH"),
        (["{run}", "--network", "i3d=x.pt"], "network 'i3d', which no metric asks for"),
        (["{run}", "--device", "nonsense"], "unknown device 'nonsense'"),
        (["{run}", "--data", "{tmp}/nothing"], "nothing"),
        (["{run}", "--resolution", "32"], "--resolution is what the run says"),
        (["{run}", "--metrics", "gam"], "gam needs a second run, --against RUN"),
        (["{run}", "--against", "{run}", "--metrics", "kid_pooled192"], "only gam does"),
        (["{run}", "--against", "{tmp}/nothing"], "no run or checkpoint"),
        (["{tmp}/nothing"], "no run or checkpoint"),
        ([], "name a run, or real clips"),
        (["--data", "{tmp}", "--metrics", "nearest"], "nearest needs a run"),
    ],
)
def test_mistakes_end_with_one_line_and_status_2(
    run_dir, tmp_path, capsys, monkeypatch, argv, message
):
    monkeypatch.setitem(tgan.features.FEATURES, "wrong", Wrong)
    monkeypatch.setattr(Comparison, "step", None)
    argv = [a.format(run=run_dir, tmp=tmp_path) for a in argv]
    with pytest.raises(SystemExit) as exit_:
        evaluate(*argv, "--json", tmp_path / "out.json")
    errors = capsys.readouterr().err.strip().splitlines()
    assert exit_.value.code == 2
    assert len(errors) == 1 and message in errors[0]
    assert not list(tmp_path.iterdir())


def test_runs_that_do_not_fit_are_not_swapped(run_dir, tmp_path, capsys):
    config = make_tiny_config()
    config.data.channels, config.train.steps = 3, 1
    fit(build_run(config, tmp_path / "rgb"))
    with pytest.raises(SystemExit):
        small(run_dir, "--against", tmp_path / "rgb", "--json", tmp_path / "out.json")
    assert "the runs differ in data.channels, 1 and 3" in capsys.readouterr().err


def test_a_run_without_held_out_clips_says_what_to_do(videos, tmp_path, capsys):
    config = make_tiny_config()
    config.data.name, config.data.path, config.train.steps = "videos", str(videos), 1
    fit(build_run(config, tmp_path / "plain"))
    with pytest.raises(SystemExit):
        small(tmp_path / "plain", "--json", tmp_path / "out.json")
    assert "no held-out clips" in capsys.readouterr().err


def test_the_output_is_checked_before_torch_is_loaded(tmp_path):
    (tmp_path / "folder.json").mkdir()
    code = "import sys; sys.modules['torch'] = None; from tgan.cli import main; main(sys.argv[1:])"
    arguments = ["evaluate", "no_run", "--json", str(tmp_path / "folder.json")]
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "folder.json' is a directory" in result.stderr and result.stderr.count("\n") == 1


def test_the_script_in_tools_is_the_same_command():
    script = Path(__file__).parents[2] / "tools" / "evaluate.py"
    result = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True)
    assert "usage: tgan evaluate" in result.stdout and "examples:" in result.stdout


def test_rivals_that_saw_other_data_are_warned_about():
    a, b = (TrainedRun(Path(name), make_tiny_config(), classes=[]) for name in "ab")
    b.config.data.workers = 3
    assert check_rivals(a, b) == []
    b.config.data.num_digits = 2
    assert check_rivals(a, b) == [
        "gam: the runs were trained on different data (num_digits differ)"
    ]
    a.config.conditional = True
    with pytest.raises(ValueError, match="differ in what networks are conditioned on"):
        check_rivals(a, b)
    a.config.conditional, b.classes = False, ["down", "right"]
    with pytest.raises(ValueError, match="differ in what networks are conditioned on"):
        check_rivals(a, b)
