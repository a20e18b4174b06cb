import json

import pytest

from tgan.benchmarks.loader import clips_per_second
from tgan.benchmarks.step import Sizes, compare, load_baseline, run_program, time_step
from tgan.cli import run

SMALL = Sizes(batch=2, generator_width=32, critic_width=4, steps=1)


def test_our_first_step_computes_what_the_plain_one_does(shared):
    difference = compare(load_baseline(shared("bench/plain_step.py")), SMALL)
    assert difference["loss_difference"] < 1e-5
    assert difference["gradient_difference"] < 1e-10


def test_a_baseline_that_computes_something_else_is_seen(shared):
    baseline = load_baseline(shared("bench/plain_step.py"))
    original = baseline.VideoCritic.forward
    baseline.VideoCritic.forward = lambda self, video: original(self, video) * (1 + 1e-3)
    difference = compare(baseline, SMALL)
    assert difference["gradient_difference"] > 1e-4


def test_times_are_positive_and_of_the_right_number():
    report = time_step(SMALL)
    assert len(report["all_steps"]) == 1 and min(report["all_steps"]) > 0
    assert report["seconds_per_step_with_clip"] > report["step_seconds"] > 0


def test_the_tool_alternates_and_writes_json(shared, tmp_path, capsys):
    options = ["--batch=2", "--generator-width=16", "--critic-width=2", "--steps=1", "--rounds=1"]
    baseline = str(shared("bench/plain_step.py"))
    run("benchmark-step", ["--baseline", baseline, "--json", str(tmp_path / "out.json"), *options])
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["seconds_per_step"].keys() == {"baseline", "float32", "bf16"}
    assert report["speed_up"]["float32"][0] > 0
    assert "times as fast" in capsys.readouterr().out


def test_loader_reads_and_counts():
    assert clips_per_second(batch_size=4, seconds=0.05) > 0


@pytest.mark.parametrize("content", [None, "x = 1", "raise SystemExit(3)"])
def test_what_is_no_baseline_is_refused(tmp_path, capsys, content):
    path = tmp_path / "plain.py"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SystemExit) as exit_:
        run("benchmark-step", ["--baseline", str(path)])
    assert exit_.value.code in (2, 3)


def test_a_program_that_fails_is_named(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("raise RuntimeError('out of luck')")
    with pytest.raises(ValueError, match="broken.py.*out of luck"):
        run_program([str(path)])
