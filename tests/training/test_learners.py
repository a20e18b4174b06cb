"""Updates of several learners at once, against PyTorch's own recipe for loss scales."""

import math

import pytest
import torch

from tgan.training.learners import Learner, update_all


def make_learner(init_scale=8.0):
    torch.manual_seed(0)
    network = torch.nn.Linear(3, 2)
    scaler = torch.amp.GradScaler(
        "cpu", init_scale=init_scale, growth_interval=2, enabled=init_scale is not None
    )
    return Learner(network, torch.optim.Adam(network.parameters()), scaler=scaler)


def give_gradients(learner, factor):
    x = torch.arange(6.0).view(2, 3)
    learner.scaler.scale(learner.module(x).square().sum() * factor).backward()


# Factors of the losses of two learners in turn.
FACTORS = [(1, 1), (1, math.inf), (1, 1), (math.nan, 2), (1, 1), (1, 1), (math.inf, math.inf)]


def test_steps_are_skipped_and_scales_adapted_as_by_pytorchs_recipe():
    together = [make_learner(), make_learner(64.0)]
    alone, scales = [make_learner(), make_learner(64.0)], []
    for factors in FACTORS:
        for learner, factor in zip(together, factors, strict=True):
            give_gradients(learner, factor)
        assert update_all(*together) == [math.isfinite(factor) for factor in factors]
        for learner, factor in zip(alone, factors, strict=True):
            give_gradients(learner, factor)
            learner.scaler.step(learner.optimizer)
            learner.scaler.update()
            learner.optimizer.zero_grad()
        for one, other in zip(together, alone, strict=True):
            assert one.scaler.state_dict() == other.scaler.state_dict()
            assert one.loss_scale == other.scaler.get_scale()
            for a, b in zip(one.module.parameters(), other.module.parameters(), strict=True):
                assert torch.equal(a, b) and a.grad is None
        scales.append(tuple(learner.scaler.get_scale() for learner in together))
    # Grown after two steps, and halved at each overflow.
    assert scales == [(8, 64), (16, 32), (16, 32), (8, 64), (8, 64), (16, 128), (8, 64)]


def test_a_scale_that_has_gone_to_nothing_makes_no_step():
    learner = make_learner(0.0)
    before = learner.module.weight.clone()
    give_gradients(learner, 1)
    assert learner.update() is False and torch.equal(learner.module.weight, before)


@pytest.mark.parametrize("scales", [(None, None), (None, 4.0)])
def test_learners_without_scales_always_step(scales):
    learners = [make_learner(scale) for scale in scales]
    for learner in learners:
        give_gradients(learner, math.nan)
    assert update_all(*learners) == [scale is None for scale in scales]
    assert learners[0].loss_scale == 1
