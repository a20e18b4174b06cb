import pytest

from tgan.data.spans import clip_span, common_rate, most_frames


@pytest.mark.parametrize(("num_frames", "stride"), [(1, 1), (1, 5), (16, 1), (16, 3)])
def test_spans_and_most_frames_are_inverse(num_frames, stride):
    span = clip_span(num_frames, stride)
    assert span == len(range((num_frames - 1) * stride + 1))
    assert most_frames(span, stride) == num_frames
    assert most_frames(span - 1, stride) == num_frames - 1 or span == 1


def test_the_commonest_rate_counts_those_that_are_the_same_to_rounding():
    # Six GIFs of about 30 frames a second, as their times tell, and two videos of exactly 10.
    gifs = [30.19, 30.36, 30.16, 30.30, 30.14, 30.26]
    assert common_rate([10, 10, *gifs], 1) in gifs
    assert common_rate([10, 10, *gifs[:1]], 1) == 10
    # The one that most have, of these.
    assert common_rate([24, 23.976, 23.976, 60], 2) == 23.976 / 2
    assert common_rate([None, 25], 1) == 25
    assert common_rate([None], 1) is None and common_rate([], 1) is None
