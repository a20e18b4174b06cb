import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import tgan
from tgan.cli import main
from tgan.system.lock import locked
from tgan.training.checkpoint import find_checkpoint

ROOT = Path(__file__).parents[2]
TINY = [
    "--data.resolution=32",
    "--data.channels=1",
    "--data.num_clips=40",
    "--generator.z_slow=8",
    "--generator.z_fast=8",
    "--generator.temporal_width=8",
    "--generator.width=16",
    "--critic.width=4",
    "--train.batch_size=4",
    "--log.trackers=[]",
    "--log.every=1",
    "--log.preview_every=0",
    "--log.critic_every=0",
]


def train(*argv):
    main(["train", *TINY, *(str(argument) for argument in argv)])


def refuse(capsys, *argv, status=2):
    """Run, expect one line on standard error and the status; returns the line."""
    with pytest.raises(SystemExit) as exit_:
        train(*argv)
    lines = capsys.readouterr().err.strip().splitlines()
    assert exit_.value.code == status
    assert len(lines) == 1 and lines[0].startswith("tgan train: ")
    return lines[0]


def test_trains_and_goes_on(tmp_path, capsys):
    every = "--log.preview_every=2", "--log.critic_every=2"
    train("--run-dir", tmp_path / "run", "--train.steps=2", *every)
    train("--run-dir", tmp_path / "run", "--train.steps=3", "--resume", "auto", *every)
    shown = capsys.readouterr().out
    assert "steps: 2 to 3" in shown and "critic at step 2" in shown
    previews = [path.name for path in (tmp_path / "run" / "previews").iterdir()]
    assert sorted(previews) == [f"step_0000000{step}.mp4" for step in (0, 2, 3)]
    assert find_checkpoint(tmp_path / "run").step == 3


def go_on(run_dir, *argv):
    """Resume without naming any of the settings that the run was started with."""
    main(["train", "--resume=auto", "--run-dir", str(run_dir), *argv])


def test_a_run_goes_on_with_its_own_settings_and_changes_of_them(tmp_path, capsys):
    train("--run-dir", tmp_path, "--train.steps=2")
    settings = (tmp_path / "config.yaml").read_text()
    go_on(tmp_path, "--train.steps=3")
    assert (tmp_path / "config.yaml").read_text() == settings.replace("steps: 2", "steps: 3")
    go_on(tmp_path, "--train.steps=4", "--critic_optimizer.lr=0.25", "--train.batch_size=2")
    config = find_checkpoint(tmp_path).config
    assert "lr: 0.25" in config and "batch_size: 2" in config
    error = capsys.readouterr().err
    assert "train.batch_size was 4 and is 2: clips and latents come in another order" in error
    assert "lr" not in error


def test_changes_that_a_run_cannot_take_are_refused_with_the_reason(tmp_path, capsys):
    train("--run-dir", tmp_path, "--train.steps=1")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_:
        go_on(tmp_path, "--train.steps=2", "--critic.width=8", "--train.seed=5")
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert exit_.value.code == 2
    assert "critic.width was 4 and is 8 (the weights" in line
    assert "train.seed was 0 and is 5 (clips and latents" in line
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_file_of_settings_counts_for_a_run_that_goes_on(tmp_path, capsys):
    train("--run-dir", tmp_path / "run", "--train.steps=1")
    (tmp_path / "other.yaml").write_text("train: {steps: 2}")
    with pytest.raises(SystemExit):
        go_on(tmp_path / "run", "--config", str(tmp_path / "other.yaml"))
    assert "data.resolution was 32 and is 64" in capsys.readouterr().err


def test_two_runs_at_once_are_one_too_many(tmp_path, capsys):
    with locked(tmp_path / "run"):
        line = refuse(capsys, "--run-dir", tmp_path / "run", "--train.steps=1")
        assert f"process {os.getpid()} on " in line and "--wait waits until it is done" in line
        # A look at the plan disturbs nobody.
        train("--run-dir", tmp_path / "run", "--train.steps=1", "--dry-run")
        capsys.readouterr()
    train("--run-dir", tmp_path / "run", "--train.steps=1", "--wait")
    assert "waiting" not in capsys.readouterr().out
    assert find_checkpoint(tmp_path / "run").step == 1


def test_a_requeued_run_waits_and_goes_on(tmp_path, capsys):
    train("--run-dir", tmp_path, "--train.steps=1")
    capsys.readouterr()
    held, leave = threading.Event(), threading.Event()

    def hold():
        with locked(tmp_path):
            held.set()
            leave.wait(60)

    first = threading.Thread(target=hold)
    first.start()
    held.wait(60)
    threading.Timer(0.5, leave.set).start()
    go_on(tmp_path, "--train.steps=2", "--wait")
    first.join()
    out = capsys.readouterr().out
    assert out.index("waiting: process") < out.index("steps: 1 to 2")


def test_a_run_that_is_past_its_last_step_is_left_alone(tmp_path, capsys):
    run_dir = tmp_path / "run"
    train("--run-dir", run_dir, "--train.steps=2")
    before = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
    capsys.readouterr()
    line = refuse(capsys, "--run-dir", run_dir, "--train.steps=1", "--resume=auto")
    assert line.endswith("step_00000002' is at step 2 already, past train.steps 1")
    train("--run-dir", run_dir, "--train.steps=2", "--log.every=7", "--resume=auto")
    told = capsys.readouterr().out
    assert "finished already" in told and "run finished" not in told
    assert before == {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}


def test_what_a_stop_at_the_last_step_left_out_is_made_up_for(tmp_path, capsys):
    run_dir = tmp_path / "run"
    train("--run-dir", run_dir, "--train.steps=2")
    preview = run_dir / "previews" / "step_00000002.mp4"
    made = preview.read_bytes()
    preview.unlink()
    capsys.readouterr()
    train("--run-dir", run_dir, "--resume=auto")
    assert "run finished" in capsys.readouterr().out
    assert preview.read_bytes() == made
    train("--run-dir", run_dir, "--resume=auto")
    assert "finished already" in capsys.readouterr().out


def test_a_plan_and_a_run_that_is_finished_close_the_process_group(tmp_path, monkeypatch):
    closed = []
    for module in ("tgan.training.processes", "tgan.runs.train", "tgan.training.loop"):
        monkeypatch.setattr(f"{module}.finish", lambda _, module=module: closed.append(module))
    run_dir = tmp_path / "run"
    train("--run-dir", run_dir, "--train.steps=1", "--dry-run")
    assert closed == ["tgan.training.processes"]
    train("--run-dir", run_dir, "--train.steps=1")
    assert closed.pop() == "tgan.training.loop" and len(closed) == 1
    train("--run-dir", run_dir, "--resume=auto")
    assert closed == ["tgan.training.processes"] * 2
    tgan.train(run_dir=run_dir, resume="auto")
    assert closed.pop() == "tgan.runs.train" and len(closed) == 2


def test_resuming_says_where_there_is_no_checkpoint(tmp_path, capsys):
    typo = ("--run-dir", tmp_path / "typo", "--train.steps=1", "--dry-run")
    train(*typo, "--resume=auto")
    assert f"no checkpoint in '{tmp_path / 'typo'}': starting anew" in capsys.readouterr().out
    train(*typo)
    assert "no checkpoint" not in capsys.readouterr().out


def test_a_dry_run_of_a_resumed_run_checks_its_weights(tmp_path, capsys):
    train("--run-dir", tmp_path / "run", "--train.steps=1")
    train("--run-dir", tmp_path / "run", "--resume=auto", "--dry-run")
    capsys.readouterr()
    arguments = ("--run-dir", tmp_path / "other", "--resume", tmp_path / "run", "--dry-run")
    assert "critic.width was 4 and is 8" in refuse(capsys, *arguments, "--critic.width=8")


def test_videos_that_came_or_went_are_mentioned_on_resume(tmp_path, capsys, monkeypatch):
    train("--run-dir", tmp_path / "run", "--train.steps=1")
    monkeypatch.setattr("tgan.data.made.digits.MovingDigits.__len__", lambda self: 7)
    train("--run-dir", tmp_path / "run", "--train.steps=2", "--resume=auto")
    assert "trained on 40 videos and goes on with 7" in capsys.readouterr().err


def test_an_estimate_is_told_and_nothing_written(tmp_path, capsys):
    train("--run-dir", tmp_path / "run", "--train.steps=1000", "--estimate")
    *_, plan, last = capsys.readouterr().out.splitlines()
    assert plan == "steps: 0 to 1000"
    assert last.startswith("estimate: ") and "; 1,000 steps take " in last
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path, capsys):
    train("--run-dir", tmp_path / "run", "--dry-run")
    plan = capsys.readouterr().out
    assert "40 videos from moving_digits" in plan and "constraint svc" in plan
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--data.name=videos", "--data.path={tmp}/nothing"], "nothing"),
        (["--data.name=videos", "--data.path={tmp}/empty"], "empty"),
        (["--data.path={tmp}/nothing.idx"], "nothing.idx"),
        (["--generator.width=20"], "width 20"),
        (["--train.mixed_precision=fp16"], "fp16 needs a CUDA device"),
        (["--resume={tmp}/nothing"], "no run or checkpoint"),
        (["--constraint.name=weight_clip", "--constraint.clips_gains=true"], "'clips_gains'"),
        (["--train.step=3"], "did you mean"),
    ],
)
def test_mistakes_are_one_line_before_anything_is_written(tmp_path, capsys, argv, message):
    (tmp_path / "empty").mkdir()
    argv = [argument.format(tmp=tmp_path) for argument in argv]
    assert message in refuse(capsys, "--run-dir", tmp_path / "run", *argv)
    assert not (tmp_path / "run").exists()


def test_run_dir_is_needed_and_must_be_a_directory(tmp_path, capsys):
    assert "--run-dir is missing" in refuse(capsys)
    (tmp_path / "file").write_text("")
    assert "file': Not a directory" in refuse(capsys, "--run-dir", tmp_path / "file")


def test_too_little_disk_is_said_before_training(tmp_path, capsys, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    line = refuse(capsys, "--run-dir", tmp_path / "run")
    assert "MB" in line and "free" in line
    assert not (tmp_path / "run").exists()


def test_a_disk_that_fills_up_costs_one_line_and_no_checkpoint(tmp_path, capsys, monkeypatch):
    train("--run-dir", tmp_path / "run", "--train.steps=1")
    capsys.readouterr()

    def full(path, table):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tgan.training.checkpoint._save_tensors", full)
    with pytest.raises(SystemExit) as exit_:
        train("--run-dir", tmp_path / "run", "--train.steps=2", "--resume=auto")
    assert exit_.value.code == 1
    assert "No space left" in capsys.readouterr().err.strip().splitlines()[-1]
    assert find_checkpoint(tmp_path / "run").step == 1


def test_ctrl_c_saves_and_tells_how_to_go_on(tmp_path):
    command = [sys.executable, ROOT / "tools" / "train.py", *TINY, "--train.steps=100000"]
    command += ["--train.schedule=alternating", "--train.n_critic=2", "--data.workers=2"]
    process = subprocess.Popen(
        [*command, "--run-dir", tmp_path / "run"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    metrics = tmp_path / "run" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (metrics.exists() and metrics.read_text().count("\n") > 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to the loader's processes too
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume auto" in error and "Traceback" not in error
    last = json.loads(metrics.read_text().splitlines()[-1])["step"]
    assert find_checkpoint(tmp_path / "run").step >= last > 2


def test_help_shows_examples_and_every_setting():
    result = subprocess.run(
        [sys.executable, ROOT / "tools" / "train.py", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "100"},
    )
    for text in ("examples:", "--train.steps", "generator updates in all", "--resume"):
        assert text in result.stdout
    # They would be lost below pages of settings.
    assert result.stdout.index("examples:") < result.stdout.index("\noptions:") < 2000
