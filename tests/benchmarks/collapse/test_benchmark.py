import json

import pytest

from tests.made.at_once import work_at_once
from tgan.benchmarks.collapse.benchmark import run_benchmark
from tgan.benchmarks.collapse.cures import CURES
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.engine import queue
from tgan.benchmarks.toys import toygan


@pytest.fixture(autouse=True)
def quicker(monkeypatch):
    """All work is this process', and exact distances, which take longer than runs, are none."""
    work_at_once(monkeypatch)
    monkeypatch.setattr(toygan, "transport", lambda samples, fresh: 1.0)


def run(out, *cures, seeds=1, commit="abc"):
    plan = Plan({name: CURES[name] for name in cures}, seeds=seeds, quick=True)
    run_benchmark(
        plan, ["toys"], out, about={"date": "now"}, made_by={"commit": commit}, processes=1
    )
    return (out / "tables.md").read_text()


def test_what_is_there_is_not_redone_and_told_of_with_its_makers(tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert "plain GAN" in run(out, "plain")
    text = run(out, "plain", "minimax", commit="def")
    assert "plain GAN" in text and "minimax loss" in text
    results = json.loads((out / "results.json").read_text())
    makers = {job: maker["commit"] for job, maker in results["made_by"].items()}
    assert makers["toys/ring/plain/seed_0"] == "abc" and results["about"] == {"date": "now"}
    assert makers["toys/ring/minimax/seed_0"] == "def"
    report = (out / "report.html").read_text()
    assert "2 jobs with commit abc; 2 jobs with commit def" in report
    monkeypatch.setattr(queue, "command_for", None)
    assert run(out, "minimax", "plain") != text
    assert "minimax" not in run(out, "plain")


def test_jobs_of_other_settings_are_refused(tmp_path):
    run(tmp_path / "out", "plain")
    plan = Plan({"plain": CURES["plain"]}, seeds=1)
    with pytest.raises(ValueError, match="made with other settings"):
        run_benchmark(plan, ["toys"], tmp_path / "out", about={}, made_by={}, processes=1)
