"""The supervised loop against gradient descent written out in NumPy."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tgan.training.rates import linear
from tgan.training.supervised import supervised


def squares(line, batch):
    x, y = batch
    return F.mse_loss(line(x), y)


@pytest.fixture
def line():
    torch.manual_seed(0)
    return nn.Linear(3, 1, dtype=torch.float64)


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)
    return [
        (torch.from_numpy(rng.normal(size=(5, 3))), torch.from_numpy(rng.normal(size=(5, 1))))
        for _ in range(6)
    ]


def test_steps_are_those_of_gradient_descent_at_the_rate_of_the_step(line, batches):
    weight, bias = line.weight.detach().numpy().copy(), line.bias.detach().numpy().copy()
    expected = []
    for step, (x, y) in enumerate(batches):
        rest = x.numpy() @ weight.T + bias - y.numpy()
        expected.append((rest**2).mean())
        rate = 0.1 * (1 - step / 6)
        weight -= rate * 2 * (rest.T @ x.numpy()) / 5
        bias -= rate * 2 * rest.mean(0)
    seen = []
    optimizer = torch.optim.SGD(line.parameters(), 0.1)
    losses = supervised(
        line, squares, batches, optimizer, steps=6, rate=linear(6), report=seen.append
    )
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
    np.testing.assert_allclose(line.weight.detach().numpy(), weight, rtol=1e-12)
    np.testing.assert_allclose(line.bias.detach().numpy(), bias, rtol=1e-12)
    assert seen == losses


def test_each_group_of_parameters_keeps_its_own_rate(line, batches):
    groups = [{"params": [line.weight], "lr": 0.1}, {"params": [line.bias], "lr": 0.02}]
    optimizer = torch.optim.SGD(groups)
    supervised(line, squares, batches, optimizer, steps=2, rate=linear(2))
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.01]


def test_no_more_batches_are_drawn_than_steps_taken(line, batches):
    drawn = []

    def endless():
        for number, batch in enumerate(itertools.cycle(batches)):
            drawn.append(number)
            yield batch

    optimizer = torch.optim.SGD(line.parameters(), 0.1)
    assert len(supervised(line, squares, endless(), optimizer, steps=4)) == 4
    assert drawn == [0, 1, 2, 3]


def test_a_module_trains_in_training_mode_and_is_left_in_inference_mode(batches):
    network = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 1, dtype=torch.float64)).eval()
    modes = []

    def loss(network, batch):
        modes.append(network.training)
        return squares(network, batch)

    supervised(network, loss, batches, torch.optim.SGD(network.parameters(), 0.1), steps=2)
    assert modes == [True, True] and not network.training


def test_a_loss_that_is_not_finite_stops_and_is_named(line, batches):
    batches[2] = (batches[2][0], batches[2][1] * np.inf)
    seen = []
    with pytest.raises(ArithmeticError, match="the tutor's loss is inf at step 2"):
        supervised(
            line,
            squares,
            batches,
            torch.optim.SGD(line.parameters(), 0.1),
            steps=6,
            report=seen.append,
            name="tutor",
        )
    assert len(seen) == 2
