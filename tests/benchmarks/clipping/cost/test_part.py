import json
import math

import numpy as np
import pytest
import torch

from tgan.benchmarks.clipping.cost.clip_cost import LAPACK, SPECTRA
from tgan.benchmarks.clipping.cost.jobs import GAPS_JOB, clip_job, update_job
from tgan.benchmarks.clipping.cost.norm_gap import KERNELS
from tgan.benchmarks.clipping.cost.part import Cost
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.page.tables import cells_of, write_tables
from tgan.linalg.clipping import CLIP_METHODS

NAMES = ["none", "svc_bn", "svc_certified", "wgan_gp", "wgan_gp_every4"]
PLAN = Plan("", {name: STRATEGIES[name] for name in NAMES}, quick=True)


@pytest.fixture(autouse=True)
def same_threads():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    part, folder = Cost(), tmp_path_factory.mktemp("cost")
    return {job.name: part.run(job, folder) for job in part.jobs(PLAN, {})}


def test_jobs_take_times_alone_and_their_settings_fit_json():
    jobs = Cost().jobs(PLAN, {})
    timed = [clip_job(name) for name in SPECTRA] + [update_job(name) for name in NAMES]
    assert [job.name for job in jobs if job.alone] == timed
    assert [job.name for job in jobs if not job.alone] == [GAPS_JOB]
    assert all(json.loads(json.dumps(job.settings)) == job.settings for job in jobs)


def test_bounds_on_norms_enclose_those_of_kernels_that_are_clipped(results):
    found = results[GAPS_JOB]
    assert found.keys() == KERNELS.keys()
    for layers in found.values():
        assert [layer["layer"] for layer in layers[:2]] == ["3 → 4 at 16x32x32", "4 → 8 at 8x16x16"]
        assert all(layer["upper"] > 1 - 1e-3 for layer in layers)
        for layer in layers:
            # Power iteration runs in float32.
            assert (1 - 1e-6) * layer["lower"] <= layer["upper"] < 1.1 * layer["lower"]
    # Taps of one sign add up in every patch: such kernels are far from their matrices' norms.
    drawn, smooth = (np.array([layer["lower"] for layer in found[kind][1:3]]) for kind in KERNELS)
    assert (smooth > 1.1 * drawn).all()


def test_certificates_tell_strategies_apart(results):
    every = {name: results[update_job(name)].get("every") for name in NAMES}
    assert every["svc_bn"]["matrix_norm"] == pytest.approx(1, abs=1e-6)
    assert every["svc_bn"]["certificate"] > 1.5
    assert every["svc_certified"]["certificate"] <= 1
    assert every["none"]["matrix_norm"] > 1.2 and every["none"]["certificate"] > 5
    fifth = results[update_job("svc_bn")]["fifth"]
    # Four updates after the last clip.
    assert fifth["matrix_norm"] > 1 + 1e-5
    assert [name for name in NAMES if "fifth" in results[update_job(name)]] == [
        "svc_bn",
        "svc_certified",
        "wgan_gp",
    ]
    assert "own" in results[update_job("wgan_gp_every4")] and every["wgan_gp_every4"] is None


def test_section_shows_what_there_is(results, tmp_path):
    assert Cost().section(PLAN, {}).tables == []
    some = {update_job("none"): {"failed": "not finite"}}
    (table, _) = Cost().section(PLAN, some).tables
    assert list(table.rows.values()) == [["diverged", [], [], []]]
    section = Cost().section(PLAN, results)
    assert len(section.tables) == len(SPECTRA) + len(KERNELS) + 3
    for table in section.tables:
        assert cells_of(table)
    mild, _, gaps, _, updates, certain, lazy = section.tables
    assert list(lazy.rows) == [STRATEGIES["wgan_gp_every4"].title]
    lowers, uppers = zip(*(row[:2] for row in list(gaps.rows.values())[:-1]), strict=True)
    assert gaps.rows["product"][:2] == [[math.prod(v for (v,) in s)] for s in (lowers, uppers)]
    assert set(mild.rows) == {f"{LAPACK} alone", *CLIP_METHODS}
    seconds = results[clip_job("mild")]
    ratios = np.array(seconds[LAPACK]["seconds"]) / np.array(seconds["gram"]["seconds"])
    assert mild.rows["gram"][1] == pytest.approx(list(ratios))
    shared = {STRATEGIES[name].title for name in NAMES[:-1]}
    assert set(updates.rows) == set(certain.rows) == shared
    write_tables(tmp_path / "tables.md", [section])
    assert "certified SVC" in (tmp_path / "tables.md").read_text("utf-8")
    assert certain.rows["no constraint"][2:] == [[], []]
    assert math.isfinite(certain.rows["certified SVC"][3][0])
