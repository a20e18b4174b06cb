import json
import math

import numpy as np
import pytest
import torch

from tgan.benchmarks.clipping.cost.clip_cost import LAPACK, SHAPES, SPECTRA, time_clips
from tgan.benchmarks.clipping.cost.norm_gap import KERNELS
from tgan.benchmarks.clipping.cost.part import GAPS_JOB, QUICK_SIZES, Cost, clip_job, update_job
from tgan.benchmarks.clipping.cost.update_cost import _Critic, time_updates
from tgan.benchmarks.clipping.sections import SECTIONS
from tgan.benchmarks.clipping.strategies import ARMS
from tgan.benchmarks.engine.part import Plan
from tgan.benchmarks.page.tables import cells_of, write_tables
from tgan.linalg.clipping import CLIP_METHODS
from tgan.models import VideoCritic

NAMES = ["none", "svc_bn", "svc_certified", "wgan_gp"]
PLAN = Plan("", {name: ARMS[name] for name in NAMES}, quick=True)


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


def test_shapes_are_those_of_the_paper_s_critic():
    kernels = [p for p in VideoCritic().parameters() if p.ndim >= 2]
    assert [tuple(p.flatten(1).shape) for p in kernels] == SHAPES


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_every_method_is_timed_and_held_against_the_exact_result(spectrum):
    found = time_clips(spectrum, shapes=[(40, 100), (1, 30)], rounds=2)
    assert set(found) == {LAPACK, *CLIP_METHODS}
    for name, measured in found.items():
        assert len(measured["seconds"]) == 2 and min(measured["seconds"]) > 0
        if name != LAPACK:
            assert 0 < measured["error"] < 2e-6 and abs(measured["excess"]) < 2e-6


def test_an_inexact_method_shows(monkeypatch):
    monkeypatch.setitem(CLIP_METHODS, "svd", lambda wide, maximum, basis: wide * 0.999)
    found = time_clips("mild", shapes=[(40, 100)], rounds=1)
    assert found["svd"]["error"] > 9e-4 and found["svd"]["excess"] > 1e-2
    assert found["gram"]["error"] < 2e-6


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
    every = {name: results[update_job(name)]["every"] for name in NAMES}
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
    ]


def test_added_seconds_are_the_difference_to_the_twin_without_constraint(monkeypatch):
    """By a clock that a penalty's critic moves twice as fast as its twin."""
    arm = ARMS["wgan_gp"].settings()
    monkeypatch.setattr(_Critic, "seconds_per_update", lambda critic, updates: _pace(critic))
    found = time_updates(arm, QUICK_SIZES)["every"]
    assert found["added"] == [1.0] and found["share"] == [0.5]


def _pace(critic: _Critic) -> float:
    return 2.0 if "Penalty" in type(critic.game.constraint).__name__ else 1.0


def test_a_fifth_step_clip_is_in_every_round_once(monkeypatch):
    seen = []
    update = _Critic._update

    def noted(critic, number):
        seen.append((getattr(critic.game.constraint, "interval", None), number))
        return update(critic, number)

    monkeypatch.setattr(_Critic, "_update", noted)
    time_updates(ARMS["svc"].settings(), QUICK_SIZES)
    by_interval = {i: [n for interval, n in seen if interval == i] for i in (None, 1, 5)}
    # From one that is not timed to the last one before a clip.
    assert by_interval == {
        None: [0, 1, 2],
        1: [0, 1, 2, 3, 4],
        5: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    }


def test_a_critic_that_diverges_is_an_arithmetic_error():
    with pytest.raises(ArithmeticError):
        settings = ARMS["none"].settings() | {"critic_optimizer.lr": 1e30}
        time_updates(settings, QUICK_SIZES)


def test_section_shows_what_there_is(results, tmp_path):
    assert SECTIONS["cost"](PLAN, {}, tmp_path).tables == []
    some = {update_job("none"): {"failed": "not finite"}}
    (table, _) = SECTIONS["cost"](PLAN, some, tmp_path).tables
    assert list(table.rows.values()) == [["diverged", [], [], []]]
    section = SECTIONS["cost"](PLAN, results, tmp_path)
    assert len(section.tables) == len(SPECTRA) + len(KERNELS) + 2
    for table in section.tables:
        assert cells_of(table)
    mild, _, gaps, _, updates, certain = section.tables
    lowers, uppers = zip(*(row[:2] for row in list(gaps.rows.values())[:-1]), strict=True)
    assert gaps.rows["product"][:2] == [[math.prod(v for (v,) in s)] for s in (lowers, uppers)]
    assert set(mild.rows) == {f"{LAPACK} alone", *CLIP_METHODS}
    seconds = results[clip_job("mild")]
    ratios = np.array(seconds[LAPACK]["seconds"]) / np.array(seconds["gram"]["seconds"])
    assert mild.rows["gram"][1] == pytest.approx(list(ratios))
    assert set(updates.rows) == set(certain.rows) == {ARMS[name].title for name in NAMES}
    write_tables(tmp_path / "tables.md", [section])
    assert "certified SVC" in (tmp_path / "tables.md").read_text("utf-8")
    assert certain.rows["gradient penalty (WGAN-GP)"][2:] == [[], []]
    assert math.isfinite(certain.rows["certified SVC"][3][0])
