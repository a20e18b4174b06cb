"""The comparison of detectors: what a method gives, what is redone, and what the tables say."""

import inspect
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tgan.anomaly.series.baselines.linear import BASELINES, ConstantMedian
from tgan.anomaly.series.data.series import Scaler, Series
from tgan.anomaly.series.data.sets import NAB_INTERVALS, Labelled
from tgan.anomaly.series.detector import Scoring, TadGANDetector
from tgan.anomaly.series.scoring.intervals import find_intervals
from tgan.anomaly.series.scoring.scores import anomaly_scores
from tgan.anomaly.series.training.settings import CONFIGURATIONS
from tgan.benchmarks.tadgan import benchmark, jobs
from tgan.benchmarks.tadgan.benchmark import METHODS, QUICK, read_sets
from tgan.benchmarks.tadgan.jobs import Result, Run, do_runs, read_result, runs_of
from tgan.benchmarks.tadgan.methods import BaselineMethod, TadGANMethod
from tgan.benchmarks.tadgan.tables import CHOOSING, REPORTING, Row, capped_f1, mean_f1, report
from tgan.metrics.overlap import Agreement, Counts, agreement

TINY = replace(CONFIGURATIONS["dense"], window=12, latent_size=2, steps=2)


@pytest.fixture
def in_threads(monkeypatch):
    """Runs in threads of this process: others take seconds to start."""
    monkeypatch.setattr(jobs, "ProcessPoolExecutor", lambda count, *_: ThreadPoolExecutor(count))


def labelled(name="one", group="realAdExchange", seed=0):
    """300 hours of a sine with a bump, which is known."""
    values = np.sin(np.arange(300) / 5) + 0.05 * np.random.default_rng(seed).normal(size=300)
    values[200:210] += 5
    series = Series(np.arange(300, dtype=np.int64) * 3600, values[:, None], ("value",))
    return Labelled(group, name, 3600, series, series, [(200 * 3600, 209 * 3600)])


def test_a_baseline_gives_what_its_parts_give():
    one = labelled()
    outcome = BaselineMethod("constant_median").run(one, seed=0)
    values = Scaler.fit(one.test).transform(one.test.values)
    made = ConstantMedian().fit(values).reconstruct(values)
    # A hundredth of the 201 windows of 100 samples.
    scores = anomaly_scores(values, made, smoothing=2)
    assert outcome.intervals == {"reconstruction": find_intervals(scores, one.test.timestamps)}
    assert outcome.error is None and outcome.seconds > 0


def test_a_tadgan_gives_what_its_detector_finds():
    one = labelled()
    outcome = TadGANMethod(TINY).run(one, seed=3)
    for combination, found in outcome.intervals.items():
        scoring = Scoring(combination=combination)
        detector = TadGANDetector(TINY, scoring=scoring, interval=3600, seed=3).fit(one.train)
        assert found == detector.detect(one.test)
    measures = detector.measure(one.test)
    values = detector.scaler_.transform(one.test.values)
    assert outcome.error == pytest.approx(np.mean((values - measures.made) ** 2))


def test_an_untrained_dense_tadgan_is_as_good_as_components():
    outcome = TadGANMethod(replace(TINY, steps=0)).run(labelled(), seed=0)
    assert outcome.error == pytest.approx(outcome.components_error, rel=1e-3)


def test_only_what_is_random_is_repeated():
    methods = {"a": BaselineMethod("pca"), "b": TadGANMethod(TINY)}
    runs = runs_of(methods, [labelled("x"), labelled("y")], seeds=2)
    assert [(r.method, r.series, r.seed) for r in runs] == [
        *(("a", "x", 0), ("a", "y", 0), ("b", "x", 0), ("b", "y", 0)),
        *(("b", "x", 1), ("b", "y", 1)),
    ]


def test_runs_are_kept_and_not_redone(tmp_path, monkeypatch, in_threads):
    series = {labelled("x"): REPORTING, labelled("y"): CHOOSING}
    methods = {"constant_median": BaselineMethod("constant_median"), "pca": BaselineMethod("pca")}
    go = partial(benchmark.run, series, methods, out=tmp_path, seeds=2, processes=1)
    text = go()
    assert "constant_median" in text and (tmp_path / "tables.md").read_text() == text
    results = json.loads((tmp_path / "results.json").read_text())
    assert {(r["method"], r["series"], r["half"]) for r in results} == {
        (method, name, half)
        for method in methods
        for name, half in (("x", REPORTING), ("y", CHOOSING))
    }
    monkeypatch.setattr(benchmark, "do_runs", lambda runs, *_, **__: iter(runs and [1 / 0]))
    assert go() == text
    (tmp_path / "runs/pca/realAdExchange/y-0.json").unlink()
    with pytest.raises(ZeroDivisionError):
        go()


def test_tables_tell_of_all_seeds_that_are_there(tmp_path, in_threads):
    methods, series = {"tiny": TadGANMethod(TINY)}, {labelled(): REPORTING}
    go = partial(benchmark.run, series, methods, out=tmp_path, processes=1)
    several = go(seeds=2)
    assert "±" in several and go(seeds=1) == several


def test_processes_give_the_same_as_this_one(tmp_path):
    methods, series = {"tiny": TadGANMethod(TINY)}, [labelled("x"), labelled("y", seed=1)]
    runs = runs_of(methods, series, seeds=1)
    done = do_runs(runs, methods, series, out=tmp_path, processes=2, made_by={"commit": "c"})
    assert set(done) == set(runs)
    for run, one in zip(runs, series, strict=True):
        expected, found = (
            methods["tiny"].run(one, seed=0),
            read_result(run, methods["tiny"], tmp_path),
        )
        assert found.error == expected.error and found.made_by == {"commit": "c"}
        for combination, intervals in expected.intervals.items():
            measured = agreement(one.known, intervals, one.test.timestamps)
            assert found.found[combination] == measured


def content(**more):
    """A result file of principal components."""
    return json.dumps({"settings": BaselineMethod("pca").settings(), **more})


ORPHAN = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tgan.benchmarks.tadgan.jobs import start_worker

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, get_context("spawn"), start_worker)
    print(pool.submit(os.getpid).result(), flush=True)
    os._exit(0)
"""


def test_workers_end_with_the_process_that_started_them(tmp_path):
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    told = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, check=True)
    worker = int(told.stdout)
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("a worker outlived its parent by ten seconds")


def test_a_run_that_fails_is_named(tmp_path, in_threads):
    methods = {"tiny": TadGANMethod(replace(TINY, window=500))}
    series = [labelled("x")]
    with pytest.raises(ValueError, match="tiny on realAdExchange/x: a series of 300 segments"):
        runs = runs_of(methods, series, seeds=1)
        list(do_runs(runs, methods, series, out=tmp_path, processes=1, made_by={}))


def test_tables_tell_what_made_each_result(tmp_path, monkeypatch, in_threads):
    series = {labelled(): REPORTING}
    methods = {"constant_median": BaselineMethod("constant_median"), "pca": BaselineMethod("pca")}
    for name, commit in (("pca", "abc"), ("constant_median", "def")):
        monkeypatch.setattr(benchmark, "_commit", lambda commit=commit: commit)
        some = {name: methods[name]}
        benchmark.run(series, some, out=tmp_path, seeds=1, processes=1)
    text = benchmark.run(series, methods, out=tmp_path, seeds=1, processes=1)
    assert "pca: commit abc, " in text and "constant_median: commit def, " in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be used"),
        ('{"settings": {"baseline": "pca", "window": 7}}', "made with other settings"),
        (content(), "cannot be used: 'found'"),
        (content(found=[]), "cannot be used"),
        (content(found={}), "it has no intervals by reconstruction"),
        (content(found={"reconstruction": {"intervals": {"tp": "x"}}}), "cannot be used"),
    ],
)
def test_results_that_cannot_be_used_are_named(tmp_path, content, message):
    run = Run("pca", "g", "x", 0)
    assert read_result(run, BaselineMethod("pca"), tmp_path) is None
    run.path(tmp_path).parent.mkdir(parents=True)
    run.path(tmp_path).write_text(content)
    with pytest.raises(ValueError, match=f"x-0.json.*{message}"):
        read_result(run, BaselineMethod("pca"), tmp_path)


def settings_are_refused(method, settings, out):
    """Whether a result that was made with settings is refused as one made with other ones."""
    run = Run("some", "g", "x", 0)
    run.path(out).parent.mkdir(parents=True, exist_ok=True)
    run.path(out).write_text(json.dumps({"settings": settings}))
    with pytest.raises(ValueError, match="cannot be used") as raised:
        read_result(run, method, out)
    return "made with other settings" in str(raised.value)


def test_errors_over_filled_gaps_are_not_mixed_with_those_of_what_is_known(tmp_path):
    method = TadGANMethod(TINY)
    old = {name: part for name, part in method.settings().items() if name != "error_version"}
    assert settings_are_refused(method, old, tmp_path)
    assert not settings_are_refused(method, method.settings(), tmp_path)


def test_a_baseline_with_other_defaults_is_another_one(tmp_path, monkeypatch):
    methods = {name: BaselineMethod(name) for name in ("pca", "linear_context", "lstm_forecaster")}
    before = {name: method.settings() for name, method in methods.items()}
    for name, changes in {
        "pca": {"components": 10},
        "linear_context": {"gap": 40},
        "lstm_forecaster": {"epochs": 11},
    }.items():
        assert not settings_are_refused(methods[name], before[name], tmp_path)
        monkeypatch.setitem(BASELINES, name, partial(BASELINES[name], **changes))
        assert settings_are_refused(methods[name], before[name], tmp_path)


@pytest.mark.parametrize("name", BASELINES)
def test_settings_hold_all_arguments_of_a_baseline_but_its_seed(name):
    if name == "matrix_profile":
        pytest.importorskip("stumpy")
    settings = json.loads(json.dumps(BaselineMethod(name).settings()))
    arguments = inspect.signature(type(BASELINES[name]())).parameters
    assert set(settings["parameters"]) == set(arguments) - {"seed"}


def test_settings_tell_what_a_baseline_is_made_with():
    names = ("linear_context", "trailing_average")
    parameters = {name: BaselineMethod(name).settings()["parameters"] for name in names}
    assert parameters["linear_context"] == {"context": 50, "gap": 50, "ridge": 1e-2}
    assert parameters["trailing_average"] == {"length": 100, "trailing": True}


def row(method, group, name, *, counts, covered=10, seed=0, half=REPORTING, error=None):
    found = Agreement(Counts(*counts), Counts(1, 1, 0), covered, 100)
    return Row(
        Run(method, group, name, seed),
        Result({"mean": found, "critic": Agreement(total=100)}, 2.0, error, error and 1.0, {}),
        half,
        "mean",
    )


def test_counts_are_summed_within_a_set_and_means_are_over_sets():
    rows = [
        row("a", "realTraffic", "x", counts=(1, 0, 0)),
        row("a", "realTraffic", "y", counts=(0, 2, 1)),
        row("a", "realTweets", "x", counts=(1, 1, 0)),
    ]
    # 2 / (2 + 2 + 1) and 2 / (2 + 1).
    assert mean_f1(rows) == pytest.approx((0.4 + 2 / 3) / 2)
    text = report(rows, ["a heading"])
    assert text.startswith("# TadGAN beside baselines\n\na heading\n\nF1 of intervals")
    assert "| a | 0.400 (1/2/1) c0.10 | 0.667 (1/1/0) c0.10 | 0.533 | 0.667 | 6 |" in text
    assert "components" not in text


def test_a_set_that_is_covered_too_far_counts_for_nothing():
    perfect = Agreement(Counts(5, 0, 0), Counts(), 13, 100)
    assert capped_f1(perfect, "realTweets") == 0 and capped_f1(perfect, "realTraffic") == 1
    rows = [row("a", group, "x", counts=(5, 0, 0), covered=13) for group in ("realTweets", "UCR")]
    text = report(rows, [])
    assert "| 0.000 (5/0/0) c0.13! |" in text and "| 1.000 (5/0/0) c0.13 |" in text


def test_seeds_halves_errors_and_combinations_are_told():
    rows = [
        row("a", "realTraffic", name, counts=counts, seed=seed, half=half, error=error)
        for seed, counts, error in ((0, (1, 0, 0), 1.2), (1, (0, 1, 1), 1.4))
        for name, half in (("x", CHOOSING), ("y", REPORTING))
    ]
    text = report(rows, [])
    assert "| a | 0.500 ± 0.707 c0.10 | 0.500 ± 0.707 | 0.667 ± 0.000 | 4 |" in text
    assert "| a | 0.500 ± 0.707 | 0.500 ± 0.707 | 0.500 ± 0.707 |" in text
    # Of 1.2, 1.2, 1.4, 1.4; both series of the first seed and none of the other.
    assert "| a | 1.30 | 1 | 2 |" in text
    assert "| mean F1 | mean | critic |\n| --- | --- | --- |\n| a | 0.500 ± 0.707 | 0.000" in text
    # A seed that is not complete is left out.
    assert "| a | 1.000 (2/0/0) c0.10 |" in report(rows[:3], [])


def test_every_method_is_a_baseline_or_a_configuration():
    assert {"pca", "linear_context", "matrix_profile", "lstm_forecaster", "context"} <= set(QUICK)
    assert not [name for name in QUICK if name.startswith("published")]
    assert METHODS["published_svc"].configuration.constraint == "svc"
    assert METHODS["context_untrained"].configuration.steps == 0


def test_nab_is_halved_by_name(shared, monkeypatch):
    series = read_sets(shared("datasets"), ["nab"])
    monkeypatch.setitem(benchmark.sets.SETS, "nab", lambda _: iter(series))
    assert len(series) == 45 and list(series.values()) == ([CHOOSING, REPORTING] * 23)[:45]
    assert {one.group for one in series} == set(NAB_INTERVALS)
    names = [f"exchange-{name}_results" for name in ("2_cpc", "3_cpc", "4_cpm")]
    half = read_sets(shared("datasets"), ["nab"], half=REPORTING, only=["realAdExchange/*"])
    assert [one.name for one in half] == names
    with pytest.raises(ValueError, match="none of 45 series is of the choosing half"):
        read_sets(
            shared("datasets"), ["nab"], half=CHOOSING, only=["realAdExchange/exchange-3_cpc*"]
        )
    with pytest.raises(ValueError, match="no series SET/SERIES matches 'realTwits/\\*'"):
        read_sets(shared("datasets"), ["nab"], only=["realTwits/*"])
