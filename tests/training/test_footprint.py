from functools import partial

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.conftest import make_tiny_config
from tests.made.forked import in_a_copy
from tests.made.schedules import PAIRS_BUT_SLOW, UNCONSTRAINED
from tgan.constraints import CONSTRAINTS
from tgan.losses import OBJECTIVES
from tgan.runs.build import build_task
from tgan.training import footprint
from tgan.training.gan import GANTask
from tgan.training.processes import make_accelerator
from tgan.training.steps import Batch, Critic, Learner

peak_of_step = partial(in_a_copy, footprint.peak_of_step)


def task_of(constraint="svc", objective="wasserstein", **train):
    config = make_tiny_config()
    config.objective, config.constraint.name = objective, constraint
    config.constraint.interval = None
    unconstrained = train.get("schedule") in UNCONSTRAINED
    config.critic.batch_norm = constraint in ("svc", "none", "weight_clip") and not unconstrained
    for name, value in train.items():
        setattr(config.train, name, value)
    return build_task(config, make_accelerator(mixed_precision="no"))


def batches(count=4, device="meta"):
    return (
        Batch(torch.zeros(count, 1, 16, 32, 32, device=device)),
        torch.zeros(count, 8, device=device),
    )


def peak_with_numbers(task, count=4):
    """The same count of a step that is really taken, the second one, in which all tables are."""
    real, z = batches(count, "cpu")
    counting = footprint._Count()
    tables = task.tensors()
    for table in tables.values():
        for tensor in table.values():
            counting.note(tensor)
    with counting:
        for step in range(2):
            task.step(step, iter([real] * 9), iter([z] * 9))
    return counting.peak


@pytest.mark.parametrize(
    ("schedule", "constraint"),
    [
        ("simultaneous", "none"),
        ("alternating", "wgan_gp"),
        ("simultaneous", "r1_r2"),
        ("unrolled", "none"),
        pytest.param("evolutionary", "svc", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("recomputes", [False, True])
def test_it_is_what_a_step_with_numbers_takes(schedule, constraint, recomputes):
    task = task_of(constraint, schedule=schedule, checkpoint_activations=recomputes)
    before = {name: value.clone() for name, value in task.generator.module.state_dict().items()}
    found = peak_of_step(task, *batches())
    after = task.generator.module.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not task.generator.optimizer.state
    assert found == pytest.approx(in_a_copy(peak_with_numbers, task), rel=0.02)


def test_it_is_that_of_a_closed_form():
    """One linear layer each: weights, gradients, tables and a batch's values, and little else."""

    class One(nn.Module):
        def __init__(self, size, out):
            super().__init__()
            self.layer = nn.Linear(size, out, bias=False)

        def forward(self, x):
            return self.layer(x).squeeze(1)

    size, count = 1000, 500
    generator, critic = One(size, size), One(size, 1)
    rules = {"objective": OBJECTIVES["wasserstein"], "constraint": CONSTRAINTS["none"]()}
    optimizers = [torch.optim.Adam(network.parameters()) for network in (generator, critic)]
    task = GANTask(Learner(generator, optimizers[0]), Critic(critic, optimizers[1], **rules))
    found = peak_of_step(task, Batch(torch.empty(count, size)), torch.empty(count, size))
    weights = 4 * size * size
    # The optimiser's step: a weight, its gradient, two tables, and a few tensors on the way.
    assert 4 * weights <= found <= 7 * weights + 4 * count * size * 4


def test_it_grows_with_the_batch_and_shrinks_with_what_is_recomputed():
    task, sparing = task_of(), task_of(checkpoint_activations=True)
    sizes = [peak_of_step(task, *batches(count)) for count in (8, 16, 32)]
    assert sizes[2] - sizes[1] == pytest.approx(2 * (sizes[1] - sizes[0]), rel=0.05)
    assert peak_of_step(sparing, *batches(32)) < 0.9 * sizes[2]
    assert peak_of_step(task, *batches(32), half=True) < 0.7 * sizes[2]


def test_a_batch_beyond_all_memory_costs_none():
    assert peak_of_step(task_of(), *batches(10**7)) > 5e12


@pytest.mark.parametrize(("schedule", "constraint"), PAIRS_BUT_SLOW)
def test_every_schedule_and_constraint_can_be_counted(schedule, constraint):
    task = task_of(constraint, schedule=schedule, ema_decay=0.9)
    assert peak_of_step(task, *batches()) > 1e5


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_can_be_counted(objective):
    assert peak_of_step(task_of("none", objective), *batches()) > 1e5


def test_what_is_counted_ends_with_its_storage():
    counting = footprint._Count()
    assert isinstance(counting, TorchDispatchMode)
    with counting:
        x = torch.ones(1000)
        view = x[:10]
        del x
        assert counting.now == 4000
        del view
        assert counting.now == 0 and counting.peak == 4000
