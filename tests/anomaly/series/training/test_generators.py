"""Random numbers of TadGAN leave the global generators of every device as they were."""

import numpy as np
import pytest
import torch

from tgan.anomaly.series.baselines.forecaster import LSTMForecaster
from tgan.anomaly.series.training.loop import train
from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.anomaly.series.training.task import build_networks

SMALL = TadGANSettings(
    window=18,
    latent_size=2,
    batch_size=2,
    n_critic=1,
    encoder_settings={"units": 2},
    decoder_settings={"units": 2},
    window_critic_settings={"units": 2},
    latent_critic_settings={"units": 2},
)


@pytest.fixture
def gpus(monkeypatch):
    """Seeds of two GPUs' generators, as far as they can be had without a GPU."""
    seeds = {0: 11, 1: 12}

    def seed_all(seed):
        seeds.update(dict.fromkeys(seeds, seed))

    def restore(seed, number):
        seeds[number] = seed

    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda *_, **__: None)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(seeds))
    monkeypatch.setattr(torch.cuda, "get_rng_state", seeds.get)
    monkeypatch.setattr(torch.cuda, "set_rng_state", restore)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seed_all)
    return seeds


USES = {
    "networks": lambda: build_networks(SMALL, seed=0),
    "training": lambda: train(torch.rand(3, 1, 18), SMALL, seed=0, steps=2),
    "forecaster": lambda: LSTMForecaster(length=4, units=2, epochs=1).fit(np.ones((9, 1))),
}


@pytest.mark.filterwarnings("error:CUDA reports that you have 2 available devices")
@pytest.mark.parametrize("name", USES)
def test_generators_of_every_gpu_are_as_they_were(name, gpus):
    torch.manual_seed(7)
    assert gpus == {0: 7, 1: 7}
    gpus.update({0: 11, 1: 12})
    USES[name]()
    assert gpus == {0: 11, 1: 12}
