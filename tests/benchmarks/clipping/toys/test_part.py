import dataclasses
import math

import numpy as np
import pytest
import torch
from PIL import Image

from tgan.benchmarks.clipping.sections import SECTIONS
from tgan.benchmarks.clipping.small import config_of
from tgan.benchmarks.clipping.strategies import ARMS
from tgan.benchmarks.clipping.toys import part as toys
from tgan.benchmarks.clipping.toys.part import Toys
from tgan.benchmarks.clipping.toys.picture import MARGIN, MODE, POINT, SIDE, draw_points
from tgan.benchmarks.clipping.toys.toygan import Schedule, draw_samples, judge, train_generator
from tgan.benchmarks.engine.part import Plan
from tgan.benchmarks.engine.records import folder_of
from tgan.benchmarks.page.tables import cells_of
from tgan.data.made.toy import EXTENT, TOYS, GaussianMixture, ring

ARM = ARMS["weight_clip"]
TRIALS = [f"toys/ring/weight_clip/trial_{number}" for number in range(3)]


def quick_plan(seeds=2) -> Plan:
    return Plan("", {"weight_clip": ARM}, seeds=seeds, quick=True)


def names_of(results, seeds=2) -> set[str]:
    return {job.name for job in Toys().jobs(quick_plan(seeds), results)}


def test_seeds_follow_when_every_trial_has_ended_and_take_the_best_one():
    trials = names_of({})
    assert len(trials) == 6 and set(TRIALS) < trials
    results = {name: {"transport": value} for name, value in zip(TRIALS, (2.0, 1.0), strict=False)}
    assert names_of(results) == trials
    results[TRIALS[2]] = {"failed": "score is nan"}
    jobs = {job.name: job for job in Toys().jobs(quick_plan(), results)}
    seeds = {f"toys/ring/weight_clip/seed_{seed}" for seed in range(2)}
    assert jobs.keys() - trials == seeds
    for seed, name in enumerate(sorted(seeds)):
        settings = jobs[name].settings
        assert settings["settings"] == ARM.settings() | ARM.trials[1]
        assert settings["seed"] == seed != jobs[TRIALS[0]].settings["seed"]


def test_a_strategy_that_always_diverges_gets_its_seeds_all_the_same():
    results = {name: {"failed": "score is nan"} for name in TRIALS}
    assert "toys/ring/weight_clip/seed_1" in names_of(results)


def test_all_trials_differ_in_their_settings_and_share_the_seed():
    jobs = [job for job in Toys().jobs(quick_plan(), {}) if job.name in TRIALS]
    assert len({str(job.settings["settings"]) for job in jobs}) == 3
    assert len({job.settings["seed"] for job in jobs}) == 1


def test_a_job_leaves_a_picture_and_gives_the_same_result_again(tmp_path):
    job = Toys().jobs(quick_plan(), {})[0]
    first = Toys().run(job, tmp_path)
    picture = (tmp_path / "samples.png").read_bytes()
    second = Toys().run(job, tmp_path)
    assert first.pop("seconds") > 0 and second.pop("seconds") > 0
    assert first == second and (tmp_path / "samples.png").read_bytes() == picture
    assert all(math.isfinite(value) for value in first.values())
    assert first["modes"] == int(first["modes"])


@pytest.mark.parametrize("name", ["dragan", "r3gan"])
def test_other_objectives_and_penalties_train_too(name, tmp_path):
    plan = dataclasses.replace(quick_plan(), arms={name: ARMS[name]})
    assert Toys().run(Toys().jobs(plan, {})[0], tmp_path)["transport"] > 0


def test_divergence_is_an_arithmetic_error():
    config = config_of(ARMS["none"].settings() | {"critic_optimizer.lr": 1e30})
    with pytest.raises(ArithmeticError):
        draw_samples(train_generator(ring(), config, Schedule(20, 2), 0), 10, 0)


def test_training_moves_samples_to_where_the_mixture_is():
    """One mode away from the origin: a generator has to learn where it is, and how wide."""
    mixture = GaussianMixture(np.array([[1.0, -0.5]]), 0.1)
    rates = {"generator_optimizer.lr": 3e-3, "critic_optimizer.lr": 3e-3}
    config = config_of(ARMS["wgan_gp"].settings() | rates)
    untrained = train_generator(mixture, config, Schedule(0, 1), 0)
    trained = train_generator(mixture, config, Schedule(100, 3), 0)
    before, after = (judge(draw_samples(g, 200, 0), mixture, 0) for g in (untrained, trained))
    assert before["transport"] > 1 and after["transport"] < 0.4


@pytest.mark.slow
def test_a_gradient_penalty_reaches_all_modes_of_the_ring():
    rates = {"generator_optimizer.lr": 3e-3, "critic_optimizer.lr": 3e-3}
    config = config_of(ARMS["wgan_gp"].settings() | rates)
    samples = draw_samples(train_generator(ring(), config, toys.SCHEDULE, 0), 2500, 0)
    found = judge(samples, ring(), 0)
    assert found["modes"] == 8 and found["good"] > 0.05 and found["transport"] < 0.4


@pytest.mark.parametrize("name", TOYS)
def test_the_mixture_itself_is_judged_best(name):
    mixture = TOYS[name]()
    rng = np.random.default_rng(0)
    own = judge(mixture.draw(2500, rng), mixture, 0)
    assert own["modes"] == len(mixture.centres) and own["good"] > 0.98
    blob = judge(rng.normal(size=(2500, 2)), mixture, 0)
    assert own["transport"] < 0.2 < blob["transport"]
    assert own["reverse_kl"] < 0.02 and blob["good"] < 0.1


def test_samples_that_are_not_finite_are_divergence():
    broken = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(broken.weight, math.inf)
    with pytest.raises(ArithmeticError, match="not finite"):
        draw_samples(broken, 5, 0)


def test_picture_has_samples_and_modes_where_they_belong(tmp_path):
    centre = np.array([[EXTENT, EXTENT]])
    draw_points(tmp_path / "a.png", np.array([[-1.0, 1.0], [1e9, 0]]), GaussianMixture(centre, 0.1))
    pixels = np.asarray(Image.open(tmp_path / "a.png")).astype(int)
    assert pixels.shape == (SIDE, SIDE, 3)

    distances = np.stack([np.abs(pixels - c).sum(-1) for c in (POINT, MODE, (255, 255, 255))])

    def place(number: int) -> list[float]:
        """The middle of what is nearest to a colour, as x and y upwards."""
        rows, columns = np.nonzero(distances.argmin(0) == number)
        middle = np.array([columns.mean() + 0.5, SIDE - rows.mean() - 0.5]) / SIDE
        return list((2 * middle - 1) * EXTENT * MARGIN)

    assert place(0) == pytest.approx([-1.0, 1.0], abs=0.03)
    assert place(1) == pytest.approx([EXTENT, EXTENT], abs=0.03)


def test_section_shows_what_is_there(tmp_path):
    result = {"modes": 8, "good": 0.5, "reverse_kl": 0.1, "transport": 0.3}
    results = {name: {"transport": value} for name, value in zip(TRIALS, (2, 3, 4), strict=True)}
    results["toys/ring/weight_clip/seed_0"] = result | {"seconds": 2.0}
    results["toys/ring/weight_clip/seed_1"] = {"failed": "score is nan"}
    folder = folder_of(tmp_path, "toys/ring/weight_clip/seed_0")
    folder.mkdir(parents=True)
    (folder / "samples.png").touch()
    section = SECTIONS["toys"](quick_plan(), results, tmp_path)
    (table,) = section.tables
    cells = cells_of(table)
    assert [cell.text for cell in cells["weight clipping"]] == [
        *("8", "0.500", "0.100", "0.300", "2", "1 of 2", "constraint.maximum 0.01"),
    ]
    assert [cell.text for cell in cells["the mixture itself"]][0] == "8"
    (clip,) = section.clips
    assert (tmp_path / clip.path).is_file()
    (plot,) = section.plots
    assert [(line.x, line.y) for line in plot.lines] == [([0], [0.3])]


def test_section_of_nothing_is_empty(tmp_path):
    section = SECTIONS["toys"](quick_plan(), {}, tmp_path)
    assert not section.tables and not section.plots and not section.clips
