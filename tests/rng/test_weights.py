import pytest
import torch

from tgan.rng import Stream, seed_of
from tgan.rng.weights import seeded


def test_the_global_generator_starts_from_the_keys_and_is_as_it_was():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    drawn = seeded(lambda: torch.rand(4), 7, 1)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(seed_of(Stream.WEIGHTS, 7, 1))
    assert torch.equal(drawn, torch.rand(4))


@pytest.fixture
def gpus(monkeypatch):
    """The generators of three GPUs, two of which nothing may be asked of."""
    generators = [torch.Generator().manual_seed(number) for number in range(3)]

    def only(device):
        assert torch.device(device).index == 1
        return generators[1]

    def restore(state, device):
        only(device).set_state(state)

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "default_generators", generators)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: only(device).get_state())
    monkeypatch.setattr(torch.cuda, "set_rng_state", restore)
    return generators


@pytest.mark.filterwarnings("error:CUDA reports that you have")
def test_of_many_devices_the_one_that_is_drawn_on_is_seeded(gpus):
    before = [generator.get_state() for generator in gpus]

    def draw():
        assert torch.equal(gpus[0].get_state(), before[0])
        return torch.rand(4), torch.rand(4, generator=gpus[1])

    on_cpu, on_gpu = seeded(draw, 7, device="cuda:1")
    assert torch.equal(on_cpu, on_gpu)
    assert all(torch.equal(g.get_state(), b) for g, b in zip(gpus, before, strict=True))
    assert torch.equal(seeded(draw, 7, device="cuda:1")[1], on_gpu)
