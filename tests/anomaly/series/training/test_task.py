import dataclasses
import json

import numpy as np
import pytest
import torch

from tgan.anomaly.series.networks.inference import critic_scores, reconstruct
from tgan.anomaly.series.presets import PRESETS
from tgan.anomaly.series.training.loop import train
from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.anomaly.series.training.task import TadGANTask, build_networks
from tgan.constraints import CONSTRAINTS, Constraint
from tgan.training.state import load_network

SMALL = {
    "window": 18,
    "latent_size": 3,
    "batch_size": 4,
    "n_critic": 2,
    "encoder_settings": {"units": 3},
    "decoder_settings": {"units": 3},
    "window_critic_settings": {"units": 3},
    "latent_critic_settings": {"units": 3},
}

DENSE = {"encoder": "dense", "decoder": "dense", "window_critic": "dense"}


def small(**changes) -> TadGANSettings:
    return TadGANSettings(**{**SMALL, **changes})


def sine_with_spike(window):
    """Windows (M, 1, window) in [-1, 1] of 600 steps of a sine with one spike."""
    t = np.arange(600)
    signal = 0.5 * np.sin(2 * np.pi * t / 40)
    signal[350:354] += 0.5
    views = np.lib.stride_tricks.sliding_window_view(signal.astype(np.float32), window)
    return torch.from_numpy(views.copy())[:, None]


def error_of(task, windows):
    found = reconstruct(task.encoder, task.decoder, windows)
    return float((found - windows).square().mean())


def component_error(windows, count):
    flat = windows.flatten(1).double().numpy()
    values = np.linalg.svd(flat - flat.mean(0), compute_uv=False)
    return (values[count:] ** 2).sum() / flat.size


def test_dense_networks_learn_a_sine_from_scratch_better_than_any_constant():
    windows = sine_with_spike(40)
    settings = dataclasses.replace(
        PRESETS["dense"],
        window=40,
        latent_size=5,
        batch_size=32,
        learning_rate=3e-3,
        starts_from_components=False,
    )
    variance = float(windows.var())
    before = error_of(TadGANTask(settings, seed=0), windows)
    after = error_of(train(windows, settings, seed=0, steps=80), windows)
    # No constant window comes closer than the mean of all, nor a constant number than the variance.
    constant = float((windows - windows.mean(0)).square().mean())
    assert before > variance > 0.1
    assert after < 0.1 * variance and after < 0.1 * constant


def test_what_starts_from_components_ends_no_worse():
    windows = sine_with_spike(40)
    settings = dataclasses.replace(PRESETS["dense"], window=40, latent_size=2, batch_size=32)
    components = component_error(windows, 2)
    assert error_of(train(windows, settings, seed=0, steps=60), windows) < 1.25 * components


def test_recurrent_networks_learn_a_sine():
    """The published networks, narrower, at a higher rate and with fewer critic updates."""
    windows = sine_with_spike(20)
    settings = small(
        window=20,
        batch_size=16,
        n_critic=1,
        encoder_settings={"units": 16},
        decoder_settings={"units": 16, "dropout": 0.0},
        learning_rate=1e-2,
        reconstruction=100.0,
    )
    after = error_of(train(windows, settings, seed=0, steps=60), windows)
    assert after < 0.5 * float(windows.var())


def weights_of(task):
    return {
        f"{name}.{key}": value
        for name, network in task.networks().items()
        for key, value in network.state_dict().items()
    }


def equal(one, other):
    one, other = weights_of(one), weights_of(other)
    assert one.keys() == other.keys()
    return all(torch.equal(value, other[key]) for key, value in one.items())


def test_training_leaves_the_global_generator_alone_and_does_not_depend_on_it():
    windows, states = sine_with_spike(18), []
    tasks = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        tasks.append(train(windows, small(), seed=3, steps=2))
        states.append(torch.equal(before, torch.get_rng_state()))
    assert states == [True, True]
    assert equal(*tasks)
    assert not equal(tasks[0], train(windows, small(), seed=4, steps=2))


@pytest.mark.parametrize("name", CONSTRAINTS)
@pytest.mark.parametrize("critic", ["conv", "lstm"])
def test_every_constraint_trains_or_refuses_in_one_line(critic, name):
    settings = small(
        constraint=name,
        window_critic=critic,
        window_critic_settings={"units": 3, "dropout": 0.0},
        latent_critic_settings={"units": 3, "dropout": 0.0},
    )
    windows = sine_with_spike(18)
    if critic == "lstm" and name in ("spectral_norm", "spectral_norm_conv", "aol", "svc_certified"):
        with pytest.raises(ValueError, match="lstm") as told:
            train(windows, settings, seed=0, steps=1)
        assert "\n" not in str(told.value)
        return
    task = train(windows, settings, seed=0, steps=3)
    for network in task.networks().values():
        assert all(torch.isfinite(p).all() for p in network.parameters())
    if name == "weight_clip":
        for network in (task.window_critic, task.latent_critic):
            assert max(p.abs().max() for p in network.parameters()) <= 0.01 + 1e-9


def test_clipped_critics_have_clipped_matrices_after_training():
    settings = small(constraint="svc", constraint_settings={"interval": 1, "maximum": 0.5})
    task = train(sine_with_spike(18), settings, seed=0, steps=2)
    for network in (task.window_critic, task.latent_critic):
        for parameter in network.parameters():
            if parameter.ndim > 1:
                assert torch.linalg.matrix_norm(parameter.flatten(1), 2) <= 0.5 + 1e-4


@pytest.mark.parametrize("critic", ["conv", "lstm", "dense"])
def test_bfloat16_is_near_float32_and_keeps_float32_weights(critic):
    windows, seen = sine_with_spike(18), []
    for bf16 in (False, True):
        settings = small(bf16=bf16, window_critic=critic, decoder_settings={"units": 3})
        task = train(windows, settings, seed=0, steps=1, report=lambda s, t: seen.append(t))
        assert {p.dtype for n in task.networks().values() for p in n.parameters()} == {
            torch.float32
        }
    for name, value in seen[0].items():
        assert seen[1][name].dtype == torch.float32
        torch.testing.assert_close(seen[1][name], value, rtol=0.05, atol=0.05)
    assert not torch.equal(seen[0]["reconstruction"], seen[1]["reconstruction"])


def test_several_channels_and_fewer_windows_than_a_batch_train():
    windows = torch.rand(3, 2, 18)
    task = train(windows, small(channels=2), seed=0, steps=2)
    assert task.decoder(task.encoder(windows)).shape == windows.shape


def test_losses_that_are_not_finite_end_it():
    with pytest.raises(ArithmeticError, match="TadGAN's .* is (nan|inf|-inf) at step"):
        train(sine_with_spike(18), small(**DENSE, learning_rate=1e30), seed=0, steps=30)


def test_the_rate_falls_in_the_last_share_of_the_steps(monkeypatch):
    rates, step = [], TadGANTask.step

    def recorded(self, *given, rate):
        rates.append(rate)
        return step(self, *given, rate=rate)

    monkeypatch.setattr(TadGANTask, "step", recorded)
    train(sine_with_spike(18), small(**DENSE, cooldown=0.5), seed=0, steps=8)
    assert rates == [1, 1, 1, 1, 1, 0.75, 0.5, 0.25]


def test_the_published_number_of_steps():
    # The protocol's section 0, item 3: AdEx 140 and Art 175 or 210.
    published = PRESETS["published"]
    assert published.steps_of(1548) == 140 and published.steps_of(1916) == 175
    assert published.steps_of(10) == 1
    assert PRESETS["context"].steps_of(10) == PRESETS["context"].steps_of(10**6)


def test_critics_may_learn_at_a_rate_of_their_own():
    # The first update of Adam changes every weight with a gradient by the rate.
    settings = small(**DENSE, learning_rate=1e-5, critic_learning_rate=1e-2, n_critic=1)
    before = TadGANTask(settings, seed=0).networks()
    after = train(sine_with_spike(18), settings, seed=0, steps=1).networks()
    changes = {
        name: max(
            float((new - old).detach().abs().max())
            for new, old in zip(after[name].parameters(), before[name].parameters(), strict=True)
        )
        for name in after
    }
    assert max(changes["encoder"], changes["decoder"]) == pytest.approx(1e-5, rel=0.05)
    assert changes["window_critic"] == pytest.approx(1e-2, rel=0.05)
    assert changes["latent_critic"] == pytest.approx(1e-2, rel=0.05)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"window": 0}, "window 0 of a TadGAN"),
        ({"batch_size": 2.5}, "batch_size 2.5 of a TadGAN"),
        ({"learning_rate": float("nan")}, "learning_rate nan of a TadGAN is not positive"),
        ({"critic_learning_rate": 0.0}, "critic_learning_rate 0.0 of a TadGAN is not positive"),
        ({"steps": -1}, "steps -1 of a TadGAN are no whole number from 0"),
        ({"hidden": 18}, r"hidden 18 of a TadGAN is not in \[0, 18\), its window"),
        ({"hidden": 5}, "hidden 5 steps do not lie in the middle of a window of 18"),
        ({"reconstruction": 0.0}, "reconstruction 0.0 of a TadGAN is not positive"),
        ({"beta2": 1.0}, "beta2 1.0 of a TadGAN"),
        ({"cooldown": 1.5}, "cooldown 1.5 of a TadGAN"),
        ({"encoder": "lstn"}, "unknown encoder 'lstn' .did you mean 'lstm'"),
        ({"window_critic": "cnn"}, "unknown window critic 'cnn'.*choose from conv, dense"),
        ({"constraint": "gp"}, "unknown constraint 'gp'"),
        ({"objective": "wgan"}, "unknown objective 'wgan'"),
        # Without a loss of scores for encoder and decoder.
        ({"objective": "feature_matching"}, "unknown objective 'feature_matching'"),
        ({"constraint_settings": {"wait": 1}}, "constraint 'wgan_gp' has no setting 'wait'"),
        ({"encoder_settings": {"window": 3}}, "unknown setting of encoder 'lstm' 'window'"),
        ({"starts_from_components": True}, "only a dense encoder and a dense decoder"),
    ],
)
def test_settings_out_of_range_are_named(changes, message):
    with pytest.raises(ValueError, match=message) as told:
        small(**changes)
    assert "\n" not in str(told.value)


COUNTS = ("window", "channels", "latent_size", "batch_size", "n_critic", "hidden", "steps")


@pytest.mark.parametrize("name", COUNTS)
def test_whole_numbers_of_numpy_are_kept_as_pythons_and_booleans_are_none(name):
    for kind in (np.int64, np.uint8, np.int32):
        made = small(**{name: kind(20 if name == "window" else 2)})
        assert type(getattr(made, name)) is int
        assert TadGANSettings(**json.loads(json.dumps(dataclasses.asdict(made)))) == made
    for value in (True, np.True_, np.float64(2.0), 2.0, "2"):
        with pytest.raises(ValueError, match=f"^{name} {value} of a TadGAN"):
            small(**{name: value})


@pytest.mark.parametrize(
    "windows, message",
    [
        (torch.zeros(3, 18), r"shape \(3, 18\)"),
        (torch.zeros(3, 2, 18), r"shape \(3, 2, 18\) for a TadGAN of .*1, 18"),
        (torch.zeros(0, 1, 18), r"shape \(0, 1, 18\)"),
        (torch.full((3, 1, 18), torch.nan), "not finite"),
    ],
)
def test_windows_that_do_not_fit_are_named(windows, message):
    with pytest.raises(ValueError, match=message):
        train(windows, small(), seed=0, steps=1)


@pytest.mark.parametrize("per_variance", [True, False])
def test_errors_are_paid_by_the_variance_where_they_are_told_to_be(per_variance):
    windows = 0.1 * sine_with_spike(18)[:12]
    changes = {"per_variance": per_variance, "reconstruction": 7.0, "batch_size": 12}
    settings = small(**DENSE, **changes)
    # Encoder and decoder are as they were when the first step takes its error, of all windows.
    start = TadGANTask(settings, seed=0)
    error, terms = error_of(start, windows), []
    train(windows, settings, seed=0, steps=1, report=lambda _, found: terms.append(found))
    variance = windows.double().numpy().var() if per_variance else 1.0
    assert variance < 0.01 or not per_variance
    assert float(terms[0]["reconstruction"]) == pytest.approx(7 * error / variance, rel=1e-5)


@pytest.mark.parametrize("n_critic", [1, 3])
def test_constraints_are_told_the_number_of_each_critic_update(n_critic, monkeypatch):
    told = []

    class Note(Constraint):
        def project(self, critic, updates):
            told.append((type(critic).__name__, updates))

    monkeypatch.setitem(CONSTRAINTS, "note", Note)
    train(sine_with_spike(18), small(constraint="note", n_critic=n_critic), seed=0, steps=3)
    for kind in ("ConvCritic", "LatentCritic"):
        assert [n for name, n in told if name == kind] == list(range(1, 3 * n_critic + 1))


def test_a_clip_at_an_interval_of_updates_is_at_those_updates_under_several_per_step():
    """Every 6th of 3 per step: after the 2nd step, and not after the 1st or the 3rd."""
    largest = []
    settings = small(
        **{**DENSE, "n_critic": 3},
        constraint="svc",
        constraint_settings={"interval": 6, "maximum": 0.2},
    )
    for steps in (1, 2, 3):
        critic = train(sine_with_spike(18), settings, seed=0, steps=steps).window_critic
        largest.append(
            max(torch.linalg.matrix_norm(p, 2) for p in critic.parameters() if p.ndim > 1)
        )
    assert largest[0] > 0.25 and largest[1] < 0.2 + 1e-4 < largest[2]


def test_constant_windows_are_trained_on_without_a_variance_to_measure_errors_by():
    terms = []
    settings = small(per_variance=True)
    train(torch.zeros(3, 1, 18), settings, seed=0, steps=1, report=lambda _, t: terms.append(t))
    assert all(torch.isfinite(term) for term in terms[0].values())


def test_inference_is_the_same_in_any_batches_without_dropout_and_leaves_modes_alone():
    windows = sine_with_spike(18)
    task = TadGANTask(small(), seed=0)
    whole, parts = (
        reconstruct(task.encoder, task.decoder, windows, batch_size=n) for n in (600, 7)
    )
    torch.testing.assert_close(whole, parts)
    scores, parts = (critic_scores(task.window_critic, windows, batch_size=n) for n in (600, 7))
    torch.testing.assert_close(scores, parts)
    assert scores.shape == (len(windows),) and not scores.requires_grad
    assert all(network.training for network in task.networks().values())


@pytest.mark.parametrize("constraint", ["svc", "spectral_norm"])
def test_networks_can_be_rebuilt_from_settings_as_plain_data(constraint):
    """What a stored detector needs: JSON and tensors, under constraints that rename weights too."""
    windows = sine_with_spike(18)
    task = train(windows, small(constraint=constraint), seed=0, steps=2)
    settings = TadGANSettings(**json.loads(json.dumps(dataclasses.asdict(task.settings))))
    assert settings == task.settings
    networks, _ = build_networks(settings, seed=1)
    for name, network in networks.items():
        load_network(network, task.networks()[name].state_dict(), name=name)
    pair = networks["encoder"], networks["decoder"]
    torch.testing.assert_close(
        reconstruct(*pair, windows), reconstruct(task.encoder, task.decoder, windows)
    )
    torch.testing.assert_close(
        critic_scores(networks["window_critic"], windows),
        critic_scores(task.window_critic, windows),
    )


def test_adam_is_fused_on_some_kinds_of_devices_and_does_the_same(monkeypatch):
    fused, tasks = [], []
    adam = torch.optim.Adam

    def noted(*args, **settings):
        fused.append(settings["fused"])
        return adam(*args, **settings)

    monkeypatch.setattr(torch.optim, "Adam", noted)
    for kinds in ((), ("cpu",)):
        monkeypatch.setattr("tgan.system.device._FUSING", kinds)
        tasks.append(train(sine_with_spike(18), small(), seed=0, steps=3))
    assert fused == [None] * 3 + [True] * 3
    for one, other in zip(*(task.networks().values() for task in tasks), strict=True):
        weights = [network.state_dict() for network in (one, other)]
        torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-6)
