import numpy as np
import pytest

from tgan.config.tiles import TileSet
from tgan.data.tiles.grammar import GrammarLevels
from tgan.data.tiles.rules import Walker
from tgan.data.tiles.windows import TileWindows
from tgan.levels.measures import Reference, independent_places, measure, tile_shares

TILES = TileSet.of()
LEVELS = GrammarLevels(3)
REFERENCE = Reference(LEVELS, TILES, (14, 28))


def windows(levels, count):
    source = TileWindows(levels, TILES, (14, 28), 32)
    return np.stack([source.tiles_at(k % len(levels), 5 * k % 90) for k in range(count)])


def test_training_windows_are_playable_whole_known_and_not_new():
    scores = measure(windows(LEVELS, 12), TILES, walker=Walker(), reference=REFERENCE)
    assert scores == {
        "playable": 1,
        "whole_pipes": 1,
        "new": 0,
        "different": 1,
        "known_patterns": 1,
    }


def test_other_levels_of_the_grammar_are_new_of_patterns_that_are_mostly_known():
    others = windows(GrammarLevels(3, held_out=True), 12)
    scores = measure(others, TILES, walker=Walker(), reference=REFERENCE)
    assert scores["playable"] == scores["new"] == 1 and 0.9 < scores["known_patterns"] < 1


def test_noise_fails_every_test():
    noise = np.random.default_rng(0).integers(0, 10, (12, 14, 28)).astype(np.uint8)
    scores = measure(noise, TILES, walker=Walker(), reference=REFERENCE)
    assert scores["playable"] < 0.5 and scores["whole_pipes"] == 0
    assert scores["new"] == 1 and scores["known_patterns"] < 0.05


def test_equal_levels_are_counted_once():
    same = np.repeat(windows(LEVELS, 2), 3, axis=0)
    scores = measure(same, TILES, walker=None, reference=REFERENCE)
    assert scores["different"] == 2 / 6 and "playable" not in scores
    mixed = np.concatenate([same[:3], np.zeros((1, 14, 28), np.uint8)])
    assert REFERENCE.new_share(mixed) == 1 / 4


def test_known_patterns_are_counted_place_by_place():
    level = np.zeros((4, 5), np.uint8)
    level[0, 0] = 9
    # Six patterns, of which the one with the strange corner is unknown.
    small = Reference([np.zeros((6, 6), np.uint8)], TILES, (4, 5))
    assert small.known_patterns(level[None]) == pytest.approx(5 / 6)


def test_a_baseline_has_the_tiles_of_each_place_and_no_more():
    levels = np.random.default_rng(0).integers(0, 2, (4000, 3, 4)).astype(np.uint8)
    levels[:, 0] = 5
    # Neighbours are always alike.
    levels[:, 2] = levels[:, 1]
    found = independent_places(levels, seed=1)
    assert found.shape == levels.shape and (found[:, 0] == 5).all()
    np.testing.assert_allclose(found.mean(0), levels.mean(0), atol=0.05)
    assert 0.45 < (found[:, 2] == found[:, 1]).mean() < 0.55
    np.testing.assert_array_equal(independent_places(levels, seed=1), found)
    assert (independent_places(levels, seed=2) != found).any()


def test_shares_of_tiles_add_up():
    levels = windows(LEVELS, 4)
    shares = tile_shares(levels, TILES)
    assert list(shares) == TILES.names and sum(shares.values()) == pytest.approx(1)
    assert shares["ground"] == pytest.approx((levels == 1).mean())
