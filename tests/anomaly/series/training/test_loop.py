"""Windows that networks are trained on: a view of the series, trained on as a copy would be."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.made.no_wait import Seen, fetching_meta, passing
from tgan.anomaly.series.presets import PRESETS
from tgan.anomaly.series.scoring.reconstruction import training_windows
from tgan.anomaly.series.training import loop as training
from tgan.anomaly.series.training.loop import train
from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.anomaly.series.training.task import TadGANTask

SMALL = {
    "window": 20,
    "channels": 3,
    "latent_size": 3,
    "batch_size": 8,
    "encoder_settings": {"units": 4},
    "decoder_settings": {"units": 4},
    "window_critic_settings": {"units": 4},
}


def walk(count=300, channels=3):
    steps = np.random.default_rng(0).normal(size=(count, channels))
    return steps.cumsum(0) / count**0.5


def test_they_are_those_of_a_loop_and_take_the_memory_of_the_series():
    series = walk()
    windows = training_windows(series, TadGANSettings(**SMALL))
    expected = np.array([series[i : i + 20].T for i in range(281)], np.float32)
    np.testing.assert_array_equal(windows.numpy(), expected)
    assert windows.untyped_storage().nbytes() == 4 * series.size
    # A device, too, gets the series alone, and not every window.
    there = training_windows(series, TadGANSettings(**SMALL), device="meta")
    assert there.device.type == "meta" and there.stride() == windows.stride()


def test_of_a_long_series_none_is_left_out():
    series = np.arange(250_000.0)[:, None]
    windows = training_windows(series, replace(PRESETS["context"], channels=1))
    assert windows.shape == (249_851, 1, 150)
    np.testing.assert_array_equal(windows[:, 0, 0], series[:249_851, 0])


@pytest.mark.parametrize("place", [0, 150, 299])
def test_numbers_beyond_float32_are_refused(place):
    series = walk()
    series[place, 1] = -1e39
    with pytest.raises(ValueError, match=r"reaches 1\.0e\+39 times.*more than float32 holds"):
        training_windows(series, TadGANSettings(**SMALL))


@pytest.mark.parametrize("name", ["dense", "context"])
@pytest.mark.parametrize("channels", [1, 3])
def test_training_on_the_view_is_training_on_a_copy_bit_for_bit(channels, name):
    hidden = 8 if name == "context" else 0
    settings = replace(PRESETS[name], **{**SMALL, "channels": channels, "hidden": hidden})
    windows = training_windows(walk(channels=channels), settings)
    assert not windows.is_contiguous()
    tasks = [train(w, settings, seed=0, steps=3) for w in (windows, windows.contiguous())]
    for one, other in zip(*(task.networks().values() for task in tasks), strict=True):
        for key, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[key]), key


def test_batches_come_in_one_layout():
    windows = training_windows(walk(), TadGANSettings(**SMALL))
    batch = next(training._reals(windows, 8, 0)).samples
    assert batch.is_contiguous() and batch.shape == (8, 3, 20)


@pytest.mark.parametrize("name", ["dense", "context"])
def test_a_step_waits_for_no_device(name):
    """It is sent the numbers of windows, and latents."""
    hidden = 8 if name == "context" else 0
    settings = replace(PRESETS[name], **SMALL, hidden=hidden, n_critic=2)
    windows = training_windows(walk(), settings, device="meta")
    with fetching_meta():
        task = TadGANTask(settings, seed=0, device="meta")
        reals = training._reals(windows, settings.batch_size, 0)
        latents = training._latents(settings, task.device, 0)
        for step in range(2):
            with passing() as seen:
                task.step(step, reals, latents)
    batches = 2 if settings.reuses_last else 3
    assert seen == [Seen("upload", "device.upload")] * 2 * batches


def test_their_variance_is_taken_in_chunks(monkeypatch):
    monkeypatch.setattr(training, "_CHUNK", 7)
    windows = training_windows(walk() + 1000, TadGANSettings(**SMALL))
    expected = windows.numpy().astype(np.float64).var()
    assert training._variance(windows) == pytest.approx(expected, rel=1e-12)
    last = windows.clone()
    last[-1, -1, -1] = torch.nan
    with pytest.raises(ValueError, match="not finite"):
        train(last, TadGANSettings(**SMALL), seed=0, steps=1)
