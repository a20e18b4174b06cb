import pytest

from tgan.lookup import alternatives, counted


def test_one_thing_is_not_several():
    told = [counted(number, "video") for number in (0, 1, 2, 21)]
    assert told == ["0 videos", "1 video", "2 videos", "21 videos"]
    assert [counted(number, "class", "classes") for number in (1, 2)] == ["1 class", "2 classes"]


@pytest.mark.parametrize(
    ("choices", "words"), [([1], "1"), ([1, 3], "1 or 3"), (["a", "b", "c"], "a, b or c")]
)
def test_alternatives_in_words(choices, words):
    assert alternatives(choices) == words
