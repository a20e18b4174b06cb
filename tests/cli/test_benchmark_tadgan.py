"""`tgan benchmark-tadgan`: mistakes in one line, and a run on a made series."""

import importlib.util

import numpy as np
import pytest

from tgan.benchmarks.tadgan import benchmark
from tgan.cli import main


@pytest.fixture
def data(tmp_path):
    """A folder of data with a series in the form of UCR's archive: a sine with a bump."""
    values = np.sin(np.arange(900) / 7)
    values[700:710] += 4
    (tmp_path / "data" / "ucr").mkdir(parents=True)
    name = "1_UCR_Anomaly_sine_400_700_709.txt"
    (tmp_path / "data" / "ucr" / name).write_text("\n".join(map(str, values)))
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "--seeds 0 is below 1"),
        (["--processes", "0"], "--processes 0 is below 1"),
        (["--methods", "pca,contxt"], "unknown method 'contxt' (did you mean 'context'?)"),
        (["--sets", "nasdaq"], "unknown set 'nasdaq'"),
        (["--sets", "nab"], "has no combined_windows.json"),
        (["--sets", "ucr", "--only", "x/*"], "no series SET/SERIES matches 'x/*'"),
        (["--sets", "ucr", "--half", "choosing"], "none of 1 series is of the choosing half"),
    ],
)
def test_mistakes_are_one_line(data, tmp_path, capsys, arguments, message):
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as stop:
        main(["benchmark-tadgan", "--data", str(data), "--out", str(out), *arguments])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1 and not out.exists()


def test_folders_that_are_missing_or_of_something_else(data, tmp_path, capsys):
    (data / "thesis.txt").write_text("mine")
    new = str(tmp_path / "out")
    for argv, message in {
        ("--out", new): "--data is missing; nab, nasa, ucr lie in it",
        ("--out", new, "--data", "nope"): "--data nope is no folder",
        ("--out", str(data), "--data", str(data)): "something else than this benchmark (thesis",
    }.items():
        with pytest.raises(SystemExit):
            main(["benchmark-tadgan", *argv])
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists() and len(list(data.iterdir())) == 2


def test_interrupted_it_says_how_to_go_on(data, tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(benchmark.Queue, "run", interrupted)
    with pytest.raises(SystemExit) as stop:
        argv = ["--data", str(data), "--out", str(tmp_path / "out"), "--sets", "ucr"]
        main(["benchmark-tadgan", *argv, "--methods", "pca"])
    assert stop.value.code == 130 and "the same command goes on" in capsys.readouterr().err


def test_what_is_not_installed_is_told_at_once(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SystemExit):
        main(["benchmark-tadgan", "--data", str(data), "--out", str(tmp_path / "out")])
    assert "pip install 'tgan-video[series]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_run(data, tmp_path, capsys):
    out = tmp_path / "out"
    chosen = ["--sets", "ucr", "--methods", "constant_median,pca"]
    main(["benchmark-tadgan", "--data", str(data), "--out", str(out), *chosen])
    told = capsys.readouterr().out
    assert "1 series of UCR; methods: constant_median, pca" in told
    assert "| pca | 1.000 (1/0/0) " in told and (out / "tables.md").read_text() in told
