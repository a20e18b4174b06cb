import copy
from math import prod

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.truths.operators import explicit_norm
from tgan.metrics.lipschitz import critic_report, describe
from tgan.models import VideoCritic


def make_critic(**settings) -> VideoCritic:
    torch.manual_seed(0)
    critic = VideoCritic(channels=1, num_frames=2, resolution=32, width=2, **settings)
    with torch.no_grad():
        for module in critic.modules():
            if hasattr(module, "running_var"):
                module.running_var.uniform_(0.1, 3)
                module.weight.uniform_(-2, 2)
    return critic


def clips(seed: int = 0, count: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 1, 2, 32, 32, generator=generator) * 2 - 1


def linear_critic(weight: torch.Tensor) -> nn.Module:
    critic = nn.Sequential(nn.Flatten(), nn.Linear(weight.numel(), 1), nn.Flatten(0))
    with torch.no_grad():
        critic[1].weight.copy_(weight.view(1, -1))
    return critic


def test_everything_agrees_on_a_linear_critic():
    weight = torch.tensor([3.0, 4.0])
    report = critic_report(linear_critic(weight), torch.rand(4, 2), torch.rand(4, 2))
    (layer,) = report.layers
    for value in (
        layer.matrix_norm,
        layer.norm,
        layer.upper_bound,
        layer.gradient,
        report.gradient_real,
        report.gradient_fake,
        report.gradient_between,
        report.gradient_searched,
        report.product,
        report.certificate,
    ):
        assert value == pytest.approx(5, rel=1e-6)
    assert report.statistics == "none" and layer.gain == 1


def test_layers_are_in_call_order_with_the_norms_of_their_matrices():
    critic = make_critic(batch_norm=False)
    report = critic_report(critic, clips(), clips(1))
    assert [layer.name for layer in report.layers] == ["convs.0", "convs.1", "convs.2", "last"]
    layer, conv = report.layers[2], critic.convs[2]
    true = explicit_norm(conv.weight.detach(), (1, 8, 8), stride=conv.stride, padding=conv.padding)
    assert layer.norm == pytest.approx(true, rel=5e-3)
    assert true <= layer.upper_bound <= 1.05 * true
    matrix = conv.weight.detach().flatten(1)
    assert layer.matrix_norm == pytest.approx(torch.linalg.matrix_norm(matrix, 2).item())
    assert report.certificate == pytest.approx(prod(one.upper_bound for one in report.layers))
    assert 0 < report.gradient_real <= report.empirical <= report.certificate


def test_running_statistics_multiply_by_the_largest_gain_of_the_norm_behind_a_layer():
    critic = make_critic()
    report = critic_report(critic, clips(), clips(1))
    assert report.statistics == "running"
    norm = critic.norms[1]
    gain = (norm.weight.abs() / (norm.running_var + norm.eps).sqrt()).max().item()
    assert [layer.gain for layer in report.layers][1] == pytest.approx(gain)
    assert [layer.gain for layer in report.layers][::3] == [1, 1]
    bounds = [layer.upper_bound * layer.gain for layer in report.layers]
    assert report.certificate == pytest.approx(prod(bounds))
    assert report.empirical <= report.certificate


def test_batch_statistics_have_no_bound_and_gradients_of_their_own():
    critic = make_critic()
    running, batch = (
        critic_report(critic, clips(), clips(1), mode=mode) for mode in ("running", "batch")
    )
    assert batch.statistics == "batch"
    assert batch.certificate is None and batch.product is None
    assert all(layer.gain is None for layer in batch.layers)
    assert batch.gradient_real != pytest.approx(running.gradient_real, rel=1e-3)
    assert "nothing bounds it, for statistics of a batch" in describe(batch)
    assert "running" in describe(running)


def test_gradients_by_depth_are_those_of_autograd():
    critic, samples = make_critic(batch_norm=False), clips()
    report = critic_report(critic, samples, clips(1))
    hidden = F.leaky_relu(critic.convs[0](samples), 0.2).detach().requires_grad_()
    h = hidden
    for conv in critic.convs[1:]:
        h = F.leaky_relu(conv(h), 0.2)
    (gradient,) = torch.autograd.grad(critic.last(h).sum(), hidden)
    expected = gradient.flatten(1).norm(dim=1).mean().item()
    assert report.layers[1].gradient == pytest.approx(expected, rel=1e-5)


def test_the_search_finds_a_steep_place_far_from_the_samples():
    """|x - 5| + x / 10 is steep beyond 5, and samples lie at 0."""

    class Kink(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(1, 1), nn.Linear(1, 1)
            with torch.no_grad():
                for layer, (weight, bias) in ((self.first, (1.0, -5.0)), (self.last, (3.0, 0.0))):
                    layer.weight.fill_(weight)
                    layer.bias.fill_(bias)

        def forward(self, x):
            return self.last(F.leaky_relu(self.first(x), 0.2)).flatten()

    report = critic_report(Kink(), torch.zeros(2, 1), torch.full((2, 1), 0.1))
    assert report.gradient_real == pytest.approx(0.6)
    assert report.gradient_searched == pytest.approx(3)
    assert report.certificate == pytest.approx(3)


@pytest.mark.parametrize("mode", ["running", "batch"])
@pytest.mark.parametrize("training", [True, False])
def test_the_critic_is_left_as_it_was(mode, training):
    critic = make_critic().train(training)
    critic.last.bias.requires_grad_(False)
    before = copy.deepcopy(critic.state_dict())
    critic_report(critic, clips(), clips(1), mode=mode)
    assert critic.training is training
    assert all(torch.equal(before[name], value) for name, value in critic.state_dict().items())
    assert [p.requires_grad for p in critic.last.parameters()] == [True, False]
    assert all(p.grad is None for p in critic.parameters())


def test_scalars_for_the_log_leave_out_what_is_unknown():
    critic = make_critic()
    running = critic_report(critic, clips(), clips(1)).scalars()
    batch = critic_report(critic, clips(), clips(1), mode="batch").scalars()
    assert running.keys() - batch.keys() == {"lipschitz/product", "lipschitz/certificate"}
    assert {"lipschitz/empirical", "gradient/convs.0", "gradient/last"} <= batch.keys()


def test_the_text_says_what_rounding_leaves_uncovered():
    critic = make_critic(batch_norm=False)
    plain = critic_report(critic, clips(), clips(1))
    rounded = critic_report(critic, clips(), clips(1), mixed_precision="bf16")
    assert "bf16" not in describe(plain)
    assert "rounded to bf16 by autocast are not covered" in describe(rounded)


def test_samples_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="differ"):
        critic_report(make_critic(), clips(), clips(count=2))


def test_a_batch_norm_in_front_of_all_layers_counts_for_the_first():
    critic = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(2), nn.Linear(2, 1), nn.Flatten(0)).eval()
    with torch.no_grad():
        critic[1].running_var.fill_(0.01)
        critic[2].weight.copy_(torch.tensor([[0.6, 0.8]]))
    report = critic_report(critic, torch.rand(3, 2), torch.rand(3, 2))
    assert report.layers[0].gain == pytest.approx(10, rel=1e-3)
    assert report.empirical <= report.certificate == pytest.approx(10, rel=1e-3)


def test_parametrised_weights_are_the_same_for_every_number():
    from tgan.constraints import SpectralNorm

    critic = make_critic(batch_norm=False)
    SpectralNorm().attach(critic, (clips(count=1),))
    report = critic_report(critic.train(), clips(), clips(1), mode="batch")
    assert all(layer.norm <= layer.upper_bound for layer in report.layers)


def test_a_mode_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="no mode 'bath'.*running, batch"):
        critic_report(make_critic(), clips(), clips(1), mode="bath")
