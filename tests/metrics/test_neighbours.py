"""Against a loop over all points, and the authors' package where it can be trusted."""

import numpy as np
import pytest

from tgan.metrics.neighbours import NEAREST, Neighbours, coverage, density, precision, recall

SCORES = {"precision": precision, "recall": recall, "density": density, "coverage": coverage}


def sets(seed=0, shift=0.7, sizes=(40, 55), dimensions=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(sizes[0], dimensions)), rng.normal(shift, 0.8, (sizes[1], dimensions))


def by_loops(real, fake, nearest):
    """All four, from distances one by one."""

    def radius(points, index):
        others = [np.linalg.norm(points[index] - p) for j, p in enumerate(points) if j != index]
        return sorted(others)[nearest - 1]

    def inside(points, others):
        """How many balls around points each of the others lies in, and which balls have one."""
        radii = [radius(points, index) for index in range(len(points))]
        balls = zip(points, radii, strict=True)
        return np.array([[np.linalg.norm(o - p) <= r for o in others] for p, r in balls])

    of_real, of_fake = inside(real, fake), inside(fake, real)
    return {
        "precision": np.mean([any(column) for column in of_real.T]),
        "recall": np.mean([any(column) for column in of_fake.T]),
        "density": of_real.sum() / nearest / len(fake),
        "coverage": np.mean([any(row) for row in of_real]),
    }


@pytest.mark.parametrize("nearest", [1, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_they_are_what_loops_find(seed, nearest):
    real, fake = sets(seed)
    expected = by_loops(real, fake, nearest)
    found = {name: score(real, fake, nearest) for name, score in SCORES.items()}
    assert found == pytest.approx(expected, abs=1e-12)
    assert min(found.values()) > 0


def test_they_are_what_the_authors_package_finds():
    prdc = pytest.importorskip("prdc")
    real, fake = sets(sizes=(300, 250), dimensions=8)
    expected = prdc.compute_prdc(real_features=real, fake_features=fake, nearest_k=5)
    found = {name: score(real, fake, 5) for name, score in SCORES.items()}
    assert found == pytest.approx({name: float(expected[name]) for name in found}, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("copies", [1, 4, 12])
def test_a_set_is_within_itself_however_often_its_members_come(copies, scale):
    """The authors' package loses members that come more often than neighbours are counted."""
    real = np.repeat(scale * (1 + sets()[0]), copies, axis=0).astype(np.float32)
    for name in ("precision", "recall", "coverage"):
        assert SCORES[name](real, real) == 1
    assert density(real, real) >= 1


def test_what_each_one_sees():
    """Modes that are missing, and samples beside all of them."""
    rng = np.random.default_rng(1)
    centres = np.eye(4) * 20
    real = np.concatenate([c + rng.normal(size=(150, 4)) for c in centres])
    half = np.concatenate([c + rng.normal(size=(300, 4)) for c in centres[:2]])
    assert precision(real, half) > 0.85 and density(real, half) > 0.9
    assert recall(real, half) < 0.55 and coverage(real, half) < 0.55
    beside = np.concatenate([half, rng.normal(size=(600, 4)) * 3 - 40])
    assert precision(real, beside) < 0.55 and density(real, beside) < 0.55
    # One real outlier widens the support for precision, not for density.
    lone = np.concatenate([real, [[-40.0] * 4]])
    assert precision(lone, beside) > 0.9 and density(lone, beside) < 0.7


@pytest.mark.parametrize("kind", NEAREST)
def test_batches_and_states_make_no_difference(kind):
    real, fake = (each[:40].astype(np.float32) for each in sets())
    whole = Neighbours(kind)
    whole.add(real, fake)
    first = Neighbours(kind)
    first.add(real[:7], fake[:7])
    second = Neighbours(kind)
    second.load_state(first.state())
    second.add(real[7:], fake[7:])
    assert second.result() == whole.result()
    assert whole.result()["value"] == pytest.approx(SCORES[kind](real, fake, NEAREST[kind]))
    empty = Neighbours(kind)
    empty.load_state(Neighbours(kind).state())
    assert empty.state() == {}


@pytest.mark.parametrize("kind", NEAREST)
def test_too_few_samples_have_no_number(kind):
    few = Neighbours(kind)
    few.add(np.zeros((3, 2)), np.ones((3, 2)))
    found = few.result()
    assert found["value"] is None and found["warning"].startswith("3 samples have no")
