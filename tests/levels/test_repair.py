import numpy as np
import pytest

from tgan.config.tiles import TileSet
from tgan.data.tiles.grammar import GrammarLevels
from tgan.data.tiles.rules import Walker
from tgan.data.tiles.text import level_text, parse_level
from tgan.levels.pipes import broken_pipes
from tgan.levels.repair import repair

TILES = TileSet.of()


@pytest.mark.parametrize("walker", [Walker(), Walker(height=1, length=1), Walker(3, 2)])
def test_any_level_is_playable_and_whole_afterwards(walker):
    rng = np.random.default_rng(0)
    for number in range(60):
        shape = tuple(rng.integers(2, 15, 2))
        sky = rng.random() * 0.9
        level = rng.choice(10, shape, p=[sky, *[(1 - sky) / 9] * 9]).astype(np.uint8)
        mended = repair(level, TILES, walker)
        assert walker.plays(mended, TILES), number
        assert not broken_pipes(mended, TILES).any()
        np.testing.assert_array_equal(repair(mended, TILES, walker), mended)
        # Nothing but a floor, and places without a tile, is put in.
        assert set(mended[mended != level].tolist()) <= {0, 1}


def test_what_can_be_played_is_left_alone():
    levels = GrammarLevels(5)
    for index in range(5):
        np.testing.assert_array_equal(repair(levels[index], TILES, Walker()), levels[index])


def mended(*rows, walker):
    level = parse_level("\n".join(rows), TILES)
    return level_text(repair(level, TILES, walker), TILES).split()


def test_the_floor_is_continued_where_a_walker_gets_no_further():
    gap = ["------", "------", "XX--XX"]
    assert mended(*gap, walker=Walker(height=1, length=9)) == ["------", "------", "XXX-XX"]
    wall = ["---X--", "---X--", "XXXXXX"]
    assert mended(*wall, walker=Walker(height=1, length=9)) == ["---X--", "------", "XXXXXX"]


def test_broken_pipes_are_taken_away():
    level = ["------", "-<--<>", "-[--[]", "XXXXXX"]
    assert mended(*level, walker=Walker()) == ["------", "----<>", "----[]", "XXXXXX"]


def test_what_cannot_be_repaired_is_refused():
    with pytest.raises(ValueError, match="no tile is solid"):
        repair(np.zeros((3, 3), np.uint8), TileSet.of(["-", "o"]), Walker())
    with pytest.raises(ValueError, match="single row"):
        repair(np.zeros((1, 3), np.uint8), TILES, Walker())
