import numpy as np
import pytest

from tgan.metrics.running import RunningMean
from tgan.metrics.state import join, part_of


def test_batches_give_numpys_mean_and_deviation():
    values = np.random.default_rng(0).normal(1e6, 1, 101)
    running = RunningMean()
    for begin in (0, 1, 40):
        end = {0: 1, 1: 40, 40: 101}[begin]
        running.add(values[begin:end])
    running.add(values[:0])
    assert running.count == 101
    assert running.mean == pytest.approx(values.mean(), rel=1e-14)
    assert running.std == pytest.approx(values.std(ddof=1), rel=1e-9)
    assert running.stderr == pytest.approx(values.std(ddof=1) / np.sqrt(101), rel=1e-9)


def test_too_few_numbers_have_no_spread():
    running = RunningMean()
    assert (running.mean, running.std, running.stderr) == (None, None, None)
    running.add(np.array([3.0]))
    assert (running.mean, running.std, running.stderr) == (3.0, None, None)


def test_state_goes_on_bit_for_bit():
    values = np.random.default_rng(1).normal(size=30)
    whole, first, second = RunningMean(), RunningMean(), RunningMean()
    whole.add(values[:11])
    whole.add(values[11:])
    first.add(values[:11])
    second.load_state(first.state())
    second.add(values[11:])
    assert (second.count, second.mean, second.std) == (whole.count, whole.mean, whole.std)


def test_tables_are_joined_and_parted():
    table = join(a={"x": np.array(1)}, ab={"x": np.array(2), "y.z": np.array(3)})
    assert sorted(table) == ["a.x", "ab.x", "ab.y.z"]
    assert part_of(table, "ab") == {"x": 2, "y.z": 3}
