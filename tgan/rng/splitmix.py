"""SplitMix64: random numbers as a function of a key and of a place, in products of whole numbers.

No number needs another one before it, and all devices multiply whole numbers alike: what is drawn
on a GPU is what is drawn on a CPU, to the bit.

Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", figure 17,
with the constants of Stafford's variant 13, as in Java's `SplittableRandom`.
"""

import torch
from torch import Tensor


def _signed(word: int) -> int:
    """The number of 64 bits, with a sign, that has the bits of one without."""
    return word - (word >> 63 << 64)


# Distances between states: of neighbours in a row, and of the starts of rows. The second is 2^64 by
# the plastic number, which keeps its multiples apart as the golden ratio does the first one's.
_GAMMA, _APART = _signed(0x9E3779B97F4A7C15), _signed(0xC13FA9A902A6328F)
# Shifts, and the factors that follow them.
_MIX = ((30, _signed(0xBF58476D1CE4E5B9)), (27, _signed(0x94D049BB133111EB)))
_LAST_SHIFT = 31


def words(starts: Tensor | int, places: Tensor) -> Tensor:
    """The outputs of generators at their places: int64, all 64 bits of which are random.

    Args:
        starts: the states that generators start from.
        places: numbers of outputs, from 1, that broadcast with `starts`; int64.
    """
    state = places * _GAMMA + starts
    for shift, factor in _MIX:
        state ^= _shifted(state, shift)
        state *= factor
    state ^= _shifted(state, _LAST_SHIFT)
    return state


def _shifted(state: Tensor, shift: int) -> Tensor:
    """Bits moved to the right, zeros behind them; PyTorch fills negative numbers up with ones."""
    return (state >> shift).bitwise_and_((1 << 64 - shift) - 1)


def uniform(key: int | Tensor, rows: Tensor, *, first: int, count: int) -> Tensor:
    """Numbers on [0, 1), multiples of 2^-24: (N, 2 * count), float32, on the device of `rows`.

    Each row is a generator that starts elsewhere, and each of its outputs gives two numbers.

    Args:
        key: below 2^63; also as a tensor () of int64 on that device.
        rows: their numbers, from 0: (N, 1), int64.
        first: outputs of each row that are passed over.
        count: how many are taken.
    """
    places = torch.arange(first + 1, first + count + 1, device=rows.device)
    halves = words(rows * _APART + key, places).view(torch.int32)
    return (halves >> 8).mul(2.0**-24).add_(0.5)
