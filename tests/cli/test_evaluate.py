import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import tgan.features
from tests.conftest import make_tiny_config
from tests.made.stand_ins import Rows
from tests.made.video_runs import train_tiny, write_noise
from tgan.cli import run
from tgan.evaluation.comparison import Comparison
from tgan.evaluation.runner import run_jobs
from tgan.runs.build import build_run
from tgan.training.loop import fit


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def rival(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("rival"), seed=1)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return write_noise(tmp_path_factory.mktemp("videos"))


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


def test_few_samples_are_projected_and_said_to_be(run_dir, tmp_path):
    with pytest.warns(UserWarning, match="projected1: 12 feature vectors of 192 dimensions"):
        small(run_dir, "--json", tmp_path / "a.json", "--metrics", "frechet_pooled192")
    metrics = json.loads((tmp_path / "a.json").read_text())["metrics"]
    assert list(metrics) == ["frechet_pooled192_projected1"]


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
    error = capsys.readouterr().err
    assert "other settings (seeds.first_sample was 2000000 and is 8000000" in error
    assert "start anew with --overwrite" in error
    small(*command, out)
    assert calls == [0, 1, 2, 0, 1, 2, 2, 0, 1, 2]
    whole, parts = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("whole", "parts"))
    assert whole == parts and list(whole["controls"]) == ["real", "frozen"]
    assert not (tmp_path / "parts.json.partial.npz").exists()


def test_controls_of_a_folder_need_no_run(videos, tmp_path):
    out = tmp_path / "floor.json"
    with pytest.warns(UserWarning, match="12 real clips are drawn from 4 videos"):
        small("--data", videos, "--resolution", 32, "--metrics", "diversity_pixels", "--json", out)
    report = json.loads(out.read_text())
    assert report["run"] is None and report["metrics"] == {}
    assert list(report["controls"]) == ["real", "shuffled", "frozen", "noise"]
    assert report["clips"]["channels"] == 3 and report["data"]["videos"] == 4


def test_real_clips_can_be_a_folder_or_the_training_data(run_dir, videos, tmp_path):
    for data, kind in ((videos, "folder"), ("train", "train")):
        out = tmp_path / f"{kind}.json"
        small(run_dir, "--data", data, "--metrics", "diversity_pixels", "--json", out)
        assert json.loads(out.read_text())["data"]["kind"] == kind


def test_two_runs_swap_their_critics(run_dir, rival, tmp_path):
    small(run_dir, "--against", rival, "--json", tmp_path / "gam.json")
    report = json.loads((tmp_path / "gam.json").read_text())
    found = report["metrics"]["gam"]
    assert list(report["metrics"]) == ["gam"] and found["errors"][0].endswith("of 12")
    assert report["against"]["path"].startswith(str(rival))


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
        (["{run}", "--metrics", "kid_pooled192,"], "--metrics: 'kid_pooled192,'"),
        (["{run}", "--samples", "1"], "--samples: '1' is no whole number from 2 to 1000000"),
        (["{run}", "--batch-size", "0"], "--batch-size: '0'"),
        (["{run}", "--seed", "-1"], "--seed: '-1'"),
        (["{run}", "--controls", "blur"], "unknown control 'blur'"),
        (["{run}", "--control-data", "train"], "control_data is for controls"),
        (["{run}", "--controls", "--control-data", "held-out"], "are the real clips themselves"),
        (["{run}", "--controls", "--control-data", "{tmp}/nothing"], "nothing"),
        (["{run}", "--against", "{run}", "--controls"], "controls need a metric over a network"),
        (["{run}", "--metrics", "fvd"], "metric downloads; name it as --network i3d=PATH"),
        (["{run}", "--metrics", "jedi"], "downloads them; name it as --network vjepa=PATH"),
        (["{run}", "--metrics", "mmd2_c3d_fc6"], "mean2.npz; name it as --network c3d_fc6=PATH"),
        (["{run}", "--network", "i3d"], "--network: 'i3d'; NAME=PATH"),
        (["{run}", "--network", "i3d=x.pt"], "network 'i3d', which no metric asks for"),
        (["{run}", "--device", "nonsense"], "unknown device 'nonsense'"),
        (["{run}", "--data", "{tmp}/nothing"], "nothing"),
        (["{run}", "--resolution", "32"], "resolution is what the run says"),
        (["{run}", "--metrics", "gam"], "gam needs a second run, `against`"),
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
