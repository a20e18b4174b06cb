import numpy as np
import pytest

from tgan.metrics.histogram import ClassHistogram


def test_counts_and_distance_by_hand():
    metric = ClassHistogram(["walk", "run", "jump"])
    certain = np.eye(3)
    metric.add(certain[[0, 0, 1, 2]], certain[[0, 0, 0, 0]])
    metric.add(certain[[2, 2, 1, 1]], certain[[0, 0, 1, 1]])
    found = metric.result()
    assert found["counts"]["real"] == {"walk": 2, "run": 3, "jump": 3}
    assert found["counts"]["fake"] == {"walk": 6, "run": 2, "jump": 0}
    assert found["value"] == pytest.approx(4 / 8)


def test_the_likeliest_class_counts_and_state_goes_on():
    first, second = ClassHistogram(["a", "b"]), ClassHistogram(["a", "b"])
    first.add(np.array([[0.4, 0.6]]), np.array([[0.9, 0.1]]))
    second.load_state(first.state())
    second.add(np.array([[0.4, 0.6]]), np.array([[0.2, 0.8]]))
    assert second.result()["counts"] == {"real": {"a": 0, "b": 2}, "fake": {"a": 1, "b": 1}}
    assert first.result()["counts"]["fake"] == {"a": 1, "b": 0}
