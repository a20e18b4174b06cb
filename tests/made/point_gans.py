"""Small GANs of points in the plane, in float64, and the batches of their steps."""

from itertools import count

import torch
from torch import nn

from tgan.constraints import Constraint
from tgan.losses import OBJECTIVES
from tgan.models.mlp import MLP, MLPCritic
from tgan.training.gan import GANTask
from tgan.training.steps import Batch, Critic, Learner

SIZE = 12


def adam(module, lr=1e-2):
    """Its steps do not follow the rounding of gradients that are 0 but for it."""
    return torch.optim.Adam(module.parameters(), lr=lr, betas=(0.5, 0.9), eps=1e-3)


def make_task(schedule, *, objective="non_saturating", dtype=torch.float64, packs=1, **settings):
    """A task of two perceptrons; of the generator's norms one is a batch norm."""
    torch.manual_seed(0)
    generator = MLP((3, 6, 6, 2), batch_norm=True, activation="maxmin").to(dtype)
    critic = MLPCritic(2, width=6, depth=2, activation="maxmin", packs=packs).to(dtype)
    return task_of(generator, critic, schedule, objective=objective, **settings)


def task_of(generator: nn.Module, critic: nn.Module, schedule, *, objective, **settings):
    objective = OBJECTIVES[objective] if isinstance(objective, str) else objective
    learner = Critic(critic, adam(critic), objective=objective, constraint=Constraint())
    return GANTask(Learner(generator, adam(generator)), learner, schedule=schedule, **settings)


def reals(seed=0, dtype=torch.float64):
    """Yield batches of two separate clouds, (SIZE, 2)."""
    for number in count():
        drawn = torch.randn(SIZE, 2, generator=torch.Generator().manual_seed(1000 + number + seed))
        yield Batch((drawn / 4 + torch.tensor([1.0, -1.0])).to(dtype))


def latents(numbers, dtype=torch.float64):
    """Yield batches (SIZE, 3), those of the given numbers."""
    for number in numbers:
        generator = torch.Generator().manual_seed(number)
        yield (2 * torch.rand(SIZE, 3, generator=generator) - 1).to(dtype)


def assert_same(one: GANTask, other: GANTask) -> None:
    """Hold all that two tasks would save against each other, to the bit."""
    first, second = one.tensors(), other.tensors()
    assert first.keys() == second.keys()
    for table in first:
        assert first[table].keys() == second[table].keys()
        for name, value in first[table].items():
            assert torch.equal(value, second[table][name]), (table, name)
