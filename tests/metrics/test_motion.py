import numpy as np
import pytest

from tgan.data.packed.clips import PackedClips
from tgan.metrics.motion import motion_spread, moves_vertically


def square(rows, columns, *, background=0):
    clip = np.full((len(rows), 32, 32, 3), background, np.uint8)
    for frame, row, column in zip(clip, rows, columns, strict=True):
        frame[row : row + 6, column : column + 6] = 200
    return clip


def test_the_spread_is_the_deviation_of_the_centre():
    steps, still = np.arange(16), np.full(16, 5)
    clips = np.stack([square(steps, still), square(still, 20 - steps), square(still, still)])
    deviation = steps.std()
    expected = [[deviation, 0], [0, deviation], [0, 0]]
    np.testing.assert_allclose(motion_spread(clips), expected, atol=1e-9)
    assert moves_vertically(clips).tolist() == [True, False, False]


def test_a_faint_background_changes_little_and_a_black_clip_nothing():
    steps, still = np.arange(16), np.full(16, 5)
    spread = motion_spread(square(steps, still, background=8)[None])
    assert spread[0, 0] == pytest.approx(steps.std(), rel=0.1) and spread[0, 1] < 1e-9
    assert motion_spread(np.zeros((1, 4, 8, 8, 1), np.uint8)).tolist() == [[0, 0]]


def test_labelled_squares_move_as_their_class_says(labelled_videos):
    source = PackedClips(labelled_videos, num_frames=16)
    clips = np.stack([source.clip(index, 0) for index in range(len(source))])
    named = [source.labels[source.label(index)] == "down" for index in range(len(source))]
    assert moves_vertically(clips).tolist() == named
