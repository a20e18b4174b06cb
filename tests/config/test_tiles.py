from dataclasses import replace

import pytest

from tgan.config import Config, DataConfig, GeneratorConfig, TrainConfig
from tgan.config.reading import make_config
from tgan.config.tiles import DEFAULT_TILES, TileSet, is_built_in
from tgan.config.validation import validate

LEVELS = DataConfig(name="levels", num_frames=1, channels=10, resolution=32, window=[14, 28])


def config_of(**settings):
    return Config(data=replace(LEVELS, **settings), generator=GeneratorConfig(name="dcgan"))


def test_a_line_says_what_a_tile_is():
    tiles = TileSet.of(["  air #0a0B0c", "X #112233 solid ground", "^ deadly", "~"])
    assert tiles.characters == " X^~" and len(tiles) == 4
    assert tiles.names == ["air", "ground", "^", "~"]
    assert [tile.solid for tile in tiles.tiles] == [False, True, False, False]
    assert [tile.deadly for tile in tiles.tiles] == [False, False, True, False]
    assert tiles.tiles[0].colour == (10, 11, 12) and tiles.tiles[1].colour == (0x11, 0x22, 0x33)
    assert tiles.tiles[2].colour != tiles.tiles[3].colour
    assert tiles.number("^") == 2


def test_no_lines_are_the_built_in_tiles():
    assert TileSet.of([]) == TileSet.of(DEFAULT_TILES)
    assert is_built_in([]) and is_built_in([line[0] for line in DEFAULT_TILES])
    assert not is_built_in(["-", "X"])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["-"], "1 of them, and 2 to 256 are needed"),
        (["-", "X", "X solid"], "the character 'X' stands for two tiles"),
        (["-", "Xsolid"], "'Xsolid' is no tile; a character"),
        (["-", ""], "'' is no tile"),
        (["-", "\t"], "is no tile"),
        (["-", "X big ground"], "has big and ground; one name"),
        (["-", "X #12345"], "has #12345; one name"),
        (["-", "X #123456 #654321"], "one colour"),
        (["X solid", "-"], "'X solid' is the first tile, which is the empty one"),
    ],
)
def test_what_is_no_tile_set_is_refused(lines, message):
    with pytest.raises(ValueError, match="^tiles: ") as error:
        TileSet.of(lines)
    assert message in str(error.value)


def test_an_unknown_character_is_named_with_the_choices():
    with pytest.raises(ValueError, match="'Q' is no tile; choose from - X"):
        TileSet.of(["-", "X"]).number("Q")


def test_levels_pass_and_keep_their_tiles_through_a_file(tmp_path):
    validate(config_of())
    own = config_of(tiles=["  air", "X solid"], channels=2, path="somewhere")
    assert make_config(own).data.tiles == ["  air", "X solid"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": 3}, "data.channels 3 is not 10: the built-in tiles are 10 tiles"),
        (
            {"channels": 3, "tiles": ["-", "X"], "path": "a"},
            "data.channels 3 is not 2: data.tiles are 2 tiles",
        ),
        ({"channels": 2, "tiles": ["-", "X"]}, "data.tiles are those of levels at data.path"),
        ({"tiles": ["-"]}, "data.tiles: 1 of them"),
        ({"window": [14, 33]}, "data.window [14, 33] has to be [height, width], from 1 to res"),
        ({"window": [14]}, "data.window [14] has to be"),
        ({"window": [0, 3]}, "data.window [0, 3] has to be"),
        ({"input": "edges"}, "data.input edges is derived from colours"),
        ({"num_frames": 16}, "data.num_frames 16 is not 1: data.name levels are single frames"),
        ({"name": "digits", "channels": 1}, "data.window needs data.name levels"),
        ({"name": "digits", "channels": 2, "window": None}, "data.channels 2 is not 1, 3 or 4"),
    ],
)
def test_settings_of_levels_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError) as error:
        validate(config_of(**settings))
    assert message in str(error.value)


def test_what_looks_at_colours_is_refused_for_levels():
    config = config_of()
    config.train = TrainConfig(augment=["colour", "translation"])
    config.log.distance_clips = 64
    with pytest.raises(ValueError, match="distance_clips 64 measures colours.*augment colour: til"):
        validate(config)
    config.train.augment, config.log.distance_clips = ["translation", "cutout"], 0
    validate(config)
