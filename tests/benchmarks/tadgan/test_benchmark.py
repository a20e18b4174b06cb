"""The comparison as a whole: what is redone, and what is reported."""

import json
from dataclasses import replace
from functools import partial

import pytest

from tests.made.at_once import work_at_once
from tests.made.labelled_series import TINY, write_ucr
from tgan.benchmarks.engine import queue
from tgan.benchmarks.engine.records import RESULT, path_of
from tgan.benchmarks.tadgan import benchmark
from tgan.benchmarks.tadgan.benchmark import run_comparison
from tgan.benchmarks.tadgan.cases import REPORTING, find_series, read_cases
from tgan.benchmarks.tadgan.methods import METHODS, TadGANMethod
from tgan.benchmarks.tadgan.part import Detectors
from tgan.metrics.overlap import agreement

BASELINES = {name: METHODS[name] for name in ("constant_median", "pca")}


@pytest.fixture
def compare_elsewhere(tmp_path):
    """A comparison on two series, in `out`."""
    for number in (1, 2):
        write_ucr(tmp_path / "data", number, seed=number)
    cases = read_cases(tmp_path / "data", ["ucr"])
    return partial(
        run_comparison, cases, data=tmp_path / "data", out=tmp_path / "out", seeds=1, processes=1
    )


@pytest.fixture
def compare(compare_elsewhere, monkeypatch):
    """The same, whose work this process does."""
    work_at_once(monkeypatch)
    return compare_elsewhere


def forbid_work(monkeypatch):
    """Have every process that is started an error."""
    monkeypatch.setattr(queue, "command_for", None)


def test_runs_are_kept_and_not_redone(compare, tmp_path, monkeypatch, capsys):
    compare(BASELINES)
    text = (tmp_path / "out/tables.md").read_text()
    assert "| constant_median |" in text and text in capsys.readouterr().out
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert {(r["method"], r["series"], r["half"]) for r in results} == {
        (method, name, REPORTING) for method in BASELINES for name in ("1-sine", "2-sine")
    }
    forbid_work(monkeypatch)
    compare(BASELINES)
    assert (tmp_path / "out/tables.md").read_text() == text
    # Fewer methods, of which as much is known.
    compare({"pca": METHODS["pca"]})
    assert "constant_median" not in (tmp_path / "out/tables.md").read_text()
    (tmp_path / "out" / path_of("detectors/pca/UCR/2-sine/seed_0", RESULT)).unlink()
    with pytest.raises(TypeError):
        compare(BASELINES)


def test_processes_give_the_same_as_this_one(compare_elsewhere, tmp_path):
    compare_elsewhere(BASELINES, processes=2)
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert len(results) == 4
    for found in results:
        name = found["series"]
        series = find_series("ucr", "UCR", name, data=str((tmp_path / "data").resolve()))
        outcome = METHODS[found["method"]].run(series, seed=0)
        for combination, intervals in outcome.intervals.items():
            expected = agreement(series.labels, intervals, series.test.timestamps)
            measured = found["found"][combination]
            assert measured["intervals"] == vars(expected.intervals)
            assert measured["samples"] == vars(expected.samples)
            assert (measured["covered"], measured["total"]) == (expected.covered, expected.total)


class Tiny(Detectors):
    """Two methods that are no others: one fits, and the windows of one are too long."""

    methods = {
        "tiny": TadGANMethod(TINY),
        "long": TadGANMethod(replace(TINY, window=600)),
    }


def test_seeds_that_are_there_are_told_of(compare, tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "Detectors", Tiny)
    tiny = {"tiny": Tiny.methods["tiny"]}
    compare(tiny, seeds=2)
    several = (tmp_path / "out/tables.md").read_text()
    assert "±" in several
    forbid_work(monkeypatch)
    compare(tiny, seeds=1)
    assert (tmp_path / "out/tables.md").read_text() == several


def test_a_method_that_fails_on_a_series_is_left_out_and_named(compare, tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "Detectors", Tiny)
    with pytest.raises(ChildProcessError, match="2 jobs crashed .*long/UCR/1-sine/seed_0, .*"):
        compare(Tiny.methods)
    text = (tmp_path / "out/tables.md").read_text()
    assert "| tiny |" in text and "| long |" not in text
    assert "Left out, long with seed 0, which failed on UCR/1-sine: ValueError: a series" in text


def test_training_that_diverged_is_a_failure_too(compare, tmp_path, monkeypatch):
    compare(BASELINES)
    path = tmp_path / "out" / path_of("detectors/pca/UCR/2-sine/seed_0", RESULT)
    path.write_text('{"failed": "a loss is nan"}')
    forbid_work(monkeypatch)
    compare(BASELINES)
    text = (tmp_path / "out/tables.md").read_text()
    assert "| constant_median |" in text and "| pca |" not in text
    assert "Left out, pca with seed 0, which failed on UCR/2-sine: a loss is nan." in text
    # What the other series gave is in the results all the same.
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert [r["series"] for r in results if r["method"] == "pca"] == ["1-sine"]


def test_tables_tell_what_made_each_result(compare, tmp_path, monkeypatch):
    for name, commit in (("pca", "abc"), ("constant_median", "def")):
        monkeypatch.setattr(benchmark, "describe_machine", lambda commit=commit: {"commit": commit})
        compare({name: BASELINES[name]})
    compare(BASELINES)
    text = (tmp_path / "out/tables.md").read_text()
    assert "pca: commit abc, " in text and "constant_median: commit def, " in text


def test_what_is_damaged_is_refused_before_any_work(compare, tmp_path, monkeypatch):
    compare({"pca": BASELINES["pca"]})
    path = tmp_path / "out" / path_of("detectors/pca/UCR/1-sine/seed_0", RESULT)
    path.write_text('{"found": {}}')
    forbid_work(monkeypatch)
    with pytest.raises(ValueError, match="cannot be used"):
        compare(BASELINES)


def test_a_folder_of_an_earlier_version_is_refused_and_left_as_it_is(compare, tmp_path):
    old = tmp_path / "out/runs/pca/UCR/1-sine-0.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    (tmp_path / "out/results.json").write_text("[]")
    with pytest.raises(ValueError, match="holds runs of an earlier version"):
        compare(BASELINES)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"runs", "results.json"}
