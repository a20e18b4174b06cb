import json
import tracemalloc

import pytest

from tests.made.watched import SMALL
from tgan.cli import main
from tgan.training.run_dir import (
    HoldsRun,
    MetricsFile,
    check_no_run,
    clear_unfinished,
    config_to_resume,
    free_after_a_failed_start,
)


def test_what_a_killed_run_was_writing_is_cleared_by_the_next(tmp_path, monkeypatch):
    run_dir, outside = tmp_path / "run", tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = run_dir / "checkpoints" / ".step_00000007.part"
    folder.mkdir(parents=True)
    (run_dir / "previews").mkdir()
    files = [
        folder / "state.json",
        run_dir / ".metrics.123.part.jsonl",
        run_dir / "previews" / ".step_00000007.123.part.mp4",
    ]
    others = [run_dir / "notes.part", run_dir / ".notes", run_dir / "checkpoints" / "best.part"]
    for path in [*files, *others]:
        path.touch()
    (run_dir / ".link.part").symlink_to(outside)
    clear_unfinished(run_dir)
    assert not any(path.exists() for path in [*files, folder, run_dir / ".link.part"])
    assert all(path.exists() for path in [*others, outside / "kept"])


WRITTEN = ("config.yaml", "metrics.jsonl", "previews/0.png", "tracking/events")


def fail(run_dir, error, *, metrics="", notes=True):
    """What a run writes before an error."""
    with pytest.raises(type(error)), free_after_a_failed_start(run_dir):
        for name in [*WRITTEN, "history.jsonl", *(["notes.txt"] if notes else [])]:
            (run_dir / name).parent.mkdir(exist_ok=True, parents=True)
            (run_dir / name).touch()
        (run_dir / "metrics.jsonl").write_text(metrics)
        raise error


@pytest.mark.parametrize("error", [MemoryError(), OSError(), ValueError(), KeyboardInterrupt()])
@pytest.mark.parametrize("metrics", ["", '{"step": 0, "distance": 1.0}\n'])
def test_a_failed_start_leaves_its_directory_to_another_run(tmp_path, error, metrics):
    fail(tmp_path / "run", error, metrics=metrics)
    check_no_run(tmp_path / "run")
    left = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert left == ["history.jsonl", "notes.txt"]


def test_what_is_on_record_or_was_there_before_is_never_deleted(tmp_path):
    begun, numbers, old = tmp_path / "begun", tmp_path / "numbers", tmp_path / "old"
    fail(begun, OSError(), metrics='{"step": 0}\n{"step": 1}\n')
    fail(numbers, ArithmeticError())
    (old / "tracking").mkdir(parents=True)
    (old / "tracking" / "mine").touch()
    (old / "config.yaml").write_text("mine")
    fail(old, OSError())
    for run_dir in (begun, numbers):
        assert all((run_dir / name).exists() for name in WRITTEN)
        with pytest.raises(HoldsRun):
            check_no_run(run_dir)
    assert (old / "config.yaml").exists() and (old / "tracking" / "mine").exists()
    assert not (old / "metrics.jsonl").exists()


def test_a_run_clears_its_directory_as_it_starts(tmp_path):
    run_dir = tmp_path / "run"
    settings = ["--train.steps=1", "--log.preview_every=0", "--log.critic_every=0"]
    settings += ["--log.trackers=[]"]
    main(["train", *SMALL, *settings, f"--run-dir={run_dir}"])
    left = run_dir / "previews" / ".step_00000000.123.part.mp4"
    left.touch()
    main(["train", "--resume=auto", "--train.steps=2", f"--run-dir={run_dir}"])
    assert not left.exists()


def test_metrics_of_steps_that_are_done_again_are_dropped_and_so_is_what_is_no_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}, {"step": 3, "loss": 0.1}]
    first, second, third = (json.dumps(line) + "\n" for line in lines)
    path.write_text(first + "[1]\n" + second + '{"step": 2, "distance": 3}\n' + third + '{"st')
    metrics = MetricsFile(tmp_path, first_step=2)
    assert path.read_text() == first + second + '{"step": 2, "distance": 3}\n'
    assert metrics.at_first == {"step", "loss", "distance"}


def test_a_log_whose_line_has_no_end_takes_no_memory(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "loss": 0.5}\n')
    with path.open("r+") as file:
        file.truncate(2**28)
    tracemalloc.start()
    MetricsFile(tmp_path, first_step=1)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.read_text() == '{"step": 1, "loss": 0.5}\n' and most < 2**25


def test_a_configuration_that_is_a_link_elsewhere_is_not_read(tmp_path):
    run_dir, outside = tmp_path / "run", tmp_path / "secret.yaml"
    run_dir.mkdir()
    assert config_to_resume(run_dir, "auto") is None
    outside.write_text("train: {steps: 7}\n")
    (run_dir / "config.yaml").symlink_to(outside)
    with pytest.raises(ValueError, match="is a link out of"):
        config_to_resume(run_dir, "auto")
    (run_dir / "config.yaml").unlink()
    outside.rename(run_dir / "config.yaml")
    assert config_to_resume(run_dir, "auto").train.steps == 7
