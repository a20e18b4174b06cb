import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from tgan.benchmarks.clipping.sections import SECTIONS
from tgan.benchmarks.clipping.small import config_of
from tgan.benchmarks.clipping.strategies import ARMS, CORE
from tgan.benchmarks.clipping.truth.estimate import measure, train_critic
from tgan.benchmarks.clipping.truth.part import RATE, Truth, contestants
from tgan.benchmarks.clipping.truth.problems import PROBLEMS
from tgan.benchmarks.engine.part import Job, Plan
from tgan.benchmarks.page.tables import cells_of
from tgan.metrics.transport import transport, transport_1d


class Linear(nn.Module):
    """Scores <direction, x>, whatever the axes of x."""

    def __init__(self, direction: np.ndarray) -> None:
        super().__init__()
        self.direction = torch.from_numpy(direction).float()

    def forward(self, x):
        return (x * self.direction).flatten(1).sum(1)


def draw_many(problem, count):
    return problem.draw(count, np.random.default_rng(5))


def test_distance_on_the_line_is_that_of_many_samples():
    problem = PROBLEMS["line"](0)
    real, fake = draw_many(problem, 50_000)
    assert transport_1d(real[:, 0], fake[:, 0]) == pytest.approx(problem.distance, abs=0.03)
    # The two-bump side is the real one, and |x| attains the distance but for the tails.
    attained = np.abs(real).mean() - np.abs(fake).mean()
    assert attained == pytest.approx(problem.distance, abs=0.04)


@pytest.mark.parametrize(("name", "count"), [("gaussians", 20_000), ("clips", 60)])
def test_translated_gaussians_are_apart_by_the_distance_and_differ_in_nothing_else(name, count):
    problem = PROBLEMS[name](3)
    real, fake = (side.reshape(count, -1) for side in draw_many(problem, count))
    shift = real.mean(0) - fake.mean(0)
    assert np.linalg.norm(shift) == pytest.approx(problem.distance, rel=0.05)
    # The spread along a few directions, the shift's own among them.
    directions = np.random.default_rng(0).normal(size=(3, len(shift)))
    for direction in (shift, *directions):
        spreads = [(side @ direction).std() for side in (real, fake)]
        assert spreads[0] == pytest.approx(spreads[1], rel=5 / count**0.5)


def test_fixed_samples_are_always_the_same_and_depend_on_the_seed():
    first, second = PROBLEMS["pairing"](0), PROBLEMS["pairing"](1)
    pairs = [first.draw(256, np.random.default_rng(seed)) for seed in (0, 1)]
    assert all(np.array_equal(a, b) for a, b in zip(*pairs, strict=True))
    assert transport(*pairs[0]) == pytest.approx(first.distance)
    assert first.distance != second.distance


@pytest.mark.parametrize("slope", [0.5, 2.0])
@pytest.mark.parametrize("name", ["gaussians", "clips"])
def test_a_critic_that_is_known_measures_as_it_must(name, slope):
    """Along the shift, <direction, x> with |direction| = slope estimates slope times W1."""
    problem = dataclasses.replace(PROBLEMS[name](0), held_out=8)
    count = 20_000 if name == "gaussians" else 40
    real, fake = draw_many(problem, count)
    shift = real.mean(0) - fake.mean(0)
    if name == "clips":
        shift = np.ones_like(shift)
    critic = Linear(slope * shift / np.linalg.norm(shift))
    found = measure(critic, problem, 0)
    assert found["gradient"] == pytest.approx(slope, rel=1e-4)
    assert found["estimate"] == found["inference"]
    error = abs(found["estimate"] - slope * problem.distance)
    assert error < 5 * found["stderr"] + 1e-3 * slope * problem.distance
    assert 0 < found["stderr"] < 0.05 * slope


def test_batch_norms_score_as_in_training_and_once_more_in_inference_mode():
    problem = PROBLEMS["gaussians"](0)
    critic = problem.critic(True)
    with torch.no_grad():
        critic.norms[1].running_var.fill_(100.0)
    running = dataclasses.replace(problem, held_out=2)
    found = measure(critic, running, 0)
    assert found["estimate"] != pytest.approx(found["inference"], rel=0.01)
    plain = measure(problem.critic(False), running, 0)
    assert plain["estimate"] == plain["inference"]


def trained_ratio(name, arm, *, updates, seed=0):
    problem = dataclasses.replace(PROBLEMS[name](seed), updates=updates, held_out=8)
    settings = {"critic_optimizer.lr": RATE} | ARMS[arm].settings()
    found = measure(train_critic(problem, config_of(settings), seed), problem, seed)
    return found["estimate"] / problem.distance, found["stderr"] / problem.distance, found


def test_a_clipped_critic_stays_below_the_truth_and_a_free_one_does_not():
    ratio, error, found = trained_ratio("gaussians", "svc", updates=100)
    assert 0.5 < ratio < 1 + 4 * error and found["gradient"] <= 1 + 1e-4
    free, _, found = trained_ratio("gaussians", "none", updates=100)
    assert free > 10 and found["gradient"] > 10


@pytest.mark.slow
@pytest.mark.parametrize(("arm", "exceeds"), [("svc", True), ("svc_certified", False)])
def test_the_matrix_view_lets_a_critic_of_clips_exceed_the_truth(arm, exceeds):
    ratio, error, found = trained_ratio("clips", arm, updates=100)
    assert (ratio > 1.5) == exceeds
    assert exceeds or (ratio < 1 + 4 * error and found["gradient"] < 1 + 1e-4)


def test_only_objectives_that_estimate_the_distance_take_part():
    names = set(contestants(ARMS))
    assert {"svc", "svc_bn", "wgan_gp", "none"} <= names
    assert not names & {"dragan", "r1", "r3gan", "hinge_sn"}


def test_what_is_tuned_by_its_own_bound_takes_part_with_each_of_them():
    found = contestants({"weight_clip": CORE["weight_clip"], "svc": CORE["svc"]})
    bounds = {name: each.settings.get("constraint.maximum") for name, each in found.items()}
    assert bounds == {
        "weight_clip_maximum_0.01": 0.01,
        "weight_clip_maximum_0.03": 0.03,
        "weight_clip_maximum_0.1": 0.1,
        "svc": None,
    }
    assert len({each.title for each in found.values()}) == 4


def quick_plan(*names, seeds=1) -> Plan:
    return Plan("", {name: ARMS[name] for name in names}, seeds=seeds, quick=True)


def test_jobs_have_names_of_their_own_and_the_same_job_gives_the_same_result(tmp_path):
    jobs = Truth().jobs(quick_plan(*ARMS, seeds=2), {})
    assert len({job.name for job in jobs}) == len(jobs) == 4 * 2 * len(contestants(ARMS))
    job = next(job for job in jobs if job.name == "truth/line/svc_bn/seed_1")
    first, second = (Truth().run(job, tmp_path) for _ in range(2))
    assert first.pop("seconds") > 0 and second.pop("seconds") > 0
    assert first == second
    other = Truth().run(Job("", job.settings | {"seed": 0}), tmp_path)
    assert other["estimate"] != first["estimate"]


def test_divergence_is_an_arithmetic_error_that_says_where(tmp_path):
    job = Truth().jobs(quick_plan("none"), {})[0]
    settings = job.settings["settings"] | {"critic_optimizer.lr": 1e30}
    with pytest.raises(ArithmeticError):
        Truth().run(Job("", job.settings | {"settings": settings}), tmp_path)


def test_section_shows_what_is_there(tmp_path):
    plan = quick_plan("svc", "svc_bn", "r1", seeds=2)
    result = {
        "estimate": 1.0,
        "stderr": 0.1,
        "inference": 0.5,
        "gradient": 3.0,
        "truth": 2.0,
        "seconds": 1.5,
    }
    results = {
        "truth/line/svc/seed_0": result,
        "truth/line/svc/seed_1": {"failed": "score is nan"},
        "truth/line/svc_bn/seed_0": result | {"estimate": -1.0},
    }
    section = SECTIONS["truth"](plan, results, tmp_path)
    (table,) = section.tables
    cells = cells_of(table)
    assert [cell.text for cell in cells["SVC"]] == [
        "0.500", "0.050", "–", "3", "1.5", "1 of 2",
    ]  # fmt: skip
    paper = cells["SVC, batch norm (the paper)"]
    assert [paper[0].text, paper[2].text] == ["-0.500", "0.250"]
    (plot,) = section.plots
    assert plot.ticks == ["SVC", "SVC, batch norm (the paper)"] and plot.reference[0] == 1
    # A logarithmic axis has no place for the negative estimate.
    assert [(line.x, line.y, line.low) for line in plot.lines] == [([0], [0.5], [0.5])]


def test_section_of_nothing_is_empty(tmp_path):
    section = SECTIONS["truth"](quick_plan("svc"), {}, tmp_path)
    assert not section.tables and not section.plots
