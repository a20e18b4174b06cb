import pickle

import numpy as np
import pytest

from tgan.data.tiles.grammar import COLUMNS, ROWS, GrammarLevels, default_tiles
from tgan.data.tiles.rules import Walker
from tgan.data.tiles.text import level_text

TILES = default_tiles()


def test_a_level_is_a_function_of_its_numbers():
    levels = GrammarLevels(20)
    later = levels[3]
    assert later.shape == (ROWS, COLUMNS) and later.dtype == np.uint8
    np.testing.assert_array_equal(GrammarLevels(20)[3], later)
    again = pickle.loads(pickle.dumps(levels))  # noqa: S301
    np.testing.assert_array_equal(again[3], later)
    others = [levels[4], GrammarLevels(20, seed=1)[3], GrammarLevels(20, held_out=True)[3]]
    assert not any((other == later).all() for other in others)


def test_every_tile_occurs():
    levels = GrammarLevels(20)
    assert np.unique([levels[index] for index in range(20)]).tolist() == list(range(len(TILES)))


def test_every_level_and_every_window_of_it_is_playable():
    levels, walker = GrammarLevels(40), Walker()
    assert all(walker.plays(levels[index], TILES) for index in range(40))
    starts = np.random.default_rng(0).integers(0, COLUMNS - 28 + 1, 60)
    windows = [levels[k % 40][:, start : start + 28] for k, start in enumerate(starts)]
    assert all(walker.plays(window, TILES) for window in windows)


@pytest.mark.parametrize("walker", [Walker(2, 5), Walker(3, 4)])
def test_levels_ask_for_jumps(walker):
    levels = GrammarLevels(20)
    assert not all(walker.plays(levels[index], TILES) for index in range(20))


def test_pipes_are_whole():
    for index in range(20):
        for row in level_text(GrammarLevels(20)[index], TILES).split():
            for left, right in ("<>", "[]"):
                assert row.count(left) == row.count(right) == row.count(left + right)


def test_no_levels_are_refused():
    with pytest.raises(ValueError, match="levels: size 0 is below 1"):
        GrammarLevels(0)
