from types import SimpleNamespace

import numpy as np
import pytest

from tgan.config.tiles import TileSet
from tgan.data.tiles.rules import Walker
from tgan.levels.making import LevelMaker
from tgan.levels.properties import Property, parse_property
from tgan.levels.search import UNPLAYABLE, search_level

TILES = TileSet.of(["-", "X solid", "o"])


class Threshold:
    """Levels (4, 8) whose ground is solid in the columns whose latent is positive."""

    size, tiles = 8, TILES

    def of_latents(self, latents):
        levels = np.zeros((len(latents), 4, 8), np.uint8)
        levels[:, 3] = latents > 0
        return levels


class Sphere:
    """A level for each latent, whose only tile is the number of that latent."""

    size, tiles = 10, TILES
    target = np.linspace(-0.8, 0.8, 10)

    def __init__(self):
        self.seen = []

    def of_latents(self, latents):
        first = len(self.seen)
        self.seen += list(latents)
        return np.arange(first, len(self.seen))[:, None, None]

    @property
    def property(self):
        def distance(level):
            return float(np.square(self.seen[level[0, 0]] - self.target).sum())

        return Property("nearness", distance)


def ground(count):
    return [parse_property(f"count:X={count}", TILES)]


def test_a_property_is_reached_and_the_search_ends():
    found = search_level(Threshold(), ground(3), seed=1)
    assert found.distance == 0 and (found.level == 1).sum() == 3
    assert found.evaluations == len(found.history) < 1000
    np.testing.assert_array_equal(Threshold().of_latents(found.latent[None])[0], found.level)


@pytest.mark.parametrize("seed", range(3))
def test_cma_comes_nearer_than_as_many_random_latents(seed):
    lowest = {}
    for method in ("cma", "random"):
        maker = Sphere()
        found = search_level(maker, [maker.property], evaluations=600, seed=seed, method=method)
        lowest[method] = found.history[-1]
        assert found.evaluations == 600 and np.abs(found.latent).max() <= 1
        assert found.history == sorted(found.history, reverse=True)
    assert lowest["cma"] < 0.1 * lowest["random"]


@pytest.mark.parametrize("method", ["cma", "random"])
def test_a_search_depends_on_its_seed_alone(method):
    # Seed 0, too, of which cma itself makes the clock's.
    def history(seed):
        maker = Sphere()
        return search_level(
            maker, [maker.property], evaluations=60, seed=seed, method=method
        ).history

    np.random.seed(1)  # noqa: NPY002
    first, before = history(0), np.random.get_state()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert history(0) == first != history(1)
    np.random.seed(1)  # noqa: NPY002
    untouched = np.random.get_state()  # noqa: NPY002
    for left, right in zip(before, untouched, strict=True):
        np.testing.assert_array_equal(left, right)


def test_what_cannot_be_played_comes_last():
    walker = Walker(height=1, length=2)
    found = search_level(Threshold(), ground(0), walker=walker, evaluations=400)
    # The fewest columns that a walker of such jumps can go over: every other one.
    assert found.progress == 1 and walker.plays(found.level, TILES)
    assert 3 <= found.distance <= 4
    without = search_level(Threshold(), ground(0), evaluations=400)
    assert without.distance == 0 and without.progress is None


def test_a_search_that_finds_nothing_to_play_says_how_far_it_came():
    nothing = SimpleNamespace(
        size=3, tiles=TILES, of_latents=lambda latents: np.zeros((len(latents), 4, 8), np.uint8)
    )
    found = search_level(nothing, ground(0), walker=Walker(), evaluations=40)
    assert found.progress == 0 and found.history[-1] == UNPLAYABLE


def test_evaluations_are_no_more_than_asked_for():
    for count in (1, 5, 37):
        for method in ("cma", "random"):
            maker = Sphere()
            found = search_level(maker, [maker.property], evaluations=count, method=method)
            assert found.evaluations == count


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="unknown method 'cmaes' .*; choose from cma, random"):
        search_level(Threshold(), ground(3), method="cmaes")
    with pytest.raises(ValueError, match="needs a property"):
        search_level(Threshold(), [])
    with pytest.raises(ValueError, match="evaluations 0 is below 1"):
        search_level(Threshold(), ground(3), evaluations=0)


def test_levels_of_a_run_are_those_of_its_samples(level_run):
    maker = LevelMaker(level_run)
    levels = maker.of_seeds(range(5))
    samples = level_run.sample(range(5))
    np.testing.assert_array_equal(levels, samples[:, 0, :14].argmax(-1))
    assert maker.of_clips(level_run.data, 6).shape == (6, 14, 16)
    found = search_level(maker, [parse_property("count:X=0", maker.tiles)], evaluations=30)
    np.testing.assert_array_equal(maker.of_latents(found.latent[None])[0], found.level)
