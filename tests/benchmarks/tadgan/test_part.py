"""Which runs there are, and what of them is on record."""

import json
from dataclasses import replace
from functools import partial

import pytest

from tests.made.labelled_series import TINY, labelled, write_ucr
from tgan.anomaly.series.baselines import BASELINES
from tgan.benchmarks.engine.records import RESULT, path_of, write_job, write_json
from tgan.benchmarks.tadgan.cases import REPORTING, Case, read_cases
from tgan.benchmarks.tadgan.methods import METHODS, BaselineMethod, TadGANMethod
from tgan.benchmarks.tadgan.part import Detectors, plan_of
from tgan.benchmarks.tadgan.records import Run, read_run

TWO = {name: METHODS[name] for name in ("constant_median", "pca")}
PCA = {"pca": BaselineMethod("pca")}


@pytest.fixture
def plan(tmp_path):
    """The plan for methods on two series, with the folders `data` and `out`."""
    cases = [Case("ucr", labelled(name), REPORTING) for name in ("x", "y")]
    return partial(plan_of, cases, data=tmp_path / "data", out=tmp_path / "out")


def finish(out, job, content):
    write_job(out, job, {"commit": "c"})
    write_json(out / path_of(job.name, RESULT), content)


def test_only_what_is_random_is_repeated(plan):
    runs = plan({"a": BaselineMethod("pca"), "b": TadGANMethod(TINY)}, seeds=2)
    assert [(r.method, r.series, r.seed) for r in runs] == [
        *(("a", "x", 0), ("a", "y", 0), ("b", "x", 0), ("b", "y", 0)),
        *(("b", "x", 1), ("b", "y", 1)),
    ]


def test_a_job_says_all_that_its_result_depends_on_and_where_its_data_lie(plan, tmp_path):
    (job, _) = plan(PCA, seeds=1).values()
    assert job.name == "detectors/pca/realAdExchange/x/seed_0"
    assert job.settings == {
        "set": "ucr",
        "group": "realAdExchange",
        "series": "x",
        "seed": 0,
        "method": "pca",
        "settings": PCA["pca"].settings(),
    }
    assert job.places == {"data": str(tmp_path / "data")}


def test_seeds_that_are_there_take_part_up_to_the_first_that_is_not(plan, tmp_path):
    methods = {"tiny": TadGANMethod(TINY)}
    for run, job in plan(methods, seeds=5).items():
        if run.series == "x" and run.seed != 3:
            finish(tmp_path / "out", job, {"failed": "nan"})
    found = [(run.series, run.seed) for run in plan(methods, seeds=1)]
    assert found == [("x", 0), ("y", 0), ("x", 1), ("x", 2)]


FOUND = {
    "reconstruction": {
        "intervals": {"tp": 1, "fp": 2, "fn": 3},
        "samples": {"tp": 4, "fp": 5, "fn": 6},
        "covered": 7,
        "total": 8,
    }
}
WHOLE = {"found": FOUND, "seconds": 1.5, "error": None, "components_error": None}


def read(plan, out):
    ((run, job), *_) = plan(PCA, seeds=1).items()
    assert run == Run("pca", "realAdExchange", "x", 0)
    return read_run(run, job, out, combination="reconstruction")


def test_a_result_is_read_as_it_was_written(plan, tmp_path):
    out, job = tmp_path / "out", next(iter(plan(PCA, seeds=1).values()))
    assert read(plan, out) is None
    finish(out, job, WHOLE)
    result = read(plan, out)
    found = result.found["reconstruction"]
    assert (found.intervals.fp, found.samples.fn, found.covered, found.total) == (2, 6, 7, 8)
    assert (result.seconds, result.error, result.made_by) == (1.5, None, {"commit": "c"})
    finish(out, job, {"failed": "a loss is nan"})
    assert read(plan, out) == "a loss is nan"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"seconds": 1}, "cannot be used: 'found'"),
        (WHOLE | {"found": []}, "cannot be used"),
        (WHOLE | {"found": {}}, "it has no intervals by reconstruction"),
        (WHOLE | {"found": {"reconstruction": {"intervals": {"tp": "x"}}}}, "cannot be used"),
        ({name: v for name, v in WHOLE.items() if name != "error"}, "cannot be used: 'error'"),
    ],
)
def test_results_that_cannot_be_used_are_named(plan, tmp_path, content, message):
    finish(tmp_path / "out", next(iter(plan(PCA, seeds=1).values())), content)
    with pytest.raises(ValueError, match=f"pca/realAdExchange/x/seed_0/result.json.*{message}"):
        read(plan, tmp_path / "out")


def test_errors_over_filled_gaps_are_not_mixed_with_those_of_what_is_known(plan, tmp_path):
    methods = {"tiny": TadGANMethod(TINY)}
    ((run, job), *_) = plan(methods, seeds=1).items()
    settings = job.settings["settings"]
    old = {name: part for name, part in settings.items() if name != "error_version"}
    before = replace(job, settings=job.settings | {"settings": old})
    finish(tmp_path / "out", before, WHOLE)
    with pytest.raises(ValueError, match="settings.error_version was None and is 2"):
        read_run(run, job, tmp_path / "out", combination="reconstruction")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pca", {"components": 10}),
        ("linear_context", {"gap": 40}),
        ("lstm_forecaster", {"epochs": 11}),
    ],
)
def test_a_baseline_with_other_defaults_is_another_one(plan, tmp_path, monkeypatch, name, change):
    methods, out = {name: BaselineMethod(name)}, tmp_path / "out"
    ((run, job), *_) = plan(methods, seeds=1).items()
    finish(out, job, WHOLE)
    assert read_run(run, job, out, combination="reconstruction") is not None
    monkeypatch.setitem(BASELINES, name, partial(BASELINES[name], **change))
    (job, *_) = plan(methods, seeds=1).values()
    ((setting, value),) = change.items()
    with pytest.raises(ValueError, match=f"settings.parameters.{setting} was .* and is {value}"):
        read_run(run, job, out, combination="reconstruction")


def test_the_part_does_the_jobs_of_its_plan(tmp_path):
    write_ucr(tmp_path, 1)
    cases = read_cases(tmp_path, ["ucr"])
    plan = plan_of(cases, TWO, seeds=1, data=tmp_path, out=tmp_path / "out")
    first, second = jobs = Detectors().jobs(plan, {})
    assert jobs == list(plan.values())
    result = Detectors().run(second, tmp_path)
    assert result["found"]["reconstruction"]["intervals"] == {"tp": 1, "fp": 0, "fn": 0}
    assert json.loads(json.dumps(result))["error"] is None and first.name != second.name
