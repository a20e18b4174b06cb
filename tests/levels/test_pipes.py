import numpy as np
import pytest

from tgan.config.tiles import TileSet
from tgan.data.tiles.grammar import GrammarLevels
from tgan.data.tiles.text import parse_level
from tgan.levels.pipes import broken_pipes, has_pipes

TILES = TileSet.of()


def broken(*rows):
    found = broken_pipes(parse_level("\n".join(rows), TILES), TILES)
    return ["".join("x" if each else "." for each in row) for row in found]


def test_pipes_of_the_grammar_are_whole_wherever_they_are_cut():
    levels = GrammarLevels(10)
    for index in range(10):
        for start in range(0, 90, 3):
            assert not broken_pipes(levels[index][:, start : start + 28], TILES).any()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["-<>-", "-[]-", "XXXX"], ["....", "....", "...."]),
        # On the lower edge, and on bricks.
        (["-<>-", "-[]-"], ["....", "...."]),
        (["-<>-", "-SS-"], ["....", "...."]),
        # Halves at the edges of a window.
        (["><", "][", "XX"], ["..", "..", ".."]),
        (["<-", "[-", "XX"], ["x.", "x.", ".."]),
        # A lone half, a pipe in the air, and one on half a ground.
        (["-<--", "-[--", "XXXX"], [".x..", ".x..", "...."]),
        (["-<>-", "-[]-", "----"], [".xx.", ".xx.", "...."]),
        (["-<>-", "-[]-", "XX--"], [".xx.", ".xx.", "...."]),
        # No top, a gap in the middle, the wrong way round.
        (["----", "-[]-", "XXXX"], ["....", ".xx.", "...."]),
        (["-<>-", "----", "-[]-", "XXXX"], [".xx.", "....", ".xx.", "...."]),
        (["-><-", "-][-", "XXXX"], [".xx.", ".xx.", "...."]),
        # Two tops: a pipe on a pipe is whole from below up.
        (["-<>-", "-<>-", "XXXX"], ["....", "....", "...."]),
    ],
)
def test_parts_that_stand_alone_are_broken(rows, expected):
    assert broken(*rows) == expected


def test_other_tile_sets_have_no_pipes():
    tiles = TileSet.of(["-", "X solid", "<"])
    assert not has_pipes(tiles) and has_pipes(TILES)
    assert not broken_pipes(np.full((3, 3), 2, np.uint8), tiles).any()
