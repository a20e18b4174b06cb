"""Running means of weights, against the closed form and PyTorch's."""

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tgan.training.running_mean import RunningMean

DECAY = 0.9


def make_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))


@torch.no_grad()
def change(network):
    for parameter in network.parameters():
        parameter.add_(torch.randn_like(parameter))
    network(torch.randn(10, 5, dtype=network[0].weight.dtype))


def test_it_is_the_closed_form():
    network = make_network().double()
    mean, seen = RunningMean(network, decay=DECAY), []
    for _ in range(6):
        change(network)
        mean.update_parameters(network)
        seen.append(copy.deepcopy(network.state_dict()))
    factors = [DECAY**5, *[(1 - DECAY) * DECAY**k for k in (4, 3, 2, 1, 0)]]
    for name, found in mean.module.state_dict().items():
        if found.is_floating_point():
            expected = sum(f * each[name] for f, each in zip(factors, seen, strict=True))
            torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    # A count of batches is no weight.
    assert mean.module[1].num_batches_tracked == network[1].num_batches_tracked == 6


def test_it_goes_on_from_tables_of_pytorchs_and_gives_the_same_bits():
    network, settings = make_network(), {"multi_avg_fn": get_ema_multi_avg_fn(DECAY)}
    theirs = AveragedModel(network, use_buffers=True, **settings)
    ours = RunningMean(network, decay=DECAY)
    for number in range(6):
        change(network)
        theirs.update_parameters(network)
        ours.update_parameters(network)
        expected = {k: v for k, v in theirs.state_dict().items() if "num_batches" not in k}
        found = ours.state_dict()
        assert found.keys() == theirs.state_dict().keys()
        assert all(torch.equal(found[name], value) for name, value in expected.items())
        if number == 2:
            ours = RunningMean(make_network(), decay=DECAY)
            ours.load_state_dict(theirs.state_dict())
    assert ours.n_averaged == 6


def test_the_network_and_its_gradients_are_left_alone():
    network = make_network()
    mean = RunningMean(network, decay=DECAY)
    before = copy.deepcopy(network.state_dict())
    for _ in range(2):
        mean.update_parameters(network)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in network.parameters())
    assert not any(p.grad_fn for p in mean.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types_of_numbers_are_kept(dtype):
    network = make_network().to(dtype)
    mean = RunningMean(network, decay=DECAY)
    mean.update_parameters(network)
    pairs = zip(mean.module.parameters(), network.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert {p.dtype for p in mean.parameters()} == {dtype}
