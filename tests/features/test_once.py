import pytest
import torch

from tgan.features.once import Once


class Sums:
    """Sum and mean of each piece; notes what it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, pieces):
        self.asked.append(pieces.flatten(1)[:, 0].tolist())
        rows = pieces.flatten(1).float()
        return torch.stack([rows.sum(1), rows.mean(1)], 1)


def pieces(*numbers):
    return torch.tensor(numbers, dtype=torch.uint8)[:, None, None].expand(-1, 2, 3)


def test_rows_are_those_of_the_function_in_their_order():
    function = Sums()
    once = Once(function, chunk=2)
    for numbers in ((3, 1, 3, 2, 1), (2,), (9, 2, 4, 3)):
        assert torch.equal(once(pieces(*numbers)), Sums()(pieces(*numbers)))
    # Always two at once, the last of them filled up; nothing that is known is asked for.
    assert function.asked[:2] == [[3, 1], [2, 2]]
    assert function.asked[2:] == [[9, 4]]


@pytest.mark.parametrize(("most", "again"), [(3, False), (4, True)])
def test_what_was_asked_for_last_is_remembered(most, again):
    function = Sums()
    once = Once(function, chunk=1, most=most)
    once(pieces(1, 2, 3))
    once(pieces(1))
    once(pieces(4))
    assert len(once._rows) == most
    function.asked.clear()
    once(pieces(1, 3, 4))
    assert not function.asked
    once(pieces(2))
    assert bool(function.asked) != again


def test_a_batch_may_be_larger_than_what_is_remembered():
    once = Once(Sums(), chunk=4, most=2)
    assert torch.equal(once(pieces(*range(9))), Sums()(pieces(*range(9))))
    assert len(once._rows) == 2


def test_pieces_that_differ_in_one_byte_are_different():
    once = Once(Sums(), chunk=1)
    one, other = pieces(5).clone(), pieces(5).clone()
    other[0, 1, 2] += 1
    assert not torch.equal(once(one), once(other))
