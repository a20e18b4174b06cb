import numpy as np
import pytest

from tests.truths.walks import reachable
from tgan.config.tiles import TileSet
from tgan.data.tiles.rules import Walker, playable_share, standing_places
from tgan.data.tiles.text import parse_level

TILES = TileSet.of(["- sky", "X ground solid", "^ spikes deadly"])


def level_of(*rows):
    return parse_level("\n".join(rows), TILES)


@pytest.mark.parametrize("density", [0.15, 0.3, 0.5])
@pytest.mark.parametrize(("height", "length"), [(1, 1), (2, 3), (3, 4), (4, 8), (3, 2)])
def test_reached_places_are_those_of_a_brute_force_search(density, height, length):
    rng = np.random.default_rng(int(100 * density) + 10 * height + length)
    walker, counts = Walker(height, length), []
    for _ in range(40):
        shape = tuple(rng.integers(3, 13, 2))
        level = rng.choice(3, shape, p=[0.95 - density, density, 0.05]).astype(np.uint8)
        found = walker.reached(level, TILES)
        np.testing.assert_array_equal(found, reachable(level == 1, level == 2, height, length))
        counts.append(found.sum())
    assert max(counts) > 3


@pytest.mark.parametrize(("gap", "plays"), [(2, True), (3, True), (4, False)])
def test_a_jump_of_two_rows_crosses_three_columns(gap, plays):
    # Two columns on the way up, two on the way down: the fourth has ground again.
    level = level_of(*["-" * (gap + 4)] * 4, "XX" + "-" * gap + "XX")
    assert Walker(height=2, length=9).plays(level, TILES) is plays


def test_the_length_of_a_flight_counts():
    level = level_of(*["-" * 9] * 6, "XXX" + "-" * 4 + "XX")
    assert Walker(height=4, length=5).plays(level, TILES)
    assert not Walker(height=4, length=4).plays(level, TILES)


@pytest.mark.parametrize(("wall", "plays"), [(3, True), (4, False)])
def test_a_wall_is_as_high_as_a_jump(wall, plays):
    rows = ["---" + ("X" if 6 - row <= wall else "-") + "---" for row in range(6)]
    level = level_of(*rows, "XXXXXXX")
    assert Walker(height=3).plays(level, TILES) is plays


def test_a_low_ceiling_keeps_a_walker_from_jumping():
    assert Walker(4, 8).plays(level_of(*["------"] * 3, "XX--XX"), TILES)
    assert not Walker(4, 8).plays(level_of("XXXXXX", "------", "XX--XX"), TILES)


def test_deadly_places_are_not_entered():
    assert Walker().plays(level_of("-----", "-----", "XXXXX"), TILES)
    assert not Walker().plays(level_of("--^--", "--^--", "XXXXX"), TILES)


def test_pits_at_the_edges_are_of_the_neighbours():
    level = level_of("------", "--XX--")
    assert Walker(length=3).plays(level, TILES)
    assert Walker(length=2).progress(level, TILES) == 0


def test_progress_tells_how_far_a_walker_gets():
    walker = Walker(height=1, length=2)
    level = level_of(*["----------"] * 4, "XXXX---XXX")
    assert walker.progress(level, TILES) == 4 / 11
    assert Walker(4, 8).progress(level, TILES) == 1
    assert walker.progress(level_of("---", "---"), TILES) == 0
    levels = np.stack([level, np.full_like(level, 0)])
    assert playable_share(levels, TILES, Walker(4, 8)) == 0.5


def test_one_stands_over_what_is_solid():
    found = standing_places(level_of("-X-", "---", "X^X"), TILES)
    np.testing.assert_array_equal(found, [[0, 0, 0], [1, 0, 1], [0, 0, 0]])


def test_a_jump_of_nothing_is_refused():
    with pytest.raises(ValueError, match="jump height 0 is below 1"):
        Walker(height=0)
