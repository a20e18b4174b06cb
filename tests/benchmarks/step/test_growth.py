import math
from functools import partial

import pytest

from tests.made.forked import in_a_copy
from tgan.benchmarks.step import growth
from tgan.benchmarks.step.growth import Point, exponent, table
from tgan.cli import main


def test_an_exponent_is_that_of_a_power():
    sizes = [1, 2, 4, 8]
    assert exponent(sizes, [3 * size**1.5 for size in sizes]) == pytest.approx(1.5)
    assert math.isnan(exponent([4], [2.0]))


def test_a_table_has_what_was_measured_and_what_was_computed():
    points = [Point(8, 10**9, 1.0, 2e9), Point(16, 2 * 10**9, 2.5, 3e9), Point(32, 4 * 10**9)]
    lines = table("batch", points).splitlines()
    assert lines[2] == "| 8 | 1.00 | 2.00 | 1.00 |" and lines[4] == "| 32 |  |  | 4.00 |"
    assert lines[-1] == "| exponent | 1.32 | 0.58 | 1.00 |"


def test_small_steps_are_taken_and_large_ones_computed(monkeypatch, capsys):
    small = {"data.resolution": 8, "generator.width": 8, "critic.width": 2}
    monkeypatch.setattr(growth, "BASE", growth.BASE | small)
    # What is measured elsewhere starts from the sizes of the package.
    sizes = [{"train.batch_size": size, **small} for size in (2, 10**6)]
    monkeypatch.setattr(growth, "peak_of_step", partial(in_a_copy, growth.peak_of_step))
    monkeypatch.setattr(growth, "AXES", {"batch": sizes})
    main(["benchmark-step", "--grow", "--steps", "1", "--threads", "1"])
    first, second = capsys.readouterr().out.splitlines()[2:4]
    size, seconds, held, counted = first.strip("| ").split(" | ")
    assert size == "2" and 0 < float(seconds) < 60 and float(held) > 0.1 and float(counted) < 1
    assert second.startswith("| 1000000 |  |  | ")
