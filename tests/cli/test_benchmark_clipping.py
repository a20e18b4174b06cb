import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import make_tiny_config
from tgan.cli import run
from tgan.config.reading import dump_config

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(dump_config(make_tiny_config()))
    return path


def command(config, out, *argv):
    fixed = ["--config", str(config), "--out", str(out), "--strategies", "svc_bn,weight_clip_bn"]
    return [*fixed, "--quick", "--parts", "robustness", *argv]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--strategies", "svc,svk"], "unknown strategy 'svk' (did you mean 'svc'?)"),
        (["--strategies", ","], "no strategy was named"),
        (["--parts", "vidoe"], "unknown part 'vidoe' (did you mean 'video'?)"),
        (["--seeds", "0"], "--seeds 0 is not in 1"),
        (["--processes", "0"], "--processes 0 is not in 1"),
        (["--processes", "x"], "--processes 'x' is not a whole number"),
        (["--budget", "hours"], "--budget 'hours': choose from both, steps, seconds"),
        (["--critic.width", "0"], "critic.width 0 is below 1"),
        (["--generator.widht", "8"], "unknown setting 'generator.widht'"),
        (["--out", "/proc/none"], "cannot be written"),
        (["--job", "somewhere"], "unknown setting 'job'"),
    ],
    ids=lambda value: "_".join(value).strip("-") if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_before_any_work(config, tmp_path, capsys, argv, message):
    with pytest.raises(SystemExit) as exit_:
        run("benchmark-clipping", command(config, tmp_path / "out", *argv))
    error = capsys.readouterr().err
    assert exit_.value.code == 2 and message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_out_has_to_be_named_and_to_be_its_own(config, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run("benchmark-clipping", ["--config", str(config)])
    assert "--out is missing" in capsys.readouterr().err
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SystemExit):
        run("benchmark-clipping", command(config, tmp_path))
    assert "holds something else" in capsys.readouterr().err


def test_data_without_held_back_clips_are_named(config, tmp_path, capsys, labelled_videos):
    with pytest.raises(SystemExit):
        data = ["--data.name", "videos", "--data.path", str(labelled_videos)]
        run("benchmark-clipping", command(config, tmp_path / "out", *data, "--data.channels", "3"))
    assert "set data.held_out_path" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_torch_is_not_imported_for_arguments():
    code = "import sys, tgan.cli.benchmark_clipping; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.slow
def test_interrupted_the_same_command_ends_with_a_report(config, tmp_path):
    program = [sys.executable, ROOT / "tools/benchmark_clipping.py"]
    whole = [*program, *command(config, tmp_path, "--processes", "2")]
    first = subprocess.Popen(whole, stderr=subprocess.PIPE, text=True)
    lines = [first.stderr.readline() for _ in range(2)]
    assert lines[0].startswith("[1/5] robustness/") and ": done (" in lines[0]
    first.send_signal(signal.SIGINT)
    rest = first.stderr.read()
    assert first.wait() == 130 and "the same command goes on" in rest
    assert (tmp_path / "report.html").exists()
    before = json.loads((tmp_path / "results.json").read_text())["results"]
    assert len(before) >= 2

    other = subprocess.run([*whole, "--seeds", "2"], capture_output=True, text=True)
    assert other.returncode == 2 and "seeds was 5 and is 2" in other.stderr
    again = subprocess.run(whole, capture_output=True, text=True, check=True)
    assert again.stdout.strip() == str(tmp_path / "report.html")
    record = json.loads((tmp_path / "results.json").read_text())
    assert record["crashed"] == {} and len(record["results"]) == 5
    assert before.items() <= record["results"].items()
    assert "hardware" in record["about"] and record["settings"]["strategies"] == [
        "svc_bn",
        "weight_clip_bn",
    ]


@pytest.mark.slow
def test_two_strategies_on_video_end_with_a_report(config, tmp_path):
    argv = command(config, tmp_path, "--parts", "video", "--train.steps", "3")
    run("benchmark-clipping", argv)
    record = json.loads((tmp_path / "results.json").read_text())
    assert record["crashed"] == {} and len(record["results"]) == 2 + 2 * 3 + 2
    page = (tmp_path / "report.html").read_text()
    assert "Samples at equal time" in page and "data:video/mp4" in page
