import copy

import pytest
import torch
from torch import nn

from tests.made.reads import noted_reads
from tests.truths.operators import explicit_norm
from tgan.constraints import AlmostOrthogonal, CertifiedSingularValueClip, certified
from tgan.metrics.lipschitz import critic_report, describe
from tgan.models import VideoCritic
from tgan.rng.noise import Noise


def make_critic(scale: float = 1.0, **settings) -> VideoCritic:
    torch.manual_seed(0)
    critic = VideoCritic(
        channels=1, num_frames=4, resolution=32, width=2, batch_norm=False, **settings
    )
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(scale)
    return critic


EXAMPLE = (torch.zeros(1, 1, 4, 32, 32),)


def explicit_norms(critic) -> list[float]:
    sizes = [(4, 32, 32), (2, 16, 16), (1, 8, 8)]
    return [
        explicit_norm(conv.weight.detach(), size, stride=conv.stride, padding=conv.padding)
        for conv, size in zip(critic.convs[1:], sizes[1:], strict=True)
    ] + [critic.last.weight.detach().double().norm().item()]


def test_every_layer_is_bounded_from_attach_on_and_not_by_much_more_than_needed():
    critic = make_critic(scale=3.0)
    assert min(explicit_norms(critic)) > 1
    CertifiedSingularValueClip().attach(critic, EXAMPLE)
    norms = explicit_norms(critic)
    assert all(0.9 < norm <= 1 for norm in norms)


def test_layers_under_the_bound_stay_bit_for_bit_and_projecting_twice_changes_nothing():
    critic = make_critic(scale=0.05)
    before = copy.deepcopy(critic.state_dict())
    constraint = CertifiedSingularValueClip()
    constraint.attach(critic, EXAMPLE)
    assert all(torch.equal(before[name], value) for name, value in critic.state_dict().items())

    critic = make_critic(scale=3.0)
    constraint.attach(critic, EXAMPLE)
    before = copy.deepcopy(critic.state_dict())
    constraint.project(critic, 1)
    assert all(torch.equal(before[name], value) for name, value in critic.state_dict().items())


def test_small_singular_values_survive_where_scaling_would_shrink_them():
    critic = nn.Sequential(nn.Flatten(), nn.Linear(3, 3, bias=False))
    with torch.no_grad():
        critic[1].weight.copy_(torch.diag(torch.tensor([5.0, 0.5, 0.1])))
    CertifiedSingularValueClip().attach(critic, (torch.zeros(1, 3),))
    torch.testing.assert_close(
        critic[1].weight, torch.diag(torch.tensor([1.0, 0.5, 0.1])), atol=2e-5, rtol=0
    )


@pytest.mark.parametrize("maximum", [1.0, 0.5])
def test_a_trained_critic_stays_certified_against_a_search_for_steep_places(maximum):
    """The critic pulls hard for two updates on the steepest objective there is."""
    critic, constraint = make_critic(), CertifiedSingularValueClip(maximum=maximum)
    constraint.attach(critic, EXAMPLE)
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.rand(4, 1, 4, 32, 32, generator=generator) + s for s in (0.0, -1.0))
    optimizer = torch.optim.Adam(critic.parameters(), lr=0.05)
    for update in range(1, 6):
        optimizer.zero_grad()
        (critic(fake).mean() - critic(real).mean()).backward()
        optimizer.step()
        constraint.project(critic, update)
        assert max(explicit_norms(critic)) <= maximum
    report = critic_report(critic, real, fake)
    limit = maximum ** len(report.layers)
    assert report.certificate <= limit * (1 + 1e-9)
    assert 0.2 * limit < report.empirical <= report.certificate
    # Any two points.
    distance = (real - fake).flatten(1).norm(dim=1)
    assert ((critic(real) - critic(fake)).abs() <= limit * distance).all()


def test_the_matrix_view_alone_is_steeper_than_it_claims():
    """What the certificate is for: a 1-Lipschitz claim that a search refutes."""
    from tgan.constraints import SingularValueClip

    critic, constraint = make_critic(), SingularValueClip(interval=1)
    real, fake = torch.ones(2, 1, 4, 32, 32), -torch.ones(2, 1, 4, 32, 32)
    optimizer = torch.optim.Adam(critic.parameters(), lr=0.05)
    for update in range(1, 30):
        optimizer.zero_grad()
        (critic(fake).mean() - critic(real).mean()).backward()
        optimizer.step()
        constraint.project(critic, update)
    report = critic_report(critic, real, fake)
    assert max(layer.matrix_norm for layer in report.layers) < 1 + 1e-5
    assert report.empirical > 1.5


def test_kernels_whose_norm_is_guessed_far_too_small_are_clipped_until_they_are_certified():
    """Half of the outputs are strong at one frequency, one output is strongest at another."""
    critic = nn.Sequential(nn.Conv1d(8, 8, 2, bias=False), nn.Flatten())
    with torch.no_grad():
        critic[0].weight.zero_()
        critic[0].weight[:7, :7] = torch.eye(7)[..., None] * torch.tensor([1.0, 1.0])
        critic[0].weight[7, 7] = 1.8 * torch.tensor([1.0, -1.0])
    constraint = CertifiedSingularValueClip()
    constraint.attach(critic, (torch.zeros(1, 8, 32),))
    assert 0.9 < explicit_norm(critic[0].weight.detach(), (32,)) <= 1


def test_interval_counts_updates():
    constraint = CertifiedSingularValueClip(interval=3)
    critic = make_critic()
    constraint.attach(critic, EXAMPLE)
    with torch.no_grad():
        critic.last.weight.mul_(10)
    changed = []
    for update in range(1, 4):
        before = critic.last.weight.clone()
        constraint.project(critic, update)
        changed.append(not torch.equal(before, critic.last.weight))
    assert changed == [False, False, True]


def test_conditional_critics_are_certified_with_their_label_channels():
    critic = make_critic(scale=3.0, num_labels=3)
    example = (*EXAMPLE, torch.zeros(1, dtype=torch.long))
    constraint = CertifiedSingularValueClip()
    constraint.attach(critic, example)
    real = torch.rand(3, 1, 4, 32, 32)
    report = critic_report(critic, real, -real, condition=(torch.tensor([0, 1, 2]),))
    assert report.empirical <= report.certificate <= 1


def test_batch_norms_are_refused_and_weights_that_are_not_finite_named():
    with pytest.raises(ValueError, match="critic.batch_norm false"):
        CertifiedSingularValueClip().attach(
            VideoCritic(channels=1, num_frames=4, resolution=32, width=2), EXAMPLE
        )
    critic, constraint = make_critic(), CertifiedSingularValueClip()
    constraint.attach(critic, EXAMPLE)
    with torch.no_grad():
        critic.convs[1].weight[0, 0, 0, 0, 0] = float("nan")
    with pytest.raises(ArithmeticError, match="convs.1.weight"):
        constraint.project(critic, 1)


def test_it_adds_no_penalty():
    critic = make_critic()
    real = torch.rand(2, *EXAMPLE[0].shape[1:])
    assert CertifiedSingularValueClip().penalty(critic, critic, real, real, Noise(0)) is None


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


class Functional(nn.Module):
    """Uses a layer's weight without calling the layer."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.last(nn.functional.linear(x, self.first.weight))


UNBOUNDED = {
    "layer norm": nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 1)),
    "group norm": nn.Sequential(nn.Unflatten(1, (2, 2)), nn.GroupNorm(2, 2), nn.Flatten()),
    "steep activation": nn.Sequential(nn.Linear(4, 4), nn.PReLU(init=5.0), nn.Linear(4, 1)),
    "steep leaky relu": nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(3.0), nn.Linear(4, 1)),
    "dropout": nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.9), nn.Linear(4, 1)),
    "transposed": nn.Sequential(nn.Unflatten(1, (1, 4)), nn.ConvTranspose1d(1, 1, 2)),
    "functional": Functional(),
    "parametrised": nn.utils.parametrizations.weight_norm(nn.Linear(4, 1)),
}


@pytest.mark.parametrize("make", [CertifiedSingularValueClip, AlmostOrthogonal])
@pytest.mark.parametrize("name", UNBOUNDED)
def test_critics_that_norms_of_layers_do_not_bound_are_refused(name, make):
    with pytest.raises(ValueError, match="critic"):
        make().attach(copy.deepcopy(UNBOUNDED[name]), (torch.zeros(1, 4),))


def test_a_report_certifies_nothing_about_parts_that_it_cannot_bound():
    report = critic_report(UNBOUNDED["layer norm"], torch.rand(3, 4), torch.rand(3, 4))
    assert report.certificate is None and "LayerNorm" in describe(report)


def test_weights_too_coarse_for_the_bound_are_refused():
    critic = make_critic().bfloat16()
    with pytest.raises(ValueError, match="convs.0.weight' is bfloat16"):
        CertifiedSingularValueClip().attach(critic, (EXAMPLE[0].bfloat16(),))


def test_projecting_what_was_never_attached_is_an_error():
    with pytest.raises(AssertionError, match="attach comes before project"):
        CertifiedSingularValueClip().project(torch.nn.Linear(3, 1), 1)


@pytest.fixture
def reads(monkeypatch):
    """As on an accelerator; what is read of tensors is noted."""
    monkeypatch.setattr(certified, "waits_for_reads", lambda weight: True)
    with noted_reads(monkeypatch) as noted:
        yield noted


def test_an_accelerator_is_read_once_where_nothing_is_to_be_clipped(reads):
    critic, constraint = make_critic(scale=3.0), CertifiedSingularValueClip()
    constraint.attach(critic, EXAMPLE)
    assert all(0.9 < norm <= 1 for norm in explicit_norms(critic))
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(0.97)
    before = copy.deepcopy(critic.state_dict())
    reads.clear()
    constraint.project(critic, 1)
    assert reads == ["tolist"]
    assert all(torch.equal(before[name], value) for name, value in critic.state_dict().items())


def make_small(scale: float = 1.0) -> nn.Sequential:
    """A critic of pictures (2, 8, 8) whose layers are explicit matrices in no time."""
    torch.manual_seed(0)
    kinds = {"stride": 2, "padding": 1}
    convs = nn.Conv2d(2, 8, 4, **kinds), nn.LeakyReLU(0.2), nn.Conv2d(8, 16, 4, **kinds)
    critic = nn.Sequential(*convs, nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(64, 1))
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(scale)
    return critic


SMALL = (torch.zeros(1, 2, 8, 8),)


def small_norms(critic) -> list[float]:
    found = [
        explicit_norm(critic[place].weight.detach(), (size, size), stride=2, padding=1)
        for place, size in ((0, 8), (2, 4))
    ]
    return [*found, critic[-1].weight.detach().double().norm().item()]


@pytest.mark.parametrize("rate, maximum", [(0.05, 1.0), (0.005, 0.5)])
def test_an_accelerator_is_read_twice_where_layers_are_clipped(reads, monkeypatch, rate, maximum):
    """Steps from small ones up to those by which norms are doubled."""
    critic, constraint = make_small(), CertifiedSingularValueClip(maximum=maximum)
    constraint.attach(critic, SMALL)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(critic.parameters(), lr=rate, betas=(0.5, 0.9))
    largest, clipped = 0.0, 0
    for update in range(1, 11):
        real, fake = (torch.rand(8, 2, 8, 8, generator=generator) + s for s in (0.0, -1.0))
        optimizer.zero_grad()
        (critic(fake).mean() - critic(real).mean()).backward()
        optimizer.step()
        twin, before = copy.deepcopy(critic), copy.deepcopy(critic.state_dict())
        largest = max(largest, *small_norms(critic))
        reads.clear()
        constraint.project(critic, update)
        assert reads in (["tolist"], ["tolist"] * 2)
        clipped += sum(not torch.equal(before[name], x) for name, x in critic.state_dict().items())
        with monkeypatch.context() as patch:
            patch.setattr(certified, "waits_for_reads", lambda weight: False)
            constraint.project(twin, update)
        norms = small_norms(critic)
        assert max(norms) <= maximum
        assert norms == pytest.approx(small_norms(twin), rel=1e-2)
    assert clipped > 20 and (rate < 0.05 or largest > 1.5 * maximum)


@pytest.mark.parametrize("far, few", [(1.5, True), (8.0, True), (100.0, False)])
def test_a_step_up_to_ten_times_the_bound_is_clipped_with_two_reads(reads, far, few):
    critic, constraint = make_small(scale=0.05), CertifiedSingularValueClip()
    constraint.attach(critic, SMALL)
    with torch.no_grad():
        critic[2].weight.mul_(far / small_norms(critic)[1])
    before = copy.deepcopy(critic.state_dict())
    reads.clear()
    constraint.project(critic, 1)
    assert (len(reads) == 2) == few
    after = critic.state_dict()
    assert [name for name in after if not torch.equal(before[name], after[name])] == ["2.weight"]
    assert 0.95 < small_norms(critic)[1] <= 1


def test_small_singular_values_survive_on_an_accelerator_and_projecting_again_changes_nothing(
    reads,
):
    critic, constraint = nn.Sequential(nn.Flatten(), nn.Linear(3, 3)), CertifiedSingularValueClip()
    with torch.no_grad():
        critic[1].weight.copy_(torch.diag(torch.tensor([5.0, 0.5, 0.1])))
    constraint.attach(critic, (torch.zeros(1, 3),))
    expected = torch.diag(torch.tensor([1.0, 0.5, 0.1]))
    torch.testing.assert_close(critic[1].weight, expected, atol=2e-3, rtol=2e-3)
    before = critic[1].weight.clone()
    reads.clear()
    constraint.project(critic, 1)
    assert reads == ["tolist"] and torch.equal(critic[1].weight, before)


def test_what_cannot_be_proved_at_once_is_clipped_one_by_one(reads):
    """With rounded factors nothing is proved in single precision."""
    critic, constraint = make_small(scale=3.0), CertifiedSingularValueClip()
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        constraint.attach(critic, SMALL)
    finally:
        torch.set_float32_matmul_precision(before)
    assert len(reads) > 2 and all(0.95 < norm <= 1 for norm in small_norms(critic))


def test_weights_that_are_not_finite_are_named_on_an_accelerator_too(reads):
    critic, constraint = make_small(), CertifiedSingularValueClip()
    constraint.attach(critic, SMALL)
    with torch.no_grad():
        critic[2].weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(ArithmeticError, match="2.weight"):
        constraint.project(critic, 1)


def test_a_critic_that_tells_classes_apart_is_certified_by_its_score():
    """Log sum exp is no steeper than the logits, which the norms of all layers bound."""
    critic = make_critic(scale=3.0, num_classes=5)
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.rand(4, 1, 4, 32, 32, generator=generator) + s for s in (0.0, -1.0))
    assert critic_report(critic, real, fake).empirical > 1
    CertifiedSingularValueClip().attach(critic, EXAMPLE)
    report = critic_report(critic, real, fake)
    assert report.certificate <= 1 + 1e-9 and 0.01 < report.empirical <= report.certificate
    distance = (real - fake).flatten(1).norm(dim=1)
    assert ((critic(real) - critic(fake)).abs() <= distance).all()
