import pytest
import torch

from tgan.anomaly.series.networks.layers import BiLSTM, HidesMiddle, Shape
from tgan.anomaly.series.networks.tables import DECODERS, ENCODERS, LATENT_CRITICS, WINDOW_CRITICS
from tgan.anomaly.series.presets import PRESETS
from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.constraints import CONSTRAINTS
from tgan.rng.noise import Noise

# By hand from the published description, Keras' LSTMs: 4 (u (u + inputs) + u) in each direction.
PUBLISHED = {
    # 2 * 4 * (100 * 101 + 100) = 81600; 100 * 200 * 20 + 20 = 400020.
    "encoder": (ENCODERS["lstm"], 481_620),
    # 20 * 50 + 50 = 1050; 2 * 4 * (64 * 65 + 64) = 33792; 2 * 4 * (64 * 192 + 64) = 98816;
    # 128 + 1 = 129.
    "decoder": (DECODERS["lstm"], 133_787),
    # 5 * 64 + 64 = 384; 3 * (5 * 64 * 64 + 64) = 61632; 84 * 64 + 1 = 5377.
    "window critic": (WINDOW_CRITICS["conv"], 67_393),
    # 2 * (20 * 20 + 20) = 840; 20 + 1 = 21.
    "latent critic": (LATENT_CRITICS["mlp"], 861),
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_published_networks_have_the_published_number_of_weights(kind):
    make, expected = PUBLISHED[kind]
    assert sum(p.numel() for p in make(Shape()).parameters() if p.requires_grad) == expected


@pytest.mark.parametrize("window, channels", [(100, 1), (17, 3), (51, 2)])
@pytest.mark.parametrize("name", ENCODERS)
def test_any_window_and_channels_come_back_in_shape(name, window, channels):
    shape = Shape(window, channels, latent_size=5)
    encoder, decoder = ENCODERS[name](shape, units=6), DECODERS[name](shape, units=6)
    windows = torch.rand(4, channels, window)
    latents = encoder(windows)
    assert latents.shape == (4, 5)
    assert decoder(latents).shape == windows.shape


@pytest.mark.parametrize("name", WINDOW_CRITICS)
def test_critics_of_windows_score_each_window_by_itself(name):
    torch.manual_seed(0)
    critic = WINDOW_CRITICS[name](Shape(61, 2), units=4).eval()
    windows = torch.rand(3, 2, 61)
    scores = critic(windows)
    assert scores.shape == (3,) and scores.unique().numel() == 3
    for window, score in zip(windows, scores, strict=True):
        torch.testing.assert_close(critic(window[None])[0], score)


def test_every_step_of_a_window_reaches_the_latents_of_the_recurrent_encoder():
    """Not the fault of a known port, whose LSTM sees the window as one step."""
    torch.manual_seed(0)
    encoder = ENCODERS["lstm"](Shape(12, latent_size=2), units=3).double()
    window = torch.rand(1, 1, 12, dtype=torch.float64)
    assert not torch.allclose(encoder(window), encoder(window.flip(2)))
    with torch.no_grad():
        encoder.last.weight.zero_()
        # Only the last step's outputs count: of the first steps they know by the recurrence.
        encoder.last.weight[:, 11 * 6 : 11 * 6 + 3] = 1
    window.requires_grad_()
    (gradient,) = torch.autograd.grad(encoder(window).sum(), window)
    assert (gradient.abs() > 1e-9).all()


def test_the_bidirectional_lstm_is_a_literal_one_each_way():
    torch.manual_seed(0)
    for dropout in (0.0, 0.5):
        layer = BiLSTM(2, 3, dropout=dropout).double().eval()
        x = torch.rand(1, 4, 2, dtype=torch.float64)
        weights = list(layer.parameters())
        for way, (w_x, w_h, b, _) in enumerate((weights[:4], weights[4:])):
            h = c = torch.zeros(3, dtype=torch.float64)
            steps = range(4) if way == 0 else range(3, -1, -1)
            for t in steps:
                i, f, g, o = (w_x @ x[0, t] + w_h @ h + b).chunk(4)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                torch.testing.assert_close(layer(x)[0, t, 3 * way : 3 * way + 3], h)


@pytest.mark.parametrize("window", [1, 8, 9])
def test_the_recurrent_decoder_doubles_steps_in_place(window):
    """Steps 0 0 1 1 2 2 ... of half as many; of an odd window the last one is there once."""
    torch.manual_seed(0)
    decoder = DECODERS["lstm"](Shape(window, 2, 3), units=2).double().eval()
    latent = torch.randn(3, dtype=torch.float64)
    steps = [
        weights @ latent + bias for weights, bias in zip(*decoder.first.parameters(), strict=True)
    ]
    assert len(steps) == (window + 1) // 2
    coarse = decoder.coarse(torch.stack(steps)[None, :, None])[0]
    doubled = torch.stack([coarse[t // 2] for t in range(window)])
    fine = decoder.fine(doubled[None])[0]
    found = decoder(latent[None])[0]
    assert found.shape == (2, window)
    for t in range(window):
        for channel in range(2):
            expected = torch.tanh(
                decoder.last.weight[channel] @ fine[t] + decoder.last.bias[channel]
            )
            torch.testing.assert_close(found[channel, t], expected)


def test_dropout_of_sequences_hits_a_sample_at_all_steps_alike_and_each_way_apart():
    torch.manual_seed(0)
    layer = BiLSTM(1, 1, dropout=0.25)
    dropped = layer._drop(torch.ones(4000, 7, 1))
    assert ((dropped == 0) | (dropped == 1 / 0.75)).all()
    assert (dropped == dropped[:, :1]).all()
    assert abs((dropped == 0).double().mean() - 0.25) < 0.03
    ahead, behind = layer(torch.ones(4000, 7, 1)).unbind(2)
    nothing_ahead, nothing_behind = layer.eval()(torch.zeros(1, 7, 1)).unbind(2)
    lost = (ahead == nothing_ahead).all(1), (behind == nothing_behind).all(1)
    assert abs(lost[0].double().mean() - 0.25) < 0.03
    assert abs((lost[0] & lost[1]).double().mean() - 0.0625) < 0.02


def test_networks_are_drawn_as_keras_draws_them():
    torch.manual_seed(0)
    lstm = ENCODERS["lstm"](Shape(channels=2), units=8).lstm.both
    forget = lstm.bias_ih_l0[8:16]
    assert (forget == 1).all() and lstm.bias_ih_l0.sum() == 8
    assert (lstm.bias_hh_l0 == 0).all() and not lstm.bias_hh_l0.requires_grad
    torch.testing.assert_close(lstm.weight_hh_l0.T @ lstm.weight_hh_l0, torch.eye(8))
    bound = (6 / (2 + 32)) ** 0.5
    assert 0.8 * bound < lstm.weight_ih_l0.abs().max() <= bound


def hiding(**changes):
    """The encoder and decoder of a small TadGAN that hides the 4 middle steps of 12."""
    settings = TadGANSettings(
        window=12,
        channels=2,
        hidden=4,
        latent_size=3,
        window_critic="dense",
        encoder_settings={"units": 5},
        decoder_settings={"units": 5, "dropout": 0.0},
        **changes,
    )
    torch.manual_seed(0)
    networks = settings.networks()
    assert settings.margin == 4
    return networks["encoder"], networks["decoder"]


@pytest.mark.parametrize("value", [5.0, -1e9, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_does_not_see_the_hidden_middle_in_any_way(name, value):
    encoder, _ = hiding(encoder=name)
    windows = torch.rand(3, 2, 12, requires_grad=True)
    latents = encoder(windows)
    zeroed = windows.detach().clone()
    zeroed[:, :, 4:8] = 0
    assert torch.equal(latents, encoder.network(zeroed))
    (gradient,) = torch.autograd.grad(latents.square().sum(), windows)
    assert (gradient[:, :, 4:8] == 0).all()
    assert (gradient[:, :, [0, 1, 2, 3, 8, 9, 10, 11]].abs().amax((0, 1)) > 0).all()
    for step in range(12):
        changed = windows.detach().clone()
        changed[1, 0, step] = value
        assert torch.equal(encoder(changed), latents) == (4 <= step < 8), step
        assert torch.equal(encoder(changed)[[0, 2]], latents[[0, 2]])


@pytest.mark.parametrize("name", ENCODERS)
def test_the_reconstruction_of_hidden_steps_trains_both_networks(name):
    encoder, decoder = hiding(encoder=name, decoder=name)
    windows = torch.rand(8, 2, 12) * 2 - 1
    error = (decoder(encoder(windows)) - windows)[:, :, 4:8].square().mean()
    error.backward()
    gradients = {
        kind: [p.grad for p in network.parameters() if p.requires_grad]
        for kind, network in (("encoder", encoder), ("decoder", decoder))
    }
    for kind, found in gradients.items():
        assert all(gradient is not None for gradient in found), kind
        assert all(gradient.abs().max() > 0 for gradient in found), kind
    # A small step against the gradient makes the error smaller: the sign is right.
    with torch.no_grad():
        for network in (encoder, decoder):
            for parameter in network.parameters():
                if parameter.grad is not None:
                    parameter -= 1e-3 * parameter.grad
        after = (decoder(encoder(windows)) - windows)[:, :, 4:8].square().mean()
    assert after < error
    if name == "dense":
        # Weights of what is not seen have nothing to learn from.
        first = encoder.network.path.linear.weight.grad.reshape(3, 2, 12)
        assert (first[:, :, 4:8] == 0).all() and (first[:, :, :4] != 0).any()


def test_what_is_hidden_is_no_part_of_the_weights_and_moves_with_them():
    encoder, _ = hiding(encoder="dense")
    assert set(encoder.state_dict()) == {f"network.{key}" for key in encoder.network.state_dict()}
    assert encoder.to("meta").is_hidden.device.type == "meta"
    assert not isinstance(TadGANSettings().networks()["encoder"], HidesMiddle)


@pytest.mark.parametrize(("window", "hidden", "margin"), [(10, 0, 0), (10, 4, 3), (11, 9, 1)])
def test_what_is_hidden_lies_in_the_middle(window, hidden, margin):
    assert TadGANSettings(window=window, hidden=hidden).margin == margin


@pytest.mark.parametrize(
    ("hidden", "message"),
    [
        (-2, "hidden -2 of a TadGAN is not in"),
        (10, "hidden 10 of a TadGAN is not in"),
        (2.0, "hidden 2.0 of a TadGAN is not in"),
        (3, "hidden 3 steps do not lie in the middle of a window of 10"),
    ],
)
def test_steps_that_cannot_be_hidden(hidden, message):
    with pytest.raises(ValueError, match=message):
        TadGANSettings(window=10, hidden=hidden)


def test_the_default_hides_the_middle_and_starts_from_components():
    settings = PRESETS["context"]
    assert 0 < settings.hidden < settings.window and settings.starts_from_components
    encoder = settings.networks()["encoder"]
    assert isinstance(encoder, HidesMiddle)
    expected = [False] * settings.margin + [True] * settings.hidden + [False] * settings.margin
    assert encoder.is_hidden.tolist() == expected
    assert PRESETS["published"].hidden == PRESETS["dense"].hidden == 0


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ENCODERS["lstm"](Shape(), units=0), "units 0 of a network is below 1"),
        (lambda: Shape(latent_size=0), "latent_size 0 of a network is below 1"),
        (lambda: DECODERS["lstm"](Shape(), dropout=1.0), "dropout 1.0 of a network is not in"),
        (lambda: WINDOW_CRITICS["conv"](Shape(16)), "16 steps is too short.*needs 17"),
    ],
)
def test_settings_that_make_no_network_are_refused_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as told:
        make()
    assert "\n" not in str(told.value)


REFUSED_BY_RECURRENT = {"spectral_norm", "spectral_norm_conv", "aol", "svc_certified"}


@pytest.mark.parametrize("name", CONSTRAINTS)
@pytest.mark.parametrize("kind", WINDOW_CRITICS)
def test_every_constraint_runs_or_refuses_in_one_line(kind, name):
    torch.manual_seed(0)
    critic = WINDOW_CRITICS[kind](Shape(61), units=3, dropout=0.0)
    windows = torch.rand(2, 1, 61)
    constraint = CONSTRAINTS[name]()
    if kind == "lstm" and name in REFUSED_BY_RECURRENT:
        with pytest.raises(ValueError, match="lstm") as told:
            constraint.attach(critic, (windows[:1],))
        assert "\n" not in str(told.value)
        if name != "svc_certified":
            assert "recurrent" in str(told.value)
        return
    constraint.attach(critic, (windows[:1],))
    penalty = constraint.penalty(critic, critic, windows, -windows, Noise(0))
    loss = critic(windows).sum()
    (loss if penalty is None else loss + penalty).backward()
    assert all(p.grad is not None for p in critic.parameters() if p.requires_grad)
    constraint.project(critic, 5)
    assert torch.isfinite(critic(windows)).all()


@pytest.mark.parametrize("name", ["svc_certified", "aol"])
def test_certificates_are_not_given_to_a_critic_with_dropout(name):
    with pytest.raises(ValueError, match="Dropout"):
        CONSTRAINTS[name]().attach(WINDOW_CRITICS["conv"](Shape()), (torch.zeros(1, 1, 100),))


def test_clipped_matrices_do_not_make_a_recurrent_critic_lipschitz():
    """All of its matrices have norm 1, yet its score is steeper: nothing is certified."""
    torch.manual_seed(0)
    critic = WINDOW_CRITICS["lstm"](Shape(50), units=1, dropout=0.0).double()
    with torch.no_grad():
        for name, parameter in critic.named_parameters():
            parameter.fill_(0)
            if "bias_ih" in name:
                parameter.copy_(torch.tensor([9.0, 9.0, 0.0, 9.0]))  # Gates open, the cell keeps.
            elif "weight_ih" in name:
                parameter[2] = 1
        critic.last.weight[:, ::2] = 1
    CONSTRAINTS["svc"](interval=1).project(critic, 1)
    norms = [torch.linalg.matrix_norm(p, 2) for p in critic.parameters() if p.ndim == 2]
    assert max(norms) <= 1 + 1e-9
    window = torch.zeros(1, 1, 50, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(critic(window).sum(), window)
    assert gradient.norm() > 5


def test_a_gradient_penalty_through_the_recurrent_critic_is_exact_in_float32():
    """PyTorch's fast kernels of LSTMs on a CPU are differentiated twice here: against float64."""
    gradients = []
    for dtype in (torch.float32, torch.float64):
        torch.manual_seed(0)
        critic = WINDOW_CRITICS["lstm"](Shape(9), units=4, dropout=0.0).to(dtype)
        windows = torch.rand(3, 1, 9, generator=torch.Generator().manual_seed(1)).to(dtype)
        penalty = CONSTRAINTS["wgan_gp"]().penalty(critic, critic, windows, -windows, Noise(0))
        trained = [p for p in critic.parameters() if p.requires_grad]
        found = torch.autograd.grad(penalty, trained, allow_unused=True)
        gradients.append([g for g in found if g is not None])
    for narrow, wide in zip(*gradients, strict=True):
        torch.testing.assert_close(narrow.double(), wide, rtol=1e-4, atol=1e-5)
