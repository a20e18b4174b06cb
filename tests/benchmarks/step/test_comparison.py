import json
from pathlib import Path

import pytest

from tgan.benchmarks.step import comparison
from tgan.benchmarks.step.comparison import run_program
from tgan.benchmarks.step.sizes import Sizes
from tgan.cli import run


def refused(capsys, *argv) -> str:
    """The one line that a mistake ends with."""
    with pytest.raises(SystemExit) as exit_:
        run("benchmark-step", [str(argument) for argument in argv])
    error = capsys.readouterr().err
    assert exit_.value.code == 2 and error.count("\n") == 1
    return error


@pytest.mark.slow
def test_the_tool_alternates_and_writes_json(shared, tmp_path, capsys):
    options = ["--batch=2", "--generator-width=16", "--critic-width=2", "--steps=1", "--rounds=1"]
    baseline = str(shared("bench/plain_step.py"))
    run("benchmark-step", ["--baseline", baseline, "--json", str(tmp_path / "out.json"), *options])
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["seconds_per_step"].keys() == {"baseline", "float32", "bf16"}
    assert report["speed_up"]["float32"][0] > 0
    assert report["peak_bytes"].keys() == report["seconds_per_step"].keys()
    assert all(1e7 < peak < 1e11 for (peak,) in report["peak_bytes"].values())
    names = {
        precision: [layer["name"] for layer in report["layers"][precision]]
        for precision in ("float32", "bf16")
    }
    assert names["float32"] == names["bf16"] and "critic.convs.3" in names["bf16"]
    printed = capsys.readouterr().out
    assert all(part in printed for part in ("times as fast", "GFLOP a step", "of the baseline's"))
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no baseline script at"),
        ("x = 1", "does not define VideoGenerator"),
        ("raise SystemExit(3)", "fails: SystemExit: 3"),
        ("raise RuntimeError('two\\nlines')", "fails: RuntimeError: two lines"),
        ("def", "fails: SyntaxError: "),
        ("import no_such_module", "fails: ModuleNotFoundError: No module"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path, capsys, content, message):
    path = tmp_path / "plain.py"
    if content is not None:
        path.write_text(content)
    error = refused(capsys, "--baseline", path)
    assert message in error and str(path) in error


@pytest.mark.parametrize(
    ("option", "minimum"),
    [
        ("--batch", 2),
        ("--generator-width", 1),
        ("--critic-width", 1),
        ("--channels", 1),
        ("--steps", 1),
        ("--svc-every", 1),
        ("--threads", 1),
        ("--rounds", 1),
    ],
)
def test_numbers_below_their_minimum_are_refused_before_work(capsys, option, minimum):
    error = refused(capsys, "--baseline", "nothing.py", option, minimum - 1)
    name = option.removeprefix("--").replace("-", "_")
    assert f"{name} {minimum - 1} is below {minimum}" in error
    accepted = refused(capsys, "--baseline", "nothing.py", option, minimum)
    assert "no baseline script at 'nothing.py'" in accepted


def test_sizes_become_options():
    assert Sizes(batch=2, svc_every=7).options()[0] == "--batch=2"
    assert "--svc-every=7" in Sizes(svc_every=7).options()


def test_json_that_cannot_be_written_is_refused_before_work(tmp_path, capsys):
    arguments = ("--baseline", "nothing.py", "--json")
    assert "no directory" in refused(capsys, *arguments, tmp_path / "no" / "out.json")
    assert "is a directory" in refused(capsys, *arguments, tmp_path)
    assert "no baseline" in refused(capsys, *arguments, tmp_path / "out.json")


def test_json_is_whole_or_the_old_one(tmp_path, monkeypatch):
    out = tmp_path / "out.json"
    out.write_text("old")
    arguments = ["--baseline", "plain.py", "--json", str(out)]
    monkeypatch.setattr(comparison, "measure", lambda *args, **settings: {"speed": 2.0})
    monkeypatch.setattr("tgan.cli.benchmark_step.summary", lambda report: "")

    def fill_the_disk(path, text):
        path.write_bytes(text[:4].encode())
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(SystemExit) as exit_:
        patch.setattr(Path, "write_text", fill_the_disk)
        run("benchmark-step", arguments)
    assert exit_.value.code == 1 and out.read_text() == "old"
    run("benchmark-step", arguments)
    assert json.loads(out.read_text()) == {"speed": 2.0}
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("raise RuntimeError('out of luck')", "RuntimeError: out of luck"),
        ("raise SystemExit(5)", "status 5"),
        ("print('hello')", "no JSON line with seconds_per_step_with_clip"),
        ("print('{}')", "no JSON line with seconds_per_step_with_clip"),
        ("print(3)", "no JSON line with seconds_per_step_with_clip"),
        ("", "no JSON line with seconds_per_step_with_clip"),
    ],
)
def test_a_program_that_fails_is_named(tmp_path, content, message):
    path = tmp_path / "broken.py"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"^our step did not measure anything: .*{message}"):
        run_program([str(path)], name="our step")


def test_a_program_tells_its_seconds(tmp_path):
    path = tmp_path / "fine.py"
    path.write_text("""print('warming up'); print('{"seconds_per_step_with_clip": 0.25}')""")
    timed = run_program([str(path)], name="fine")
    assert timed.seconds == 0.25 and 1e6 < timed.peak_bytes < 1e9


def test_a_program_tells_its_memory(tmp_path):
    """One that holds 400 MB more than another, whatever this process holds."""
    path = tmp_path / "holds.py"
    peaks = []
    for held in (0, 400_000_000):
        content = f"""import sys; a = b'x' * {held}; print('{{"seconds_per_step_with_clip": 1}}')"""
        path.write_text(f"{content}; sys.exit(0)")
        peaks.append(run_program([str(path)], name="holds").peak_bytes)
    assert peaks[1] - peaks[0] == pytest.approx(400e6, rel=0.05)


def test_a_failure_of_our_own_process_is_called_our_step(tmp_path, monkeypatch):
    """Ours does not take this width; the baseline, which prints a time, does."""
    path = tmp_path / "plain.py"
    path.write_text("""print('{"seconds_per_step_with_clip": 1}')""")
    monkeypatch.setattr(comparison, "load_baseline", lambda path: None)
    monkeypatch.setattr(comparison, "compare", lambda *args: {})
    message = "^our step in float32 did not measure anything: .* width 17 is not a multiple"
    with pytest.raises(ValueError, match=message):
        comparison.measure(path, Sizes(generator_width=17), rounds=1)
