import subprocess
import sys
from pathlib import Path

import pytest

from tests.made.at_once import work_at_once
from tgan.cli import run

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--cures", "plain,minmax"], "unknown cure 'minmax' (did you mean 'minimax'?)"),
        (["--cures", ","], "no cure was named"),
        (["--parts", "toy"], "unknown part 'toy' (did you mean 'toys'?)"),
        (["--seeds", "0"], "--seeds 0 is not in 1"),
        (["--processes", "0"], "--processes 0 is not in 1"),
        (["--parts", "digits"], "--config is missing"),
        (
            ["--parts", "digits", "--config", str(CONFIGS / "dcgan_digits.yaml")],
            "the modes of data.name digits cannot be counted",
        ),
        (["--parts", "digits", "--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
    ids=lambda value: "_".join(value).strip("-")[:24] if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_before_any_work(tmp_path, capsys, argv, message):
    with pytest.raises(SystemExit) as exit_:
        run("benchmark-collapse", ["--out", str(tmp_path / "out"), *argv])
    error = capsys.readouterr().err
    assert exit_.value.code == 2 and message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SystemExit):
        run("benchmark-collapse", ["--out", str(tmp_path)])
    assert "holds something else" in capsys.readouterr().err


def test_torch_is_not_imported_for_arguments():
    code = "import sys, tgan.cli.benchmark_collapse; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_command_leaves_a_report(tmp_path, monkeypatch, capsys):
    work_at_once(monkeypatch)
    monkeypatch.setattr("tgan.benchmarks.toys.toygan.transport", lambda samples, fresh: 1.0)
    out = tmp_path / "out"
    run("benchmark-collapse", ["--out", str(out), "--quick", "--cures", "plain", "--seeds", "1"])
    assert capsys.readouterr().out.splitlines()[-1] == str(out / "report.html")
    assert "tgan benchmark-collapse" in (out / "report.html").read_text()
