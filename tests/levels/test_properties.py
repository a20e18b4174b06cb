import numpy as np
import pytest

from tgan.config.tiles import TileSet
from tgan.data.tiles.grammar import GrammarLevels
from tgan.data.tiles.text import parse_level
from tgan.levels.properties import heights, linearity, parse_property

TILES = TileSet.of()
LEVEL = parse_level("------E-\n--SS----\n--------\nXX--XX-X\nXXX-XX-X", TILES)


def distance(text, level=LEVEL):
    return parse_property(text, TILES).distance(level)


def test_heights_are_those_of_the_lowest_place_to_stand():
    assert heights(LEVEL, TILES).tolist() == [2, 2, 1, 4, 2, 2, 0, 2]


def test_a_count_is_off_by_the_difference():
    assert distance("count:X=3") == 8 and distance("count:ground=11") == 0
    assert distance("count:S=3") == 1 and distance("count:<=0") == 0 and distance("count:E=0") == 1


def test_linearity_is_the_mean_distance_from_a_line():
    columns = np.array([0, 1, 2, 3, 4, 5, 7])
    there = np.array([2, 2, 1, 4, 2, 2, 2.0])
    design = np.stack([columns, np.ones(7)], axis=1)
    residuals = there - design @ np.linalg.lstsq(design, there, rcond=None)[0]
    assert linearity(LEVEL, TILES) == pytest.approx(np.abs(residuals).mean())
    assert distance("linearity=0") == pytest.approx(np.abs(residuals).mean())
    assert distance("linearity=5") == pytest.approx(5 - np.abs(residuals).mean())


def test_a_straight_slope_is_linear():
    slope = np.zeros((9, 6), np.uint8)
    for column in range(6):
        slope[8 - column :, column] = 1
    assert linearity(slope, TILES) == pytest.approx(0, abs=1e-12)
    assert linearity(slope[:, ::-1], TILES) == pytest.approx(0, abs=1e-12)
    assert np.isnan(linearity(np.zeros((4, 5), np.uint8), TILES))
    assert distance("linearity=0", np.zeros((4, 5), np.uint8)) == 4


def test_a_profile_is_spread_over_the_columns():
    assert distance("profile=2,2,1,4,2,2,0,2") == 0
    assert distance("profile=1") == pytest.approx(
        np.abs(np.array([1, 1, 0, 3, 1, 1, -1, 1])).mean()
    )
    ramp = np.linspace(0, 7, 8)
    expected = np.abs(heights(LEVEL, TILES) - ramp).mean()
    assert distance("profile=0,7") == pytest.approx(expected)


def test_levels_of_the_grammar_have_profiles_of_their_ground():
    level = GrammarLevels()[0]
    assert set(heights(level, TILES).tolist()) >= {0, 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("coutn:E=3", "unknown property 'coutn' (did you mean 'count'?); choose from count, line"),
        ("count:Q=3", "'Q' is no tile; choose from - X S"),
        ("count=3", "count:TILE=N, linearity=X or profile=H,H,... is needed"),
        ("linearity:E=3", "count:TILE=N, linearity=X or profile"),
        ("count:E=many", "'many' is no number"),
        ("count:E=", "'' is no number"),
        ("count:E=-1", "-1 is not finite, or below 0"),
        ("linearity=inf", "inf is not finite"),
        ("linearity=1,2", "linearity takes one number"),
        ("count:E", "unknown property ''"),
    ],
)
def test_what_is_no_property_is_refused(text, message):
    with pytest.raises(ValueError) as error:
        parse_property(text, TILES)
    assert message in str(error.value)
