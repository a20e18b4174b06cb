import pytest
import torch
from torch import nn

from tgan.models.modes import evaluating, frozen


def make_network():
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Sequential(nn.Dropout(0.5)))
    network[1].eval()
    return network


@pytest.mark.parametrize("training", [True, False])
def test_every_part_gets_its_own_mode_back_even_after_an_error(training):
    network = make_network()
    network.training = training
    modes = [part.training for part in network.modules()]
    assert len(set(modes)) == 2
    with pytest.raises(RuntimeError), evaluating(network):
        assert not any(part.training for part in network.modules())
        raise RuntimeError
    assert [part.training for part in network.modules()] == modes


def test_frozen_restores_what_was_trainable_even_after_an_error():
    network = make_network()
    network[0].bias.requires_grad_(False)
    trainable = [p.requires_grad for p in network.parameters()]
    with pytest.raises(RuntimeError), frozen(network):
        assert not any(p.requires_grad for p in network.parameters())
        raise RuntimeError
    assert [p.requires_grad for p in network.parameters()] == trainable
    assert trainable.count(False) == 1


def test_what_is_upstream_of_a_frozen_network_gets_its_gradient():
    network = make_network().eval()
    x = torch.rand(2, 3, requires_grad=True)
    with frozen(network):
        network(x).sum().backward()
    expected = (network[0].weight * network[1].weight[:, None]).sum(0).detach()
    torch.testing.assert_close(x.grad, expected.expand(2, 3), rtol=1e-4, atol=1e-6)
    assert all(p.grad is None for p in network.parameters())
