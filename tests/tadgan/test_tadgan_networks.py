import pytest
import torch

from tgan.constraints import CONSTRAINTS
from tgan.noise import Noise
from tgan.tadgan.components import start_from_components
from tgan.tadgan.layers import BiLSTM
from tgan.tadgan.networks import DECODERS, ENCODERS, LATENT_CRITICS, WINDOW_CRITICS

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
    assert sum(p.numel() for p in make().parameters() if p.requires_grad) == expected


@pytest.mark.parametrize("window, channels", [(100, 1), (17, 3), (51, 2)])
@pytest.mark.parametrize("name", ENCODERS)
def test_any_window_and_channels_come_back_in_shape(name, window, channels):
    sizes = {"window": window, "channels": channels, "latent_size": 5, "units": 6}
    encoder, decoder = ENCODERS[name](**sizes), DECODERS[name](**sizes)
    windows = torch.rand(4, channels, window)
    latents = encoder(windows)
    assert latents.shape == (4, 5)
    assert decoder(latents).shape == windows.shape


@pytest.mark.parametrize("name", WINDOW_CRITICS)
def test_critics_of_windows_score_each_window_by_itself(name):
    torch.manual_seed(0)
    critic = WINDOW_CRITICS[name](window=61, channels=2, units=4).eval()
    windows = torch.rand(3, 2, 61)
    scores = critic(windows)
    assert scores.shape == (3,) and scores.unique().numel() == 3
    for window, score in zip(windows, scores, strict=True):
        torch.testing.assert_close(critic(window[None])[0], score)


def test_every_step_of_a_window_reaches_the_latents_of_the_recurrent_encoder():
    """Not the fault of a known port, whose LSTM sees the window as one step."""
    torch.manual_seed(0)
    encoder = ENCODERS["lstm"](window=12, channels=1, latent_size=2, units=3).double()
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
    lstm = ENCODERS["lstm"](units=8, channels=2).lstm.both
    forget = lstm.bias_ih_l0[8:16]
    assert (forget == 1).all() and lstm.bias_ih_l0.sum() == 8
    assert (lstm.bias_hh_l0 == 0).all() and not lstm.bias_hh_l0.requires_grad
    torch.testing.assert_close(lstm.weight_hh_l0.T @ lstm.weight_hh_l0, torch.eye(8))
    bound = (6 / (2 + 32)) ** 0.5
    assert 0.8 * bound < lstm.weight_ih_l0.abs().max() <= bound


def test_a_dense_pair_starts_as_principal_components():
    rng = torch.Generator().manual_seed(0)
    windows = torch.randn(200, 2, 9, generator=rng).double().cumsum(2) / 9
    torch.manual_seed(0)
    sizes = {"window": 9, "channels": 2, "latent_size": 4, "units": 5}
    encoder, decoder = ENCODERS["dense"](**sizes).double(), DECODERS["dense"](**sizes).double()
    start_from_components(encoder, decoder, windows)
    latents = encoder(windows)
    torch.testing.assert_close(latents.T @ latents / 200, torch.eye(4).double())
    assert latents.mean(0).abs().max() < 1e-9
    flat = windows.flatten(1)
    left, values, axes = torch.linalg.svd(flat - flat.mean(0), full_matrices=False)
    expected = (left[:, :4] * values[:4]) @ axes[:4] + flat.mean(0)
    torch.testing.assert_close(decoder(latents).flatten(1), expected)
    # Constant windows have no components, and nothing is divided by 0.
    start_from_components(encoder, decoder, torch.full((5, 2, 9), 0.5).double())
    assert torch.isfinite(decoder(encoder(windows))).all()


@pytest.mark.parametrize("pair", [("lstm", "dense"), ("dense", "lstm")])
def test_other_pairs_do_not_start_as_components(pair):
    with pytest.raises(ValueError, match="only a dense encoder and a dense decoder"):
        start_from_components(ENCODERS[pair[0]](), DECODERS[pair[1]](), torch.zeros(3, 1, 100))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ENCODERS["lstm"](units=0), "units 0 of a network is below 1"),
        (lambda: DECODERS["lstm"](dropout=1.0), "dropout 1.0 of a network is not in"),
        (lambda: WINDOW_CRITICS["conv"](window=16), "16 steps is too short.*needs 17"),
        (lambda: WINDOW_CRITICS["strided"](window=60), "60 steps is too short.*needs 61"),
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
    critic = WINDOW_CRITICS[kind](window=61, channels=1, units=3, dropout=0.0)
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
    (
        constraint.penalty(critic, critic, windows, -windows, Noise(0)) + critic(windows).sum()
    ).backward()
    assert all(p.grad is not None for p in critic.parameters() if p.requires_grad)
    constraint.project(critic, 5)
    assert torch.isfinite(critic(windows)).all()


@pytest.mark.parametrize("name", ["svc_certified", "aol"])
def test_certificates_are_not_given_to_a_critic_with_dropout(name):
    with pytest.raises(ValueError, match="Dropout"):
        CONSTRAINTS[name]().attach(WINDOW_CRITICS["conv"](), (torch.zeros(1, 1, 100),))


def test_clipped_matrices_do_not_make_a_recurrent_critic_lipschitz():
    """All of its matrices have norm 1, yet its score is steeper: nothing is certified."""
    torch.manual_seed(0)
    critic = WINDOW_CRITICS["lstm"](window=50, units=1, dropout=0.0).double()
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
        critic = WINDOW_CRITICS["lstm"](window=9, units=4, dropout=0.0).to(dtype)
        windows = torch.rand(3, 1, 9, generator=torch.Generator().manual_seed(1)).to(dtype)
        penalty = CONSTRAINTS["wgan_gp"]().penalty(critic, critic, windows, -windows, Noise(0))
        trained = [p for p in critic.parameters() if p.requires_grad]
        found = torch.autograd.grad(penalty, trained, allow_unused=True)
        gradients.append([g for g in found if g is not None])
    for narrow, wide in zip(*gradients, strict=True):
        torch.testing.assert_close(narrow.double(), wide, rtol=1e-4, atol=1e-5)
