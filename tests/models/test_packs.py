"""Critics of packs, against critics of one sample that has the channels of a whole pack."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from tgan.constraints import CONSTRAINTS, Constraint
from tgan.losses import OBJECTIVES
from tgan.metrics.lipschitz import critic_report
from tgan.models import VideoCritic
from tgan.models.mlp import MLPCritic
from tgan.models.packs import concatenated, in_packs, out_of_packs, packs_of
from tgan.rng.noise import Noise
from tgan.training.steps import Batch, Critic, critic_step

SIZES = {"num_frames": 16, "resolution": 16, "width": 4, "batch_norm": False}
PENALTIES = [name for name, kind in CONSTRAINTS.items() if kind.differentiates_twice]


def drawn(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def alike(packs, **settings):
    """A critic of packs, and one of single samples with as many channels, of the same weights."""
    torch.manual_seed(0)
    packed = VideoCritic(channels=2, packs=packs, **SIZES | settings).double()
    wide = VideoCritic(channels=2 * packs, **SIZES | settings).double()
    wide.load_state_dict(packed.state_dict())
    return packed, wide


def joined(samples, packs):
    """Samples of a pack one behind the other, by a loop."""
    starts = range(0, len(samples), packs)
    return torch.stack([torch.cat(list(samples[k : k + packs])) for k in starts])


def test_a_pack_is_of_consecutive_samples_whose_channels_are_joined():
    samples = drawn(6, 2, 3, 4, 4)
    assert torch.equal(concatenated(samples, 3), joined(samples, 3))
    assert in_packs(samples, 3).shape == (2, 3, 2, 3, 4, 4)
    assert torch.equal(out_of_packs(in_packs(samples, 3), 3), samples)
    for function in (concatenated, in_packs, out_of_packs):
        assert function(samples, 1) is samples
    with pytest.raises(ValueError, match="6 samples are no packs of 4"):
        concatenated(samples, 4)


def test_critics_of_packs_give_a_score_and_features_per_pack():
    packed, wide = alike(3)
    samples = drawn(6, 2, 16, 16, 16)
    assert torch.equal(packed(samples), wide(joined(samples, 3))) and len(packed(samples)) == 2
    assert torch.equal(packed.features(samples), wide.features(joined(samples, 3)))
    torch.manual_seed(0)
    perceptron = MLPCritic(2, width=8, depth=2, packs=3).double()
    plain = MLPCritic(6, width=8, depth=2).double()
    plain.load_state_dict(perceptron.state_dict())
    points = drawn(6, 2)
    assert torch.equal(perceptron(points), plain(points.reshape(2, 6)))
    assert torch.equal(perceptron.features(points), plain.features(points.reshape(2, 6)))
    assert [packs_of(critic) for critic in (packed, perceptron, plain, nn.Linear(1, 1))] == [
        *(3, 3, 1, 1)
    ]


def test_packs_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="packs of 0: they start at 1"):
        MLPCritic(2, width=8, depth=2, packs=0)
    for condition in ({"num_labels": 2}, {"input_channels": 1}):
        with pytest.raises(ValueError, match="packs of 2 takes no class labels and no input pict"):
            VideoCritic(**SIZES, packs=2, **condition)
        VideoCritic(**SIZES, packs=1, **condition)


def update_of(module, constraint, samples, noise):
    """The gradients of a critic's update, its terms, and what the penalty was."""
    learner = Critic(
        module,
        torch.optim.SGD(module.parameters(), 1.0),
        objective=OBJECTIVES["hinge"],
        constraint=constraint,
    )
    before = copy.deepcopy(module.state_dict())
    real, fake = samples
    terms = critic_step(learner, real=Batch(real), fake=fake, noise=noise, update=1)
    return [before[name] - weight for name, weight in module.state_dict().items()], terms


@pytest.mark.parametrize("name", ["none", *PENALTIES])
def test_an_update_of_packs_is_that_of_samples_with_their_channels(name):
    """Penalties go along the line between a whole pack and another; norms are of packs."""
    samples = [drawn(6, 2, 16, 16, 16, seed=seed) for seed in (1, 2)]
    packed, wide = alike(3)
    found = update_of(packed, CONSTRAINTS[name](), samples, Noise(0))
    whole = [joined(each, 3) for each in samples]
    expected = update_of(wide, CONSTRAINTS[name](), whole, Noise(0))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-13)
    assert ("penalty" in found[1]) == (name != "none")


def test_a_constraint_sees_packs_as_samples_and_scores_them():
    seen = []

    class Looks(Constraint):
        def penalty(self, critic, score, real, fake, noise):
            seen.extend([real.shape, fake.shape, score(real).shape])

    packed, _ = alike(3)
    update_of(packed, Looks(), [drawn(6, 2, 16, 16, 16)] * 2, Noise(0))
    assert seen == [(2, 3, 2, 16, 16, 16), (2, 3, 2, 16, 16, 16), (2,)]


def test_a_report_on_a_critic_of_packs_is_of_whole_packs():
    packed, wide = alike(2)
    real, fake = (drawn(4, 2, 16, 16, 16, seed=seed) for seed in (1, 2))
    found = critic_report(packed, real, fake, steps=2)
    expected = critic_report(wide, joined(real, 2), joined(fake, 2), steps=2)
    assert found.certificate == pytest.approx(expected.certificate, rel=1e-9)
    assert found.empirical == pytest.approx(expected.empirical, rel=1e-9)
    for ours, theirs in zip(found.layers, expected.layers, strict=True):
        assert ours.gradient == pytest.approx(theirs.gradient, rel=1e-9)
    with pytest.raises(ValueError, match="3 samples are no packs of 2"):
        critic_report(packed, real[:3], fake[:3])


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_every_constraint_is_attached_to_a_critic_of_packs(name):
    packed, _ = alike(2)
    constraint = CONSTRAINTS[name]()
    constraint.attach(packed, (torch.zeros(2, 2, 16, 16, 16, dtype=torch.float64),))
    constraint.project(packed, 5)
    assert torch.isfinite(packed(drawn(4, 2, 16, 16, 16))).all()
