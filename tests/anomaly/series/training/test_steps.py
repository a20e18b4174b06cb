import copy

import pytest
import torch
from torch import nn

from tgan.anomaly.series.networks.layers import Shape
from tgan.anomaly.series.networks.tables import DECODERS, ENCODERS, LATENT_CRITICS, WINDOW_CRITICS
from tgan.anomaly.series.training.steps import (
    Autoencoder,
    Networks,
    critic_steps,
    cycle_step,
    joint_step,
)
from tgan.constraints import CONSTRAINTS, Constraint
from tgan.losses import OBJECTIVES
from tgan.rng.noise import Noise
from tgan.training.steps import Batch, Critic, Learner

SHAPE = Shape(18, latent_size=3)


class Gradients:
    """An optimiser that keeps what it was given and changes nothing."""

    def __init__(self, module):
        self.module, self.seen = module, []

    def step(self):
        self.seen.append({n: p.grad for n, p in self.module.named_parameters()})

    def zero_grad(self):
        self.module.zero_grad(set_to_none=True)


def make_networks(networks, *, objective="wasserstein", constraint=None, reconstruction=10.0):
    encoder, decoder, *critics = networks
    rules = {"objective": OBJECTIVES[objective], "constraint": constraint or Constraint()}
    autoencoder = Autoencoder(encoder, decoder)
    return Networks(
        Learner(autoencoder, Gradients(autoencoder)),
        *(Critic(critic, Gradients(critic), **rules) for critic in critics),
        reconstruction=reconstruction,
    )


def recurrent_networks():
    torch.manual_seed(0)
    networks = (
        ENCODERS["lstm"](SHAPE, units=4),
        DECODERS["lstm"](SHAPE, units=4, dropout=0.0),
        WINDOW_CRITICS["conv"](SHAPE, units=4, dropout=0.0),
        LATENT_CRITICS["mlp"](SHAPE, units=4, dropout=0.0),
    )
    return [network.double() for network in networks]


def inputs():
    generator = torch.Generator().manual_seed(1)
    windows = torch.rand(5, 1, 18, generator=generator).double()
    return Batch(windows), Batch(torch.randn(5, 3, generator=generator).double())


def grads(loss, module):
    """Gradients by name; None where the loss does not depend on a parameter."""
    names, parameters = zip(*module.named_parameters(), strict=True)
    trained = [p for p in parameters if p.requires_grad]
    found = iter(torch.autograd.grad(loss, trained, retain_graph=True, allow_unused=True))
    return {
        n: next(found) if p.requires_grad else None for n, p in zip(names, parameters, strict=True)
    }


def test_the_joint_step_has_the_gradient_of_the_published_loss():
    """Each of its terms, on its own weight, against autograd of the formula as it is written."""
    networks = recurrent_networks()
    encoder, decoder, cx, cz = networks
    (x, *_), (z, *_) = real, prior = inputs()
    for weight in (10.0, 1e-12):
        trained = make_networks(networks, reconstruction=weight)
        terms = joint_step(trained, real=real, prior=prior, noise=Noise(0))
        published = (
            -cx(decoder(z)).mean()
            - cz(encoder(x)).mean()
            + weight * torch.nn.functional.mse_loss(decoder(encoder(x)), x)
        )
        (seen,) = trained.autoencoder.optimizer.seen
        expected = grads(published, trained.autoencoder.module)
        assert seen.keys() == expected.keys()
        for name, gradient in expected.items():
            torch.testing.assert_close(seen[name], gradient)
        torch.testing.assert_close(sum(terms.values()), published.detach())


REACHED = {
    "window_generator_loss": {"decoder", "window_critic"},
    "latent_generator_loss": {"encoder", "latent_critic"},
    "reconstruction": {"encoder", "decoder"},
}


@pytest.mark.parametrize("term", REACHED)
def test_each_term_of_the_joint_step_reaches_its_networks_and_no_critic_is_changed(term):
    """A term is alone where the others are cut: by critics that score 0, or a weight of 1e-30."""
    encoder, decoder, cx, cz = networks = recurrent_networks()
    cut = {"window_generator_loss": cx, "latent_generator_loss": cz}
    with torch.no_grad():
        for name, critic in cut.items():
            if name != term:
                for parameter in critic.parameters():
                    parameter.zero_()
    weight = 10.0 if term == "reconstruction" else 1e-30
    trained = make_networks(networks, reconstruction=weight)
    real, prior = inputs()
    terms = joint_step(trained, real=real, prior=prior, noise=Noise(0))
    (seen,) = trained.autoencoder.optimizer.seen
    for kind in ("encoder", "decoder"):
        sizes = [g.abs().max() for n, g in seen.items() if n.startswith(kind) and g is not None]
        assert (max(sizes) > 1e-9) == (kind in REACHED[term]), kind
    for critic, learner in ((cx, trained.window_critic), (cz, trained.latent_critic)):
        assert learner.optimizer.seen == []
        assert all(p.grad is None for p in critic.parameters())
        assert all(p.requires_grad for p in critic.parameters())
    # The right sign: along its own gradient the term falls.
    before = terms[term]
    with torch.no_grad():
        for name, parameter in trained.autoencoder.module.named_parameters():
            if seen[name] is not None:
                parameter -= 1e-3 * seen[name]
    assert joint_step(trained, real=real, prior=prior, noise=Noise(0))[term] < before


@pytest.mark.parametrize("name", OBJECTIVES)
def test_critic_steps_have_the_gradients_of_their_own_losses_and_reach_nothing_else(name):
    networks = recurrent_networks()
    encoder, decoder, cx, cz = networks
    (x, *_), (z, *_) = real, prior = inputs()
    constraint = CONSTRAINTS["wgan_gp"](weight=10.0)
    trained = make_networks(networks, objective=name, constraint=constraint)
    terms = critic_steps(trained, real=real, prior=prior, noise=Noise(0), update=1)
    noise, loss = Noise(0), OBJECTIVES[name].critic
    for critic, learner, kind, genuine, fake in (
        (cx, trained.window_critic, "window", x, decoder(z).detach()),
        (cz, trained.latent_critic, "latent", z, encoder(x).detach()),
    ):
        share = noise.uniform((5, *[1] * (genuine.ndim - 1)), genuine)
        between = (share * genuine + (1 - share) * fake).requires_grad_()
        (slopes,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        penalty = 10 * (slopes.flatten(1).norm(dim=1) - 1).square().mean()
        own = loss(critic(genuine), critic(fake))
        (seen,) = learner.optimizer.seen
        for key, gradient in grads(own + penalty, critic).items():
            torch.testing.assert_close(seen[key], gradient)
        torch.testing.assert_close(terms[f"{kind}_penalty"], penalty.detach())
        torch.testing.assert_close(terms[f"{kind}_critic_loss"], own.detach())
        assert all(p.grad is None for p in critic.parameters())
    assert trained.autoencoder.optimizer.seen == []
    assert all(p.grad is None for p in (*encoder.parameters(), *decoder.parameters()))


class Scores(nn.Module):
    """x -> w . x for inputs of any shape, as scores (N,)."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float64)[None])

    def forward(self, x):
        return (x.flatten(1) @ self.weight.T).flatten()


class Scale(nn.Module):
    """x -> factor x, reshaped."""

    def __init__(self, factor, shape):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor, dtype=torch.float64))
        self.shape = shape

    def forward(self, x):
        return self.factor * x.reshape(len(x), *self.shape)


def test_a_linear_toy_by_hand():
    """E(x) = 2 x, G(z) = 3 z, Cx(x) = (3, 4) . x, Cz(z) = (0, 2) . z, two windows of two steps."""
    x = torch.tensor([[[1.0, 0.0]], [[0.0, 0.5]]], dtype=torch.float64)
    z = torch.tensor([[1.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    networks = Scale(2.0, (2,)), Scale(3.0, (1, 2)), Scores([3.0, 4.0]), Scores([0.0, 2.0])
    trained = make_networks(networks, constraint=CONSTRAINTS["wgan_gp"](weight=10.0))
    terms = critic_steps(trained, real=Batch(x), prior=Batch(z), noise=Noise(0), update=1)
    # Cx: real (3, 2), fake 3 z -> (21, -9). |w| = 5, so the penalty is 10 * 16.
    assert terms["window_critic_loss"] == pytest.approx(6.0 - 2.5)
    assert terms["window_critic_gap"] == pytest.approx(-3.5)
    assert terms["window_penalty"] == pytest.approx(160.0)
    # d/dw: mean fake - mean real = (0, 1.5) - (0.5, 0.25), and 10 * 2 * 4 * w / 5 = (48, 64).
    seen = trained.window_critic.optimizer.seen[0]["weight"].flatten()
    torch.testing.assert_close(seen, torch.tensor([47.5, 65.25]).double())
    # Cz: real (2, 0), fake 2 x -> (0, 2). |w| = 2: 10 * 1; d/dw = (1, .5) - (0, .5) + (0, 20).
    assert terms["latent_critic_loss"] == pytest.approx(1.0 - 1.0)
    assert terms["latent_penalty"] == pytest.approx(10.0)
    seen = trained.latent_critic.optimizer.seen[0]["weight"].flatten()
    torch.testing.assert_close(seen, torch.tensor([1.0, 20.0]).double())
    # Joint: -6, -1, and 10 * mean (6 x - x)^2 = 10 * 25 * (1 + 0.25) / 4.
    terms = joint_step(trained, real=Batch(x), prior=Batch(z), noise=Noise(0))
    assert terms["window_generator_loss"] == pytest.approx(-6.0)
    assert terms["latent_generator_loss"] == pytest.approx(-1.0)
    assert terms["reconstruction"] == pytest.approx(78.125)
    # With E(x) = e x, G(z) = g z: d/de = -0.5 + 10 * 2 g (g e - 1) 1.25 / 4, d/dg likewise.
    seen = trained.autoencoder.optimizer.seen[0]
    assert seen["encoder.factor"] == pytest.approx(-0.5 + 93.75)
    assert seen["decoder.factor"] == pytest.approx(-2.0 + 62.5)


def test_a_step_takes_its_batches_in_turn_and_the_last_ones_twice_if_told():
    taken, projected = [], []

    class Note(Constraint):
        def project(self, critic, updates):
            projected.append((type(critic).__name__, updates))

    for reuses_last, batches in ((True, 3), (False, 4)):
        networks = recurrent_networks()
        trained = make_networks(networks, constraint=Note())
        encoded = []
        networks[0].register_forward_pre_hook(
            lambda module, given, seen=encoded: seen.append(float(given[0][0, 0, 0]))
        )
        windows = iter([Batch(torch.full((2, 1, 18), float(n)).double()) for n in range(9)])
        latents = iter([torch.full((2, 3), float(n)).double() for n in range(9)])
        projected.clear()
        cycle_step(
            trained,
            reals=windows,
            latents=latents,
            noise=Noise(0),
            update=7,
            n_critic=3,
            reuses_last=reuses_last,
        )
        assert projected == [
            (kind, n) for n in (7, 8, 9) for kind in ("ConvCritic", "LatentCritic")
        ]
        assert next(windows).samples[0, 0, 0] == batches and next(latents)[0, 0] == batches
        taken.append(encoded)
    assert taken == [[0, 1, 2, 2], [0, 1, 2, 3]]


def test_networks_are_as_they_were_where_a_step_does_not_train_them():
    networks = recurrent_networks()
    before = copy.deepcopy([n.state_dict() for n in networks])
    trained = make_networks(networks)
    real, prior = inputs()
    critic_steps(trained, real=real, prior=prior, noise=Noise(0), update=1)
    joint_step(trained, real=real, prior=prior, noise=Noise(0))
    for network, state in zip(networks, before, strict=True):
        assert all(torch.equal(state[k], v) for k, v in network.state_dict().items())
