import pytest
import torch
from torch import nn

from tests.truths.operators import explicit_norm
from tgan.constraints import CONSTRAINTS, Constraint
from tgan.constraints.constrain import constrain
from tgan.models import VideoCritic

PENALTIES = ("wgan_gp", "wgan_lp", "dragan", "r1", "r1_r2", "orthonormal")


def their_critic():
    """A critic of somebody else's, which knows nothing of this package."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 8, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(8 * 4 * 4, 1),
    )


def train(critic, *, steps):
    optimizer = torch.optim.Adam(critic.parameters(), 0.1)
    for _ in range(steps):
        loss = critic(torch.rand(4, 3, 16, 16)).mean() - critic(torch.randn(4, 3, 16, 16)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize("name", sorted(CONSTRAINTS.keys() - {*PENALTIES}))
def test_every_strategy_that_is_no_penalty_goes_on_with_another_loop(name):
    critic = their_critic()
    assert constrain(critic, name, example=torch.zeros(1, 3, 16, 16)) is critic
    train(critic, steps=6)
    assert torch.isfinite(critic(torch.rand(2, 3, 16, 16))).all()


def test_a_certified_critic_stays_one_lipschitz_by_norms_of_explicit_matrices():
    example = torch.zeros(1, 3, 16, 16)
    critic = constrain(their_critic(), "svc_certified", example=example, interval=1)
    train(critic, steps=3)
    critic(torch.rand(1, 3, 16, 16))
    norms = [
        explicit_norm(critic[0].weight.detach(), (16, 16), stride=2, padding=1),
        explicit_norm(critic[2].weight.detach(), (8, 8), stride=2, padding=1),
        torch.linalg.matrix_norm(critic[5].weight, 2).item(),
    ]
    assert max(norms) <= 1 + 1e-5 and min(norms) > 0.5
    plain = their_critic()
    train(plain, steps=3)
    assert torch.linalg.matrix_norm(plain[5].weight, 2) > 1.5


def test_weights_are_projected_at_once_and_after_updates_alone():
    calls = []

    class Noting(Constraint):
        def project(self, critic, updates):
            calls.append(updates)

    critic = constrain(their_critic(), Noting())
    assert calls == [0]
    x = torch.rand(2, 3, 16, 16)
    critic(x), critic(x)
    assert calls == [0]
    train(critic, steps=2)
    critic(x)
    assert calls == [0, 1, 2]


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_is_refused_since_it_belongs_to_the_loss(name):
    with pytest.raises(ValueError, match="is a penalty: add its `penalty` to the critic's loss"):
        constrain(their_critic(), name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"constraint": "svc_certfied"}, "did you mean 'svc_certified'"),
        ({"constraint": "svc", "intervall": 1}, "no setting 'intervall' .did you mean 'interval'"),
        ({"constraint": "svc", "interval": 0}, "interval 0 is not positive"),
        ({"constraint": "svc_certified"}, r"calls the critic on the example.* \(\[\] here\)"),
        (
            {"constraint": "svc_certified", "example": torch.zeros(1, 1, 16, 16)},
            r"calls the critic on the example.* \(\[\(1, 1, 16, 16\)\] here\)",
        ),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        constrain(their_critic(), **arguments)


def test_a_layer_that_no_certificate_knows_is_named():
    critic = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Softmax(1), nn.Flatten(), nn.Linear(4 * 36, 1))
    with pytest.raises(ValueError, match=r"1.* is no linear layer or convolution"):
        constrain(critic, "svc_certified", example=torch.zeros(1, 3, 8, 8))


def test_our_own_critics_can_be_constrained_too():
    critic = VideoCritic(channels=1, num_frames=4, resolution=32, width=2, batch_norm=False)
    constrain(critic, "spectral_norm_conv", example=torch.zeros(1, 1, 4, 32, 32))
    assert critic(torch.rand(2, 1, 4, 32, 32)).shape == (2,)
