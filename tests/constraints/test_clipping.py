import copy

import numpy as np
import pytest
import torch

from tgan.constraints import CONSTRAINTS, Constraint, SingularValueClip, WeightClip
from tgan.models import VideoCritic


def make_critic(scale: float = 10.0) -> VideoCritic:
    torch.manual_seed(0)
    critic = VideoCritic(channels=1, resolution=32, width=4)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(scale).add_(0.3)
        for norm in critic.norms[1:]:
            norm.running_var.uniform_(0.1, 4.0)
    return critic


def matrices(critic):
    return [p.detach().flatten(1).double().numpy() for p in critic.parameters() if p.ndim >= 2]


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_hooks_of_every_constraint_run_on_a_critic(name):
    constraint, critic = CONSTRAINTS[name](), make_critic()
    constraint.attach(critic)
    clips = torch.rand(2, 1, 16, 32, 32)
    penalty = constraint.penalty(critic, critic, clips, clips)
    assert penalty.shape == () and torch.isfinite(penalty)
    constraint.project(critic, 5)
    assert torch.isfinite(critic(clips)).all()


def test_no_constraint_changes_nothing():
    critic = make_critic()
    before = copy.deepcopy(critic.state_dict())
    Constraint().project(critic, 1)
    assert all(torch.equal(before[k], v) for k, v in critic.state_dict().items())


def test_weight_clip_bounds_every_parameter_and_spares_small_ones():
    critic = make_critic(scale=0.01)
    before = [p.detach().clone() for p in critic.parameters()]
    WeightClip(maximum=0.305).project(critic, 1)
    for old, new in zip(before, critic.parameters(), strict=True):
        assert torch.equal(new, old.clamp(-0.305, 0.305))


def test_svc_clips_every_kernel_as_a_matrix():
    critic = make_critic()
    before = matrices(critic)
    SingularValueClip(interval=1).project(critic, 1)
    for old, new in zip(before, matrices(critic), strict=True):
        u, s, vh = np.linalg.svd(old, full_matrices=False)
        assert s.max() > 1
        np.testing.assert_allclose(new, (u * s.clip(max=1)) @ vh, atol=1e-5)


def test_svc_clips_channels_last_kernels_alike():
    plain = make_critic()
    last = make_critic().to(memory_format=torch.channels_last_3d)
    for critic in (plain, last):
        SingularValueClip(interval=1).project(critic, 1)
    for a, b in zip(plain.parameters(), last.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)


@pytest.mark.parametrize("clips_gains", [True, False])
def test_svc_keeps_gains_between_a_hundredth_of_sigma_and_sigma(clips_gains):
    critic = make_critic()
    norm = critic.norms[1]
    with torch.no_grad():
        norm.running_var[:3] = torch.tensor([4.0, 4.0, 4.0])
        norm.weight[:3] = torch.tensor([5.0, 1.5, -1.0])
    SingularValueClip(interval=1, clips_gains=clips_gains).project(critic, 1)
    expected = [2.0, 1.5, 0.02] if clips_gains else [5.0, 1.5, -1.0]
    assert norm.weight[:3].tolist() == pytest.approx(expected)


def test_svc_leaves_biases_alone():
    critic = make_critic()
    biases = [c.bias.detach().clone() for c in critic.convs]
    SingularValueClip(interval=1).project(critic, 1)
    assert all(torch.equal(b, c.bias) for b, c in zip(biases, critic.convs, strict=True))


@pytest.mark.parametrize("constraint", [SingularValueClip(interval=3), WeightClip(interval=3)])
def test_interval_counts_critic_updates(constraint):
    changed = []
    for update in range(1, 8):
        critic = make_critic()
        before = critic.last.weight.detach().clone()
        constraint.project(critic, update)
        changed.append(not torch.equal(before, critic.last.weight))
    assert changed == [False, False, True, False, False, True, False]


def test_weights_that_are_not_finite_are_named_and_left_alone():
    critic = make_critic()
    with torch.no_grad():
        critic.convs[1].weight[0, 0, 0, 0, 0] = float("nan")
    with pytest.raises(ArithmeticError, match="convs.1.weight"):
        SingularValueClip(interval=1).project(critic, 1)
