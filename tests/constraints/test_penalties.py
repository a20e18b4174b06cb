import copy

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import nn

from tgan.constraints.base import Constraint
from tgan.constraints.checks import refuse_batch_norm
from tgan.constraints.penalties import (
    R1,
    R1R2,
    Dragan,
    GradientPenalty,
    OneSidedGradientPenalty,
    Orthonormal,
)
from tgan.models import VideoCritic
from tgan.models.mlp import MLPCritic
from tgan.rng.noise import Noise

ON_GRADIENTS = {
    "wgan_gp": GradientPenalty,
    "wgan_lp": OneSidedGradientPenalty,
    "dragan": Dragan,
    "r1": R1,
    "r1_r2": R1R2,
}
# What a gradient of norm g costs everywhere, by the weight, and its derivative by g.
COSTS = {
    "wgan_gp": (lambda g: (g - 1) ** 2, lambda g: 2 * (g - 1)),
    "wgan_lp": (lambda g: max(0.0, g - 1) ** 2, lambda g: 2 * max(0.0, g - 1)),
    "dragan": (lambda g: (g - 1) ** 2, lambda g: 2 * (g - 1)),
    "r1": (lambda g: g**2 / 2, lambda g: g),
    "r1_r2": (lambda g: g**2, lambda g: 2 * g),
}
SHAPES = [(4, 6), (4, 3, 5), (4, 3, 5, 2), (4, 2, 3, 2, 2)]


def batch(shape, *, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    real, fake = torch.randn(2, *shape, generator=generator).to(dtype)
    return real, 2 * fake + 1


class Linear(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x):
        return (x * self.weight).flatten(1).sum(1)


class Quadratic(nn.Module):
    """x -> x^T A x / 2, whose gradient at x is A x for a symmetric A; it records its inputs."""

    def __init__(self, size):
        super().__init__()
        matrix = torch.randn(size, size, generator=torch.Generator().manual_seed(5)).double()
        self.matrix = nn.Parameter(matrix + matrix.T)
        self.seen = []

    def forward(self, x):
        self.seen.append(x.detach())
        flat = x.flatten(1)
        return torch.einsum("ni,ij,nj->n", flat, self.matrix, flat) / 2


def make_video_critic(*, batch_norm=False) -> VideoCritic:
    """One whose gradients have norms of about 5, above 1 for every penalty to be felt."""
    torch.manual_seed(0)
    critic = VideoCritic(channels=1, resolution=32, width=4, batch_norm=batch_norm)
    with torch.no_grad():
        critic.last.weight.mul_(5)
    return critic


@pytest.mark.parametrize("norm", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"rank{len(shape)}")
@pytest.mark.parametrize("name", ON_GRADIENTS)
def test_a_linear_critic_costs_what_its_norm_does(name, shape, norm):
    weight = torch.randn(shape[1:], generator=torch.Generator().manual_seed(1)).double()
    critic = Linear(weight * norm / weight.norm())
    cost, slope = COSTS[name]
    penalty = ON_GRADIENTS[name](weight=3.0).penalty(critic, critic, *batch(shape), Noise(0))
    assert penalty.shape == () and penalty.dtype == torch.float64
    assert penalty.item() == pytest.approx(3 * cost(norm), rel=1e-12, abs=1e-20)
    penalty.backward()
    expected = 3 * slope(norm) * weight / weight.norm()
    torch.testing.assert_close(critic.weight.grad, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["wgan_gp", "wgan_lp"])
def test_points_lie_between_a_real_and_a_fake_at_a_uniform_share_of_each_sample(name):
    (real, fake), critic = batch((4, 2, 3)), Quadratic(6)
    penalty = ON_GRADIENTS[name]().penalty(critic, critic, real, fake, Noise(0, 8))
    share = Noise(0, 8).uniform((4, 1, 1), real)
    points = (share * real + (1 - share) * fake).numpy()
    np.testing.assert_allclose(critic.seen[0].numpy(), points, rtol=1e-12)
    matrix = critic.matrix.detach().numpy()
    norms = np.linalg.norm(points.reshape(4, 6) @ matrix, axis=1)
    expected = 10 * np.mean([COSTS[name][0](norm) for norm in norms])
    assert penalty.item() == pytest.approx(expected, rel=1e-12)


def test_dragan_looks_up_to_half_a_deviation_above_the_real_samples():
    (real, fake), critic = batch((4, 2, 3)), Quadratic(6)
    Dragan().penalty(critic, critic, real, fake, Noise(0, 8))
    noise = Noise(0, 8)
    share, unit = (noise.uniform(shape, real).numpy() for shape in ((4, 1, 1), (4, 2, 3)))
    x = real.numpy()
    expected = x + share * 0.5 * x.std() * unit
    np.testing.assert_allclose(critic.seen[0].numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "places"), [("r1", 1), ("r1_r2", 2)])
def test_zero_centred_penalties_are_taken_at_the_samples(name, places):
    samples, critic = batch((4, 2, 3)), Quadratic(6)
    penalty = ON_GRADIENTS[name](weight=3.0).penalty(critic, critic, *samples, Noise(0))
    matrix = critic.matrix.detach().numpy()
    squares = [((x.numpy().reshape(4, 6) @ matrix) ** 2).sum(1).mean() for x in samples]
    assert penalty.item() == pytest.approx(1.5 * sum(squares[:places]), rel=1e-12)


@pytest.mark.parametrize("name", ON_GRADIENTS)
def test_the_parameters_of_a_video_critic_get_the_gradient_of_the_penalty(name):
    critic = make_video_critic().double()
    real, fake = batch((3, 1, 16, 32, 32))
    constraint = ON_GRADIENTS[name]()

    def penalty():
        return constraint.penalty(critic, critic, real, fake, Noise(0))

    penalty().backward()
    # Biases only move rectifiers' bends: they are in no gradient of a score.
    felt = [parameter for parameter in critic.parameters() if parameter.grad is not None]
    assert len(felt) == sum(parameter.ndim >= 2 for parameter in critic.parameters())
    generator = torch.Generator().manual_seed(3)
    steps = [1e-6 * torch.randn(p.shape, generator=generator).double() for p in felt]
    expected = sum((p.grad * step).sum() for p, step in zip(felt, steps, strict=True)).item()
    values = []
    for sign in (1, -2):
        with torch.no_grad():
            for parameter, step in zip(felt, steps, strict=True):
                parameter.add_(sign * step)
        values.append(penalty().item())
    assert expected == pytest.approx((values[0] - values[1]) / 2, rel=1e-4)
    assert expected != 0


class PlainCritic(nn.Module):
    """The layers of a video critic between PyTorch's own rectifiers."""

    def __init__(self, critic):
        super().__init__()
        self.convs, self.last = critic.convs, critic.last

    def forward(self, video, labels):
        h = torch.cat([video, labels.double().view(-1, 1, 1, 1, 1).expand_as(video)], 1)
        for conv in self.convs:
            h = nn.functional.leaky_relu(conv(h), 0.2)
        return self.last(h).flatten()


class ConditionalCritic(nn.Module):
    """A video critic of one class of two, appended as one channel."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.critic = VideoCritic(
            channels=1, num_frames=3, resolution=32, width=4, batch_norm=False, input_channels=1
        )

    def forward(self, video, labels):
        picture = labels.to(video).view(-1, 1, 1, 1, 1).expand_as(video)
        return self.critic(video, picture)


@pytest.mark.parametrize("name", ON_GRADIENTS)
def test_gradients_are_those_of_pytorch_s_own_rectifiers(name):
    """By its own second derivatives, through the zeros that ours leave out."""
    critic = ConditionalCritic().double()
    with torch.no_grad():
        critic.critic.last.weight.mul_(5)
    real, fake = batch((4, 1, 3, 32, 32))
    labels = torch.tensor([0, 1, 1, 0])
    found = []
    for network in (critic, PlainCritic(critic.critic)):
        penalty = ON_GRADIENTS[name]().penalty(
            network, lambda x, network=network: network(x, labels), real, fake, Noise(0)
        )
        weights = [p for p in critic.parameters() if p.ndim >= 2]
        found.append((penalty, torch.autograd.grad(penalty, weights)))
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)
    assert all(gradient.abs().sum() > 0 for gradient in found[0][1])


@pytest.mark.parametrize("name", ON_GRADIENTS)
def test_samples_gather_no_gradients(name):
    critic, (real, fake) = Quadratic(6), batch((4, 6))
    real.requires_grad_(), fake.requires_grad_()
    ON_GRADIENTS[name]().penalty(critic, critic, real, fake, Noise(0)).backward()
    assert real.grad is None and fake.grad is None
    assert critic.matrix.grad.abs().sum() > 0


@pytest.mark.parametrize("name", ON_GRADIENTS)
def test_a_gradient_of_zero_gives_finite_gradients(name):
    critic = Quadratic(6)
    real, fake = torch.zeros(2, 3, 6).double()
    real[1:], fake[2:] = 1.0, 2.0
    penalty = ON_GRADIENTS[name]().penalty(critic, critic, real, fake, Noise(0))
    penalty.backward()
    assert penalty.isfinite() and critic.matrix.grad.isfinite().all()
    assert critic.matrix.grad.abs().sum() > 0


def test_a_critic_that_is_flat_everywhere_costs_the_weight():
    critic = Quadratic(6)
    with torch.no_grad():
        critic.matrix.zero_()
    penalty = GradientPenalty(weight=3.0).penalty(critic, critic, *batch((4, 6)), Noise(0))
    penalty.backward()
    assert penalty.item() == 3 and critic.matrix.grad.eq(0).all()


@pytest.mark.parametrize("name", ON_GRADIENTS)
def test_the_mean_over_two_processes_is_what_one_sees(name, monkeypatch):
    (real, fake), critic = batch((6, 2, 3)), Quadratic(6)
    constraint = ON_GRADIENTS[name]()
    whole = constraint.penalty(critic, critic, real, fake, Noise(4)).item()
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    halves = []
    for rank, other in ((0, real[3:]), (1, real[:3])):
        # What the other process adds to the two sums that a deviation takes.
        sums = iter([other.mean(), (other - real.mean()).square().mean()])
        monkeypatch.setattr(dist, "all_reduce", lambda x, sums=sums: x.add_(next(sums)))
        own = slice(3 * rank, 3 * rank + 3)
        noise = Noise(4, rank=rank)
        halves.append(constraint.penalty(critic, critic, real[own], fake[own], noise).item())
    assert sum(halves) / 2 == pytest.approx(whole, rel=1e-12)
    assert halves[0] != pytest.approx(whole, rel=1e-3)


@pytest.mark.parametrize("name", ON_GRADIENTS)
def test_autocast_leaves_penalties_in_float32(name):
    critic = make_video_critic()
    clips = batch((2, 1, 16, 32, 32), dtype=torch.float32)
    constraint = ON_GRADIENTS[name]()
    plain = constraint.penalty(critic, critic, *clips, Noise(0))
    of_plain = torch.autograd.grad(plain, critic.convs[1].weight)[0]
    with torch.autocast("cpu", torch.bfloat16):
        mixed = constraint.penalty(critic, critic, *clips, Noise(0))
    of_mixed = torch.autograd.grad(mixed, critic.convs[1].weight)[0]
    assert mixed.dtype == of_mixed.dtype == torch.float32
    assert mixed.item() == pytest.approx(plain.item(), rel=0.02)
    assert torch.cosine_similarity(of_mixed.flatten(), of_plain.flatten(), dim=0) > 0.99


class OutsideAutocast(MLPCritic):
    def forward(self, x):
        with torch.autocast("cpu", enabled=False):
            return super().forward(x)


@pytest.mark.parametrize("name", [*ON_GRADIENTS, "orthonormal"])
def test_what_leaves_autocast_is_differentiated_outside_it(name):
    torch.manual_seed(0)
    critic = OutsideAutocast(6, width=8, depth=2)
    samples = batch((4, 6), dtype=torch.float32)
    constraint = (ON_GRADIENTS | {"orthonormal": Orthonormal})[name]()
    plain = constraint.penalty(critic, critic, *samples, Noise(0))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = constraint.penalty(critic, critic, *samples, Noise(0))
    assert plain > 0 and torch.equal(plain, mixed)


def test_half_precision_samples_are_differentiated_in_float32():
    critic, samples = MLPCritic(6, width=8, depth=2), batch((4, 6), dtype=torch.bfloat16)
    exact = GradientPenalty().penalty(critic, critic, *(x.float() for x in samples), Noise(0))
    penalty = GradientPenalty().penalty(critic, critic, *samples, Noise(0))
    assert penalty.dtype == torch.float32
    assert penalty.item() == pytest.approx(exact.item(), rel=0.02)


@pytest.mark.parametrize("name", ON_GRADIENTS)
def test_batch_norms_are_refused_and_named(name):
    example = (torch.zeros(1, 1, 16, 32, 32),)
    with pytest.raises(ValueError, match=r"'norms\.1' is a batch norm.*critic\.batch_norm false"):
        ON_GRADIENTS[name]().attach(make_video_critic(batch_norm=True), example)
    critic = make_video_critic()
    before = copy.deepcopy(critic.state_dict())
    ON_GRADIENTS[name]().attach(critic, example)
    assert all(torch.equal(before[key], value) for key, value in critic.state_dict().items())


@pytest.mark.parametrize(
    "norm", [nn.BatchNorm1d, nn.BatchNorm3d, nn.SyncBatchNorm, nn.LazyBatchNorm2d]
)
def test_batch_norms_of_the_library_are_found_wherever_they_are(norm):
    inner = norm() if norm is nn.LazyBatchNorm2d else norm(3)
    critic = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), inner))
    with pytest.raises(ValueError, match=r"'1\.1' is a batch norm, as one sees; set"):
        refuse_batch_norm(critic, "as one sees")


@pytest.mark.parametrize("norm", [nn.InstanceNorm3d(3), nn.LayerNorm(3), nn.GroupNorm(1, 3)])
def test_norms_of_single_samples_pass(norm):
    refuse_batch_norm(nn.Sequential(nn.Linear(2, 3), norm), "as one sees")


def test_batch_norms_do_mix_samples_where_an_instance_norm_does_not():
    real, _ = batch((4, 3, 5))
    for norm, mixes in ((nn.BatchNorm1d(3), True), (nn.InstanceNorm1d(3), False)):
        critic = nn.Sequential(norm.double(), nn.Flatten(), nn.Linear(15, 1).double())
        x = real.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(x)[0].sum(), x)
        assert bool(gradient[1:].abs().sum() > 0) == mixes


def matrices(*, seed=0):
    generator = torch.Generator().manual_seed(seed)
    wide, tall, kernel = nn.Linear(7, 3), nn.Linear(3, 7), nn.Conv3d(2, 5, (2, 3, 3))
    critic = nn.Sequential(wide, tall, kernel).double()
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.normal_(generator=generator)
    return critic


def test_orthonormal_costs_what_singular_values_are_off_by():
    critic, (real, fake) = matrices(), batch((2, 7))
    penalty = Orthonormal(weight=3.0).penalty(critic, None, real, fake, Noise(0))
    kernels = [p for p in critic.parameters() if p.ndim >= 2]
    values = [np.linalg.svd(k.detach().flatten(1).numpy(), compute_uv=False) for k in kernels]
    expected = 3 * sum(((s**2 - 1) ** 2).sum() for s in values)
    assert penalty.shape == () and penalty.item() == pytest.approx(expected, rel=1e-12)
    penalty.backward()
    for kernel in kernels:
        w = kernel.detach().flatten(1)
        slope = 12 * (w @ w.T @ w - w)
        torch.testing.assert_close(kernel.grad.flatten(1), slope, rtol=1e-10, atol=1e-9)
    assert all(p.grad is None for p in critic.parameters() if p.ndim < 2)


def test_orthonormal_kernels_cost_nothing_in_any_layout():
    critic, (real, fake) = matrices(), batch((2, 7))
    for module in critic:
        nn.init.orthogonal_(module.weight)
    critic = critic.to(memory_format=torch.channels_last_3d)
    assert Orthonormal().penalty(critic, None, real, fake, Noise(0)).item() < 1e-20


def test_orthonormal_takes_batch_norms():
    Orthonormal().attach(make_video_critic(batch_norm=True), (torch.zeros(1, 1, 16, 32, 32),))


def train_critic(constraint) -> tuple[MLPCritic, torch.Tensor]:
    """A critic after 200 updates on two clouds 4 apart, and its gradients' norms between them."""
    torch.manual_seed(0)
    critic = MLPCritic(2, width=16, depth=2)
    for linear in critic.linears:
        nn.init.orthogonal_(linear.weight)
    optimizer = torch.optim.Adam(critic.parameters(), lr=5e-3, betas=(0.5, 0.9))
    for step in range(200):
        real, fake = batch((32, 2), dtype=torch.float32, seed=step)
        real, fake = 0.3 * real + torch.tensor([2.0, 0.0]), 0.15 * fake - torch.tensor([2.0, 0.0])
        loss = critic(fake).mean() - critic(real).mean()
        penalty = constraint.penalty(critic, critic, real, fake, Noise(0, step))
        optimizer.zero_grad()
        (loss if penalty is None else loss + penalty).backward()
        optimizer.step()
    points = torch.lerp(fake, real, torch.linspace(0.1, 0.9, 32)[:, None]).requires_grad_()
    (gradients,) = torch.autograd.grad(critic(points).sum(), points)
    return critic, gradients.norm(dim=1)


@pytest.mark.parametrize("name", ["wgan_gp", "wgan_lp"])
def test_training_brings_gradients_between_real_and_fake_to_one(name):
    _, norms = train_critic(ON_GRADIENTS[name]())
    # The loss pulls by the distance, 4, against 2 * 10 * (norm - 1): they balance at 1.2.
    assert norms.mean().item() == pytest.approx(1.2, abs=0.06)
    assert norms.std() < 0.1


def test_training_without_a_penalty_does_not():
    _, norms = train_critic(Constraint())
    assert norms.mean() > 5


@pytest.mark.parametrize(("weight", "holds"), [(1000.0, True), (1.0, False)])
def test_a_heavy_orthonormal_penalty_holds_a_wasserstein_critic(weight, holds):
    critic, _ = train_critic(Orthonormal(weight))
    values = torch.cat([torch.linalg.svdvals(x.weight.detach()) for x in critic.linears])
    assert bool((values - 1).abs().max() < 0.05) == holds
