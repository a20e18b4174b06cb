import numpy as np
import pytest

from tgan.metrics.ratio import MeanRatio


@pytest.mark.parametrize(
    ("fake", "expected"), [([1.0, 2.0], 1.0), ([2.0, 2.0], 2.0), ([1.5, 0.5], 0.25)]
)
def test_the_ratio_that_is_furthest_from_one_is_told(fake, expected):
    ratio = MeanRatio(2)
    ratio.add(np.array([[0.0, 1.0]]), np.array([fake]))
    ratio.add(np.array([[2.0, 3.0]]), np.array([fake]))
    found = ratio.result()
    assert found["value"] == pytest.approx(expected)
    assert found["ratios"] == pytest.approx([fake[0], fake[1] / 2])


@pytest.mark.parametrize("amount", [0.0, -1.0])
@pytest.mark.parametrize("side", ["real clips", "samples"])
def test_nothing_and_less_have_no_ratio(side, amount):
    ratio, some, none = MeanRatio(2), np.ones((3, 2)), np.array([[1.0, amount]] * 3)
    ratio.add(*((none, some) if side == "real clips" else (some, none)))
    assert ratio.result()["value"] is None
    assert ratio.result()["warning"] == f"{side} have nothing of a feature, or less: no ratio"
