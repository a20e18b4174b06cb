import copy

import numpy as np
import pytest
import torch

from tests.made.reads import noted_reads
from tgan.constraints import CONSTRAINTS, Constraint, SingularValueClip, WeightClip, clipping
from tgan.linalg.clipping import CLIP_METHODS
from tgan.models import VideoCritic

EXAMPLE = (torch.zeros(1, 1, 16, 32, 32),)


def make_critic(scale: float = 10.0, *, batch_norm: bool = True, width: int = 4) -> VideoCritic:
    torch.manual_seed(0)
    critic = VideoCritic(channels=1, resolution=32, width=width, batch_norm=batch_norm)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(scale).add_(0.3)
    if not batch_norm:
        return critic
    with torch.no_grad():
        for norm in critic.norms[1:]:
            norm.running_var.uniform_(0.1, 4.0)
    return critic


def matrices(critic):
    return [p.detach().flatten(1).double().numpy() for p in critic.parameters() if p.ndim >= 2]


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_steep_critic_goes_on_scoring_under_every_constraint(name):
    # Some differentiate twice, and some certify: neither goes with batch norms.
    constraint, critic = CONSTRAINTS[name](), make_critic(batch_norm=False)
    clips = torch.rand(2, 1, 16, 32, 32)
    constraint.attach(critic, (clips[:1],))
    constraint.project(critic, 5)
    assert torch.isfinite(critic(clips)).all()


def test_gains_need_running_statistics_to_be_clipped_by():
    critic = torch.nn.Sequential(
        torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2, track_running_stats=False)
    )
    with pytest.raises(ValueError, match="'1' is a batch norm without running statistics"):
        SingularValueClip().attach(critic, (torch.zeros(1, 3),))
    free = SingularValueClip(clips_gains=False, interval=1)
    free.attach(critic, (torch.zeros(1, 3),))
    free.project(critic, 1)


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


@pytest.mark.parametrize("method", CLIP_METHODS)
def test_svc_clips_every_kernel_as_a_matrix(method):
    critic = make_critic()
    before = matrices(critic)
    constraint = SingularValueClip(interval=1, method=method)
    constraint.attach(critic, EXAMPLE)
    constraint.project(critic, 1)
    for old, new in zip(before, matrices(critic), strict=True):
        u, s, vh = np.linalg.svd(old, full_matrices=False)
        assert s.max() > 1
        np.testing.assert_allclose(new, (u * s.clip(max=1)) @ vh, atol=1e-5)


def critic_of_norms(norms: list[float]) -> VideoCritic:
    critic = make_critic()
    kernels = [p for p in critic.parameters() if p.ndim > 1]
    with torch.no_grad():
        for kernel, matrix, norm in zip(kernels, matrices(critic), norms, strict=True):
            kernel.mul_(norm / np.linalg.norm(matrix, 2))
    return critic


@pytest.mark.parametrize(
    "norms", [[1.1, 1.5, 1.01, 1.3], [0.9, 1.2, 0.2, 1.0001], [0.3, 0.5, 0.99, 0.1]]
)
def test_an_accelerator_is_read_once_per_clip(monkeypatch, norms):
    """Kernels that are not above the bound keep their bits."""
    monkeypatch.setattr(clipping, "waits_for_reads", lambda weight: True)
    critic, twin = critic_of_norms(norms), critic_of_norms(norms)
    before = matrices(critic)
    SingularValueClip(interval=1, method="matmul").project(twin, 1)
    with noted_reads(monkeypatch) as reads:
        SingularValueClip(interval=1, clips_gains=False).project(critic, 1)
    assert reads == ["tolist"]
    for old, new, other in zip(before, matrices(critic), matrices(twin), strict=True):
        np.testing.assert_allclose(new, other, atol=1e-6)
        u, s, vh = np.linalg.svd(old, full_matrices=False)
        np.testing.assert_allclose(new, (u * s.clip(max=1)) @ vh, atol=1e-6)
        assert np.array_equal(old, new) == (s.max() < 1)


def test_kernels_far_from_the_bound_are_clipped_on_an_accelerator_too(monkeypatch):
    monkeypatch.setattr(clipping, "waits_for_reads", lambda weight: True)
    critic = make_critic()
    before = matrices(critic)
    SingularValueClip(interval=1).project(critic, 1)
    for old, new in zip(before, matrices(critic), strict=True):
        u, s, vh = np.linalg.svd(old, full_matrices=False)
        assert s.max() > 5
        np.testing.assert_allclose(new, (u * s.clip(max=1)) @ vh, atol=1e-5)


def test_what_is_not_finite_is_named_on_an_accelerator_too(monkeypatch):
    monkeypatch.setattr(clipping, "waits_for_reads", lambda weight: True)
    critic = make_critic()
    with torch.no_grad():
        critic.convs[1].weight[0, 0] = float("nan")
    with pytest.raises(ArithmeticError, match=r"convs\.1\.weight.*not finite"):
        SingularValueClip(interval=1).project(critic, 1)


def test_svc_clips_channels_last_kernels_alike():
    plain = make_critic()
    last = make_critic().to(memory_format=torch.channels_last_3d)
    for critic in (plain, last):
        SingularValueClip(interval=1).project(critic, 1)
    for a, b in zip(plain.parameters(), last.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)
        if b.ndim == 5:
            assert b.is_contiguous(memory_format=torch.channels_last_3d)


def small_updates(critic: VideoCritic, number: int) -> None:
    generator = torch.Generator().manual_seed(number)
    with torch.no_grad():
        for p in critic.parameters():
            p.add_(torch.randn(p.shape, generator=generator), alpha=3e-3)


def test_followed_directions_are_part_of_the_critic_so_that_a_resumed_run_is_the_same():
    def start() -> tuple[VideoCritic, SingularValueClip]:
        critic = make_critic(scale=0.3, width=16)
        constraint = SingularValueClip(interval=1, method="subspace", clips_gains=False)
        constraint.attach(critic, EXAMPLE)
        return critic, constraint

    def go_on(critic: VideoCritic, constraint: SingularValueClip, updates: range) -> None:
        for number in updates:
            small_updates(critic, number)
            constraint.project(critic, number)

    straight, constraint = start()
    go_on(straight, constraint, range(1, 5))
    halfway, constraint = start()
    go_on(halfway, constraint, range(1, 3))
    resumed, constraint = start()
    resumed.load_state_dict(halfway.state_dict())
    go_on(resumed, constraint, range(3, 5))
    forgetful, constraint = start()
    forgetful.load_state_dict(dict(halfway.named_parameters()), strict=False)
    go_on(forgetful, constraint, range(3, 5))

    same = [torch.equal(a, b) for a, b in pairs(straight, resumed)]
    assert all(same) and len(same) > 5
    # The basis is what makes it so, to the last bit.
    assert not all(torch.equal(a, b) for a, b in pairs(straight, forgetful))


def pairs(one: VideoCritic, other: VideoCritic):
    return zip(one.parameters(), other.parameters(), strict=True)


def test_only_subspace_keeps_directions_in_the_critic():
    names = set(make_critic().state_dict())
    for method in CLIP_METHODS:
        critic = make_critic()
        SingularValueClip(method=method).attach(critic, EXAMPLE)
        added = set(critic.state_dict()) - names
        kernels = {f"{n}_basis" for n, p in critic.named_parameters() if p.ndim >= 2}
        assert added == (kernels if method == "subspace" else set())


def test_settings_are_checked_when_a_constraint_is_made():
    with pytest.raises(ValueError, match="'qr'.*choose from auto, gram, matmul, subspace, svd"):
        SingularValueClip(method="qr")
    for make in (SingularValueClip, WeightClip):
        with pytest.raises(ValueError, match="constraint.interval 0"):
            make(interval=0)
        with pytest.raises(ValueError, match="constraint.maximum -1"):
            make(maximum=-1)


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
