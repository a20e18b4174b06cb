import numpy as np
import pytest

from tgan.config.tiles import TileSet
from tgan.data.tiles.text import UnknownTile, level_text, parse_level, read_levels

TILES = TileSet.of(["- sky", "X ground solid", "o"])


def test_text_becomes_numbers_and_numbers_text():
    level = parse_level("--o\r\nXX-\n\n", TILES)
    np.testing.assert_array_equal(level, [[0, 0, 2], [1, 1, 0]])
    assert level.dtype == np.uint8
    assert level_text(level, TILES) == "--o\nXX-\n"


def test_every_level_is_read_back_as_it_was():
    level = np.random.default_rng(0).integers(0, 3, (14, 50)).astype(np.uint8)
    np.testing.assert_array_equal(parse_level(level_text(level, TILES), TILES), level)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "level is empty"),
        ("\n\n", "level is empty"),
        ("---\n--\n---\n", "level, line 2 has 2 tiles and line 1 has 3; all rows"),
        ("---\n\n---\n", "level, line 2 has 0 tiles and line 1 has 3"),
        ("---\n-Q-\n", "level, line 2, column 2: 'Q' is no tile; choose from - X o"),
    ],
)
def test_ragged_and_unknown_levels_are_refused_with_their_place(text, message):
    with pytest.raises(ValueError) as error:
        parse_level(text, TILES)
    assert str(error.value).startswith(message)


def test_a_folder_gives_its_levels_in_order(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "b.txt").write_text("-X\n")
    (tmp_path / "deep" / "a.TXT").write_text("\ufeffX-\n")
    (tmp_path / ".hidden.txt").write_text("Q")
    (tmp_path / "notes.md").write_text("not a level")
    found = read_levels(tmp_path, TILES)
    assert list(found) == ["b.txt", "deep/a.TXT"]
    np.testing.assert_array_equal(found["deep/a.TXT"], [[1, 0]])
    assert list(read_levels(tmp_path / "b.txt", TILES)) == ["b.txt"]


def test_unknown_tiles_of_a_folder_are_told_with_the_settings_that_take_them(tmp_path):
    (tmp_path / "a.txt").write_text("-X\n?-\n")
    (tmp_path / "b.txt").write_text('"X\n')
    with pytest.raises(UnknownTile) as error:
        read_levels(tmp_path, TILES)
    assert f"'{tmp_path}/a.txt', line 2, column 1: '?' is no tile" in str(error.value)
    taken = '["-", "X", "o", "\\"", "?"], and data.channels 5 take all'
    assert taken in str(error.value)


def test_folders_without_levels_are_refused(tmp_path):
    with pytest.raises(ValueError, match="has no level: files that end in .txt"):
        read_levels(tmp_path, TILES)
    with pytest.raises(ValueError, match="is not there"):
        read_levels(tmp_path / "absent", TILES)
    (tmp_path / "a.txt").write_bytes(b"--\xff\n")
    with pytest.raises(ValueError, match=r"a.txt' is no UTF-8 text: .* at byte 2"):
        read_levels(tmp_path, TILES)
