"""Foreseen updates against those that PyTorch's optimisers make."""

import copy

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, RMSprop

from tgan.training.schedules.foresight import Foresight

OPTIMIZERS = {
    "sgd": lambda p: SGD(p, lr=0.1),
    "rmsprop": lambda p: RMSprop(p, lr=0.02, alpha=0.9, eps=1e-6),
    "adam": lambda p: Adam(p, lr=0.03, betas=(0.5, 0.9), eps=1e-6),
    "adam without a first mean": lambda p: Adam(p, lr=0.03, betas=(0.0, 0.9)),
    "fused adam": lambda p: Adam(p, lr=0.03, betas=(0.5, 0.9), fused=True),
}


def network_and_optimizer(name, *, updates):
    """A perceptron and an optimiser that has made some updates already."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    optimizer = OPTIMIZERS[name](network.parameters())
    for _ in range(updates):
        really_updated(network, optimizer)
    return network, optimizer


def loss_of(network, weights=None):
    x = torch.linspace(-1, 1, 15).double().view(5, 3)
    given = dict(network.named_parameters()) if weights is None else weights
    return torch.func.functional_call(network, given, x).exp().mean()


def really_updated(network, optimizer):
    optimizer.zero_grad()
    loss_of(network).backward()
    optimizer.step()
    optimizer.zero_grad()


@pytest.mark.parametrize("updates", [0, 3])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updates_are_those_that_the_optimiser_makes(name, updates):
    network, optimizer = network_and_optimizer(name, updates=updates)
    names = [key for key, _ in network.named_parameters()]
    before = copy.deepcopy([network.state_dict(), optimizer.state_dict()])
    foresight = Foresight(optimizer, network.parameters())
    weights = [p.detach().clone().requires_grad_() for p in network.parameters()]
    for _ in range(3):
        loss = loss_of(network, dict(zip(names, weights, strict=True)))
        weights = foresight.update(weights, torch.autograd.grad(loss, weights, create_graph=True))
    # Nothing that is there has changed.
    torch.testing.assert_close(
        [network.state_dict(), optimizer.state_dict()], before, rtol=0, atol=0
    )
    for _ in range(3):
        really_updated(network, optimizer)
    assert loss_of(network) < loss_of(network, before[0])
    torch.testing.assert_close(
        [w.detach() for w in weights],
        [p.detach() for p in network.parameters()],
        rtol=1e-12,
        atol=1e-13,
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_of_zero_leaves_a_finite_slope(name):
    """As weights of a unit that is never lit have it: the square root is steep at 0."""
    weight = nn.Parameter(torch.ones(3))
    optimizer = OPTIMIZERS[name]([weight])
    slope = torch.tensor([0.0, 0.0, 2.0], requires_grad=True)
    foresight, after = Foresight(optimizer, [weight]), [weight]
    for _ in range(2):
        after = foresight.update(after, [slope])
    (found,) = torch.autograd.grad(after[0].sum(), slope)
    assert torch.isfinite(found).all()
    assert (after[0][:2] == 1).all() and after[0][2] < 1


def test_rates_of_groups_are_their_own():
    one, other = (nn.Parameter(torch.zeros(1)) for _ in range(2))
    optimizer = SGD([{"params": [one], "lr": 0.5}, {"params": [other], "lr": 2.0}])
    after = Foresight(optimizer, [other, one]).update([other, one], [torch.ones(1)] * 2)
    assert [each.item() for each in after] == [-2.0, -0.5]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: AdamW(p), "updates of AdamW cannot be foreseen; SGD, RMSprop or Adam can"),
        (lambda p: SGD(p, lr=1, momentum=0.9), "updates of SGD with momentum 0.9 cannot be"),
        (lambda p: Adam(p, weight_decay=0.1), "updates of Adam with weight_decay 0.1 cannot be"),
    ],
)
def test_updates_of_other_kinds_are_refused(make, message):
    with pytest.raises(ValueError, match=message) as error:
        Foresight.check(make([nn.Parameter(torch.ones(1))]))
    assert "\n" not in str(error.value)
