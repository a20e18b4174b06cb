"""Panels of runs that evolve."""

import numpy as np
import pytest

from tgan.runs.curves import plot_metrics, running_share


@pytest.mark.parametrize("count", [1, 7, 60, 200])
def test_a_running_share_is_the_mean_of_what_is_near(count):
    values = np.random.default_rng(0).random(count)
    width = max(round(count / 20), 1)
    found = running_share(values)
    assert len(found) == count
    for place in range(count):
        first = place - width // 2
        near = values[max(first, 0) : first + width]
        np.testing.assert_allclose(found[place], near.mean(), rtol=1e-12)


def test_survivors_are_stacked_to_one():
    """Each mutation is a band as wide as its share, where it was measured."""
    steps = np.arange(60.0)
    kinds = {"minimax": steps % 3 == 0, "non_saturating": steps % 3 == 1}
    kinds["least_squares"] = steps % 3 == 2
    metrics = {"step": steps, "critic_loss": steps}
    metrics |= {f"survived/{name}": where.astype(float) for name, where in kinds.items()}
    for name in kinds:
        metrics[f"survived/{name}"][0] = np.nan
    panels = {axis.get_ylabel(): axis for axis in plot_metrics(metrics).axes}
    bands = panels["share of survivors"].collections
    assert [band.get_label() for band in bands] == [f"survived/{name}" for name in kinds]
    tops = np.array([1, 2, 3]) / 3
    for band, top in zip(bands, tops, strict=True):
        outline = band.get_paths()[0].vertices
        inside = outline[(outline[:, 0] > 5) & (outline[:, 0] < 55)]
        assert inside[:, 1].max() == pytest.approx(top)
        assert inside[:, 1].min() == pytest.approx(top - 1 / 3)
        assert outline[:, 0].min() == 1
