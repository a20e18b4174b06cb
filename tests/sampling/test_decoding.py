import numpy as np
import pytest
import torch

from tgan.models import VideoGenerator
from tgan.sampling.decoding import batch_latents, sample_videos, seed_latents


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    network = VideoGenerator(
        z_slow=8,
        z_fast=8,
        resolution=32,
        channels=1,
        temporal_width=8,
        width=16,
        image_init="he_normal",
    )
    network(torch.rand(8, 8) * 2 - 1)
    return network


def test_a_latent_depends_on_its_seed_alone():
    together = seed_latents([5, 0, 7], 10)
    assert torch.equal(together[2:], seed_latents([7], 10))
    assert torch.equal(together[0], seed_latents([4, 5], 10)[1])
    assert not torch.equal(together[0], together[1])


def test_latents_are_uniform_on_the_interval():
    values = seed_latents(range(300), 100)
    assert values.min() >= -1 and values.max() < 1
    assert values.mean().abs() < 0.02
    assert values.var().item() == pytest.approx(1 / 3, rel=0.02)


def test_training_latents_change_with_seed_and_draw():
    first = batch_latents(0, 0, batch_size=4, size=6)
    assert torch.equal(first, batch_latents(0, 0, batch_size=4, size=6))
    assert not torch.equal(first, batch_latents(0, 1, batch_size=4, size=6))
    assert not torch.equal(first, batch_latents(1, 0, batch_size=4, size=6))


def test_batch_size_changes_pixels_by_one_at_most(generator):
    seeds = [3, 1, 4, 15, 9]
    together = np.stack(list(sample_videos(generator, seeds, size=8, batch_size=5)))
    apart = np.stack(list(sample_videos(generator, seeds, size=8, batch_size=2)))
    assert together.shape == (5, 16, 32, 32, 1) and together.dtype == np.uint8
    assert np.abs(together.astype(int) - apart).max() <= 1
    assert np.abs(together[0].astype(int) - together[1]).max() > 1


def test_sampling_leaves_mode_and_running_statistics_alone(generator):
    generator.train()
    before = {k: v.clone() for k, v in generator.state_dict().items()}
    list(sample_videos(generator, range(3), size=8))
    assert generator.training
    assert all(torch.equal(before[k], v) for k, v in generator.state_dict().items())


def test_negative_seeds_are_refused():
    with pytest.raises(ValueError):
        seed_latents([-1], 3)


def test_a_label_goes_to_its_own_seed(generator):
    torch.manual_seed(0)
    network = VideoGenerator(
        z_slow=8,
        z_fast=8,
        resolution=32,
        channels=1,
        temporal_width=8,
        width=16,
        num_labels=2,
        image_init="he_normal",
    )
    labels = torch.tensor([1, 0, 0, 1, 1])
    together = list(sample_videos(network, range(5), size=8, batch_size=2, condition=(labels,)))
    for seed, label in enumerate(labels):
        (alone,) = sample_videos(network, [seed], size=8, condition=(label[None],))
        assert np.abs(alone.astype(int) - together[seed]).max() <= 1
    (other,) = sample_videos(network, [0], size=8, condition=(torch.tensor([0]),))
    assert np.abs(other.astype(int) - together[0]).max() > 1
