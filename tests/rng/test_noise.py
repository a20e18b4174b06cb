import torch

from tgan.rng.noise import Noise


def draw(*keys, **place):
    noise = Noise(*keys, **place)
    like = torch.zeros(1)
    return noise.uniform((4, 2), like), noise.uniform((4,), like)


def test_draws_are_functions_of_the_keys_and_their_order():
    first, again, other = draw(3, 5), draw(3, 5), draw(3, 6)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[0][:, 0], first[1])


def test_two_processes_see_what_one_sees():
    one = Noise(0).uniform((6, 3), torch.zeros(1))
    halves = [Noise(0, rank=r, world_size=2).uniform((3, 3), torch.zeros(1)) for r in (0, 1)]
    assert torch.equal(one, torch.cat(halves))


def test_numbers_are_uniform_and_of_the_dtype_asked_for():
    drawn = Noise(0).uniform((10_000,), torch.zeros(1, dtype=torch.float64))
    assert drawn.dtype == torch.float64
    assert drawn.min() >= 0 and drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 0.01 and abs(drawn.std() - 12**-0.5) < 0.01


def test_the_global_generator_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    draw(1)
    assert torch.equal(torch.rand(1), expected)
