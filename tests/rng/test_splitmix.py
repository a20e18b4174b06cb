"""SplitMix64, against whole numbers of Python and published outputs, and as random numbers."""

import itertools
import math

import pytest
import torch

from tgan.rng.splitmix import uniform, words

ROWS = torch.arange(64)[:, None]


def literal(seed, count):
    """The published loop, without a limit on the size of numbers but for the masks."""
    mask, found = 2**64 - 1, []
    for _ in range(count):
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        found.append(z ^ (z >> 31))
    return found


def as_words(tensor):
    return [number & (2**64 - 1) for number in tensor.flatten().tolist()]


def test_its_outputs_are_those_that_were_published():
    places = torch.arange(1, 6)
    known = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert as_words(words(1234567, places)) == known == literal(1234567, 5)
    assert as_words(words(0, places))[:2] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


@pytest.mark.parametrize("seed", [1, 2**32, 2**63 - 1, 6364136223846793005])
def test_its_outputs_are_those_of_a_loop_over_pythons_numbers(seed):
    assert as_words(words(seed, torch.arange(1, 200))) == literal(seed, 199)


def test_a_row_is_the_generator_that_starts_at_its_place():
    key, found = 987654321, uniform(987654321, ROWS[:3], first=2, count=2)
    for number, row in enumerate(found):
        start = (key + number * 0xC13FA9A902A6328F) % 2**64
        expected = []
        for word in literal(start, 4)[2:]:
            for half in (word & (2**32 - 1), word >> 32):
                # The half as a number with a sign, moved from [-0.5, 0.5) to [0, 1).
                expected.append(((half >> 8) / 2**24 + 0.5) % 1)
        assert row.tolist() == expected


def test_rows_never_meet():
    """All are stretches of one cycle of 2^64 states: none begins within another one."""
    back = pow(0x9E3779B97F4A7C15, -1, 2**64)
    starts = sorted(row * 0xC13FA9A902A6328F * back % 2**64 for row in range(100_000))
    nearest = min(b - a for a, b in itertools.pairwise(starts))
    assert nearest > 2**31


def test_ends_of_the_range_are_reached_and_not_passed():
    halves = torch.tensor([[-(2**31), 2**31 - 1]], dtype=torch.int32)
    ends = (halves >> 8).float().mul_(2.0**-24).add_(0.5)
    assert ends.tolist() == [[0.0, 1 - 2**-24]]


@pytest.fixture(scope="module")
def table():
    """(64, 20000): rows, places."""
    return uniform(2024, ROWS, first=0, count=10_000).double()


def test_numbers_are_uniform_in_every_row_and_every_place(table):
    for numbers in (table, table.T):
        count = numbers.shape[1]
        mean, square = numbers.mean(1), numbers.square().mean(1)
        assert (mean - 1 / 2).abs().max() < 5 * (1 / 12 / count) ** 0.5
        assert (square - 1 / 3).abs().max() < 5 * (4 / 45 / count) ** 0.5
    # Chi-squared over 1,000 bins: its mean is 999, its standard deviation 45.
    counts = torch.histc(table, 1000, 0, 1)
    expected = table.numel() / 1000
    assert abs((counts - expected).square().sum() / expected - 999) < 5 * 45


def test_numbers_are_independent_of_their_neighbours(table):
    """In the same row and in others, at several distances, and their low bits, too."""
    bits = (table * 2**24).long()
    for numbers in (table - 0.5, (bits & 1).double() - 0.5, (bits >> 4 & 1).double() - 0.5):
        variance = numbers.square().mean()
        for rows, places in itertools.product((0, 1, 2, 32), (0, 1, 2, 3, 64, 1001)):
            if rows or places:
                here = numbers[: 64 - rows, : 20_000 - places]
                there = numbers[rows:, places:]
                correlation = (here * there).mean() / variance
                assert abs(correlation) < 5 / math.sqrt(here.numel())


def test_keys_that_are_close_share_nothing():
    found = [uniform(key, ROWS, first=0, count=500).double() - 0.5 for key in (0, 1, 2, 2**32)]
    for one, other in itertools.combinations(found, 2):
        assert abs((one * other).mean() * 12) < 5 / math.sqrt(one.numel())


def test_pairs_fill_the_square(table):
    """Chi-squared over 64 x 64 boxes of neighbours: its mean is 4,095, its deviation 90."""
    pairs = (table.reshape(-1, 2) * 64).long()
    counts = torch.bincount(pairs[:, 0] * 64 + pairs[:, 1], minlength=4096).double()
    expected = len(pairs) / 4096
    assert abs((counts - expected).square().sum() / expected - 4095) < 5 * 90
