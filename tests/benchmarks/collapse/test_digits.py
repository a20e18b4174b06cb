"""Modes of stacked digits: that those left out are missed, and those there are found."""

from pathlib import Path

import numpy as np
import pytest

from tgan.benchmarks.collapse.cures import CURES
from tgan.benchmarks.collapse.digits.part import Digits
from tgan.benchmarks.collapse.digits.reader import reader_of
from tgan.benchmarks.collapse.digits.section import section_of
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.engine.jobs import Job
from tgan.benchmarks.page.tables import cells_of
from tgan.data.made.stacked import MODES, StackedDigits
from tgan.metrics.modes import count_labels

CONFIG = (Path(__file__).parents[3] / "configs/stacked_digits.yaml").read_text()
PLAN = Plan({"plain": CURES["plain"]}, seeds=1, quick=True, config=CONFIG)


def images_and_modes(count, **settings):
    stacked = StackedDigits(resolution=8, **settings)
    images = np.concatenate([stacked.clip(index) for index in range(count)])
    return images, np.array([stacked.mode(index) for index in range(count)])


def test_the_reader_reads_digits_of_others_nearly_always():
    images, modes = images_and_modes(300, held_out=True)
    reader = reader_of(8)
    assert 0.94 < reader.accuracy < 1
    # Three digits are right if each is.
    assert (reader.modes(images) == modes).mean() == pytest.approx(reader.accuracy**3, abs=0.06)


def test_a_generator_that_drops_modes_is_told_from_one_that_does_not():
    """One never makes an 8 in its red channel, one makes 20 images over and over."""
    images, modes = images_and_modes(5000)
    reports = {}
    for name, kept in (
        ("whole", np.arange(4000)),
        ("dropped", np.flatnonzero(modes // 100 != 8)[:4000]),
        ("collapsed", np.arange(1000) % 20),
    ):
        reports[name] = count_labels(reader_of(8).modes(images[kept]), MODES)
    assert reports["whole"].covered > 950 and reports["whole"].reverse_kl < 0.2
    # A few 3s and 9s may be read as 8s.
    assert reports["dropped"].covered < 900
    assert 0.05 < reports["dropped"].reverse_kl - reports["whole"].reverse_kl < 0.2
    assert reports["collapsed"].covered <= 20
    assert reports["collapsed"].reverse_kl == pytest.approx(np.log(MODES / 20), abs=0.2)


def test_a_dcgan_is_trained_counted_and_drawn(tmp_path):
    jobs = {job.name: job for job in Digits().jobs(PLAN, {})}
    assert jobs.keys() == {"digits/real/training", "digits/real/held_out", "digits/plain/seed_0"}
    found = {}
    for name, job in jobs.items():
        found[name] = Digits().run(job, tmp_path / name)
        assert (tmp_path / name / "samples.png").is_file()
    # A run that went on does not know how long it took.
    again = Digits().run(jobs["digits/plain/seed_0"], tmp_path / "digits/plain/seed_0")
    first = found["digits/plain/seed_0"]
    assert again == {name: value for name, value in first.items() if name != "seconds"}
    assert first["seconds"] > 0
    # After two updates there is next to nothing; of 200 real images few share a mode.
    assert found["digits/plain/seed_0"]["modes"] < 60 < found["digits/real/training"]["modes"]
    section = section_of(PLAN, found)
    cells = cells_of(section.tables[0])
    assert list(cells) == ["plain GAN", "images to train on", "images of digits held out"]
    assert "200 samples after 2 updates" in section.tables[0].note
    assert len(section.clips) == 3


def test_a_job_says_all_that_it_depends_on():
    other = Plan(PLAN.cures, seeds=1, quick=True, config=CONFIG.replace("width: 64", "width: 32"))
    first, second = (Digits().jobs(plan, {})[-1] for plan in (PLAN, other))
    assert isinstance(first, Job) and first.name == second.name
    assert first.settings != second.settings
