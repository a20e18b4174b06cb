"""A dense pair that starts as linear algebra gives it, against scikit-learn and numpy."""

import tracemalloc

import numpy as np
import pytest
import torch
from scipy.linalg import eigh
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from tgan.anomaly.series.networks import components
from tgan.anomaly.series.networks.components import start_from_components
from tgan.anomaly.series.networks.layers import HidesMiddle, Shape
from tgan.anomaly.series.networks.tables import DECODERS, ENCODERS

WINDOW, CHANNELS, HIDDEN = 10, 2, 4
IS_SEEN = np.tile(np.r_[[True] * 3, [False] * 4, [True] * 3], CHANNELS)


def walks(count=300):
    """Windows (M, C, W), float64, whose steps depend on each other and have means."""
    rng = torch.Generator().manual_seed(0)
    steps = torch.randn(count, CHANNELS, WINDOW, generator=rng, dtype=torch.float64)
    return steps.cumsum(2) / WINDOW + torch.tensor([[0.5], [-0.2]]).double()


def started(windows, latent_size, *, hidden):
    torch.manual_seed(0)
    shape = Shape(WINDOW, CHANNELS, latent_size)
    encoder, decoder = (t["dense"](shape, units=5).double() for t in (ENCODERS, DECODERS))
    if hidden:
        encoder = HidesMiddle(encoder, window=WINDOW, hidden=hidden)
    start_from_components(encoder, decoder, windows)
    return encoder, decoder


def predictions(windows):
    """What scikit-learn's ridge regression on the seen numbers makes of whole windows."""
    flat = windows.flatten(1).numpy()
    seen = flat[:, IS_SEEN]
    alpha = components._RIDGE * seen.var(0).mean() * len(seen)
    return Ridge(alpha=alpha, solver="svd").fit(seen, flat).predict(seen)


def test_without_hidden_steps_it_is_a_principal_component_analysis():
    windows = walks()
    encoder, decoder = started(windows, 4, hidden=0)
    latents = encoder(windows)
    torch.testing.assert_close(latents.T @ latents / 300, torch.eye(4).double())
    assert latents.mean(0).abs().max() < 1e-9
    flat = windows.flatten(1).numpy()
    pca = PCA(4, svd_solver="full").fit(flat)
    expected = pca.inverse_transform(pca.transform(flat))
    found = decoder(latents).flatten(1).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_hidden_steps_are_predicted_by_ridge_regression():
    windows = walks()
    # As many components as numbers are seen: all of the prediction.
    encoder, decoder = started(windows, int(IS_SEEN.sum()), hidden=HIDDEN)
    found = decoder(encoder(windows)).flatten(1).detach().numpy()
    np.testing.assert_allclose(found, predictions(windows), atol=1e-8)
    latents = encoder(windows)
    torch.testing.assert_close(
        latents.T @ latents / 300, torch.eye(latents.shape[1]).double(), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("latent_size", [1, 3, 6])
def test_at_a_lower_rank_they_are_the_components_of_predictions(latent_size):
    windows = walks()
    encoder, decoder = started(windows, latent_size, hidden=HIDDEN)
    predicted = predictions(windows)
    pca = PCA(latent_size, svd_solver="full").fit(predicted)
    expected = pca.inverse_transform(pca.transform(predicted))
    found = decoder(encoder(windows)).flatten(1).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-8)
    # Windows that it was not fitted on, too, are predicted by the seen steps alone.
    others = walks(500)[300:]
    changed = others.clone()
    changed[:, :, 3:7] = 9.0
    torch.testing.assert_close(decoder(encoder(others)), decoder(encoder(changed)), rtol=0, atol=0)


def test_without_a_penalty_it_is_least_squares(monkeypatch):
    monkeypatch.setattr(components, "_RIDGE", 0.0)
    windows = walks()
    encoder, decoder = started(windows, int(IS_SEEN.sum()), hidden=HIDDEN)
    flat = windows.flatten(1).numpy()
    design = np.column_stack([flat[:, IS_SEEN], np.ones(len(flat))])
    expected = design @ np.linalg.lstsq(design, flat, rcond=None)[0]
    found = decoder(encoder(windows)).flatten(1).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-8)
    # Steps that are seen are then themselves.
    np.testing.assert_allclose(found[:, IS_SEEN], flat[:, IS_SEEN], atol=1e-8)


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_windows_that_vary_little_or_not_at_all(hidden):
    constant = torch.full((5, CHANNELS, WINDOW), 0.5).double()
    encoder, decoder = started(constant, 4, hidden=hidden)
    found = decoder(encoder(walks()))
    torch.testing.assert_close(found, torch.full_like(found, 0.5))
    assert (encoder(walks()) == 0).all()
    # Along one direction only: the other latents are 0.
    line = torch.linspace(-1, 1, 40).double()[:, None, None] * walks(1)
    encoder, decoder = started(line, 4, hidden=hidden)
    latents = encoder(line)
    assert (latents[:, 1:] == 0).all()
    torch.testing.assert_close(latents[:, 0].square().mean(), torch.tensor(1.0).double())


@pytest.mark.parametrize("value", [0.25, 0.1])
def test_where_nothing_that_is_seen_varies_the_mean_is_predicted(value):
    windows = walks()
    # Sums of 0.1 are rounded, so that not even their mean need be 0.1.
    windows[:, :, [0, 1, 2, 7, 8, 9]] = value
    encoder, decoder = started(windows, 4, hidden=HIDDEN)
    for seen in (windows, walks()):
        found = decoder(encoder(seen))
        torch.testing.assert_close(found, windows.mean(0).expand_as(found))


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_the_start_of_many_windows_is_that_of_them_at_once(hidden, monkeypatch):
    windows, found = walks(), []
    for chunk in (1000, 300, 77, 1):
        monkeypatch.setattr(components, "_CHUNK", chunk)
        encoder, decoder = started(windows, 4, hidden=hidden)
        found.append(decoder(encoder(windows)))
    for others in found[1:]:
        torch.testing.assert_close(others, found[0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("hidden", [0, HIDDEN])
def test_the_start_does_not_depend_on_the_signs_that_a_library_chooses(hidden, monkeypatch):
    windows = walks()
    expected = started(windows, 4, hidden=hidden)[0](windows)

    def other(*args, **kwargs):
        variances, vectors = eigh(*args, **kwargs)
        return variances, -vectors

    monkeypatch.setattr(components, "eigh", other)
    found = started(windows, 4, hidden=hidden)[0](windows)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_more_latents_than_numbers_are_seen_leave_the_others_at_0():
    windows = walks()
    encoder, decoder = started(windows, 20, hidden=HIDDEN)
    latents = encoder(windows)
    assert (latents[:, 12:] == 0).all() and (latents[:, :12].std(0) > 0.9).all()
    found = decoder(latents).flatten(1).detach().numpy()
    np.testing.assert_allclose(found, predictions(windows), atol=1e-8)


def test_the_start_of_many_channels_takes_little_memory():
    """12 channels of 150 steps: no matrix of all numbers with all others is made."""
    rng = torch.Generator().manual_seed(0)
    windows = torch.randn(300, 12, 150, generator=rng).cumsum(2) / 150
    shape = Shape(window=150, channels=12, latent_size=10)
    encoder = HidesMiddle(ENCODERS["dense"](shape, units=2), window=150, hidden=140)
    decoder = DECODERS["dense"](shape, units=2)
    start_from_components(encoder, decoder, windows[:2])
    tracemalloc.start()
    start_from_components(encoder, decoder, windows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # (1800, 1800) in float64 would be 26 MB; the windows are 4 MB, and 1800 times 120 numbers 2.
    assert peak < 20e6


@pytest.mark.parametrize("pair", [("lstm", "dense"), ("dense", "lstm")])
@pytest.mark.parametrize("hidden", [0, 50])
def test_other_pairs_do_not_start_as_components(pair, hidden):
    encoder, decoder = ENCODERS[pair[0]](Shape()), DECODERS[pair[1]](Shape())
    if hidden:
        encoder = HidesMiddle(encoder, window=100, hidden=hidden)
    with pytest.raises(ValueError, match="only a dense encoder and a dense decoder"):
        start_from_components(encoder, decoder, torch.zeros(3, 1, 100))


def test_more_latents_than_numbers_are_refused():
    with pytest.raises(ValueError, match="windows of 20 numbers have no 21 components"):
        started(walks(), 21, hidden=0)
