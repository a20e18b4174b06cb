import pytest
import torch

from tgan.rng.noise import Noise

LIKE = torch.zeros(1)


def draw(*keys, **place):
    noise = Noise(*keys, **place)
    return noise.uniform((4, 2), LIKE), noise.uniform((4,), LIKE)


def test_draws_are_functions_of_the_keys_and_their_order():
    first, again, other = draw(3, 5), draw(3, 5), draw(3, 6)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[0][:, 0], first[1])


@pytest.mark.parametrize("shape", [(6, 3), (6, 1, 2, 50)])
def test_several_processes_see_what_one_sees(shape):
    """And each makes its own samples' numbers alone, draw after draw."""
    for count in (2, 3):
        one, shares = Noise(0), [Noise(0, rank=rank) for rank in range(count)]
        own = (6 // count, *shape[1:])
        for _ in range(3):
            parts = [share.uniform(own, LIKE) for share in shares]
            assert torch.equal(one.uniform(shape, LIKE), torch.cat(parts))


def test_parts_of_a_step_have_numbers_of_their_own():
    """Whatever was drawn of others, and of the same rank; the first is not the step's noise."""
    noise = Noise(0, 3, rank=1)
    noise.uniform((2, 2), LIKE)
    drawn = [part.uniform((4, 5), LIKE) for part in (noise.part(0), noise.part(1), Noise(0, 3))]
    assert len(torch.stack(drawn).unique()) == 60
    share = noise.part(1).uniform((2, 5), LIKE)
    assert torch.equal(Noise(0, 3).part(1).uniform((4, 5), LIKE)[2:], share)


def test_held_noise_follows_other_noise():
    held = Noise(0, 1, rank=1).held(torch.device("cpu"))
    drawn = [Noise(0, 1, rank=1).uniform((3, 7), LIKE), held.uniform((3, 7), LIKE)]
    assert torch.equal(*drawn)
    held = Noise(0, 1, rank=1).held(torch.device("cpu"))
    held.follow(Noise(5, 2, rank=1))
    assert torch.equal(held.uniform((3, 7), LIKE), Noise(5, 2, rank=1).uniform((3, 7), LIKE))


def test_no_number_comes_twice():
    """Whatever the sizes of draws: small ones from one table, large ones, and small ones again."""
    noise = Noise(2)
    sizes = [(4, 1), (4, 60), (4, 9), (4, 3, 101), (4,), (4, 1), (2, 5), (4, 2)]
    drawn = [noise.uniform(shape, LIKE) for shape in sizes]
    assert [tuple(each.shape) for each in drawn] == sizes
    numbers = torch.cat([each.flatten() for each in drawn])
    # Of some 1,500 numbers out of 2^24 hardly a pair is equal by chance.
    assert len(numbers.unique()) >= len(numbers) - 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_numbers_are_uniform_and_of_the_dtype_asked_for(dtype):
    drawn = Noise(0).uniform((10_000,), torch.zeros(1, dtype=dtype))
    assert drawn.dtype == dtype
    assert drawn.min() >= 0 and (drawn.max() < 1 or dtype == torch.bfloat16)
    drawn = drawn.double()
    assert abs(drawn.mean() - 0.5) < 0.01 and abs(drawn.std() - 12**-0.5) < 0.01


def test_the_global_generator_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    draw(1)
    assert torch.equal(torch.rand(1), expected)


def test_numbers_are_made_where_they_are_needed():
    for shape in ((4, 1), (4, 1000)):
        assert Noise(0).uniform(shape, torch.zeros(1, device="meta")).is_meta
