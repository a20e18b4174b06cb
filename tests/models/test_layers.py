import pytest
import torch
from torch import nn

from tgan.models.layers import INITIALISATIONS, BatchNorm, append_labels, initialise
from tgan.models.outline import outline


def pair(features: int = 5, **settings) -> tuple[BatchNorm, nn.BatchNorm1d]:
    ours = BatchNorm(features, **settings).double()
    theirs = nn.BatchNorm1d(features, eps=ours.eps).double()
    with torch.no_grad():
        for norm in (ours, theirs):
            norm.weight.copy_(torch.linspace(0.5, 2, features))
            norm.bias.copy_(torch.linspace(-1, 1, features))
    return ours, theirs


def run(norm, x, weights):
    x = x.clone().requires_grad_()
    out = norm(x)
    grads = torch.autograd.grad((out * weights).sum(), [x, norm.weight, norm.bias])
    return out, grads, norm.running_mean, norm.running_var


@pytest.mark.parametrize("repeats", [1, 4])
def test_repeats_equal_a_batch_with_each_sample_repeated(repeats):
    torch.manual_seed(0)
    ours, theirs = pair(repeats=repeats)
    x, weights = torch.randn(3, 5).double(), torch.randn(3 * repeats, 5).double()
    repeated = x.repeat_interleave(repeats, 0)
    for _ in range(2):
        out, grads, mean, var = run(ours, x, weights.view(3, repeats, 5).sum(1))
        theirs_out, theirs_grads, theirs_mean, theirs_var = run(theirs, repeated, weights)
    torch.testing.assert_close(out.repeat_interleave(repeats, 0), theirs_out)
    torch.testing.assert_close(grads[0], theirs_grads[0].view(3, repeats, 5).sum(1))
    torch.testing.assert_close(grads[1:], theirs_grads[1:])
    torch.testing.assert_close((mean, var), (theirs_mean, theirs_var))


def test_global_path_equals_the_native_one():
    torch.manual_seed(0)
    ours, theirs = pair()
    x, weights = torch.randn(2, 3, 5, 4, 6).double().movedim(2, 1), torch.randn(2, 5, 3, 4, 6)
    theirs3d = nn.BatchNorm3d(5, eps=ours.eps).double()
    theirs3d.load_state_dict(theirs.state_dict())
    expected = run(theirs3d, x, weights)
    ours.repeats = 1
    out = ours._normalise_repeated(x, x.numel() // 5)
    torch.testing.assert_close(out, expected[0])
    torch.testing.assert_close(ours.running_var, expected[3])


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_float32_on_a_cpu_matches_float64(shift, frozen):
    torch.manual_seed(0)
    ours = BatchNorm(3, shift=shift)
    exact = nn.BatchNorm2d(3, eps=ours.eps).double()
    for parameter in ours.parameters():
        parameter.requires_grad_(not frozen)
    x = (torch.randn(64, 3, 96, 96) * 0.1 + 0.05).to(memory_format=torch.channels_last)
    weights = torch.randn(64, 3, 96, 96)
    results = []
    for norm, dtype in ((ours, torch.float32), (exact, torch.float64)):
        inputs = [x.to(dtype).requires_grad_(), norm.weight]
        inputs = inputs[:1] if frozen else inputs
        out = norm(inputs[0])
        grads = torch.autograd.grad((out * weights.to(dtype)).sum(), inputs)
        results.append([out, *grads, norm.running_mean, norm.running_var])
    for a, b in zip(*results, strict=True):
        assert (a.double() - b).norm() < 1e-5 * b.norm()
    assert (results[0][0].double() - results[1][0]).abs().max() < 3e-6


def test_one_value_per_channel_normalises_to_the_shift():
    ours, _ = pair()
    out = ours(torch.randn(1, 5).double())
    torch.testing.assert_close(out, ours.bias[None])
    assert torch.isfinite(ours.running_var).all()


def test_inference_uses_running_statistics():
    ours, theirs = pair()
    for norm in (ours, theirs):
        norm.running_mean.fill_(0.3)
        norm.running_var.fill_(2.5)
        norm.eval()
    x = torch.randn(1, 5).double()
    torch.testing.assert_close(ours(x), theirs(x))


def test_without_a_shift_there_is_no_bias():
    norm = BatchNorm(3, shift=False)
    assert dict(norm.named_parameters()).keys() == {"weight"}
    assert norm(torch.randn(4, 3)).mean().abs() < 1e-6


@pytest.mark.parametrize(
    ("scheme", "deviation"),
    [
        ("he_normal", (2 / 600) ** 0.5),
        ("lecun_normal", (1 / 600) ** 0.5),
        ("normal", 0.02),
        ("dcgan", 0.02),
    ],
)
def test_initialisations_have_their_deviation(scheme, deviation):
    torch.manual_seed(0)
    layer = nn.Linear(600, 500)
    initialise(layer, scheme)
    assert layer.weight.std().item() == pytest.approx(deviation, rel=0.01)
    assert layer.weight.mean().abs() < deviation / 100
    assert (layer.bias == 0).all()


def test_uniform_fills_its_interval():
    torch.manual_seed(0)
    layer = nn.Conv2d(30, 40, 5)
    initialise(layer, "uniform")
    assert layer.weight.max().item() == pytest.approx(0.01, rel=1e-3)
    assert layer.weight.min().item() == pytest.approx(-0.01, rel=1e-3)


@pytest.mark.parametrize("scheme", sorted(INITIALISATIONS))
def test_only_dcgan_draws_gains_and_nothing_but_these_differs_from_normal(scheme):
    networks = {}
    for name in ("normal", scheme):
        networks[name] = nn.Sequential(nn.Conv2d(3, 8, 4), BatchNorm(4000), nn.Linear(8, 8))
        torch.manual_seed(0)
        initialise(networks[name], name)
    network, plain = networks[scheme], networks["normal"]
    gains = network[1].weight
    if scheme == "dcgan":
        assert gains.mean().item() == pytest.approx(1, abs=0.001)
        assert gains.std().item() == pytest.approx(0.02, rel=0.05)
        for index in (0, 2):
            assert torch.equal(network[index].weight, plain[index].weight)
    else:
        assert (gains == 1).all()
    assert all((module.bias == 0).all() for module in network)


def test_orthogonal_kernels_have_singular_values_of_1():
    torch.manual_seed(0)
    layer = nn.Conv3d(6, 10, (4, 4, 4))
    initialise(layer, "orthogonal")
    torch.testing.assert_close(torch.linalg.svdvals(layer.weight.flatten(1)), torch.ones(10))


def test_unknown_initialisation_lists_the_choices():
    with pytest.raises(
        ValueError, match="dcgan, he_normal, lecun_normal, normal, orthogonal, small_"
    ):
        initialise(nn.Linear(2, 2), "xavier")


@pytest.mark.parametrize("places", [(), (3,), (2, 3, 4)])
def test_labels_are_appended_as_one_hot_channels_at_every_place(places):
    x = torch.rand(2, 5, *places)
    out = append_labels(x, torch.tensor([2, 0]), 3)
    assert out.shape == (2, 8, *places)
    assert torch.equal(out[:, :5], x)
    assert (out[0, 7] == 1).all() and (out[1, 5] == 1).all() and out[:, 5:].sum(1).eq(1).all()


def test_labels_must_be_given_exactly_where_they_are_wanted():
    x = torch.rand(2, 5)
    assert append_labels(x, None, 0) is x
    with pytest.raises(ValueError, match="3 classes needs labels; none were given"):
        append_labels(x, None, 3)
    with pytest.raises(ValueError, match="0 classes needs labels; some were given"):
        append_labels(x, torch.tensor([0, 0]), 0)


def test_a_network_without_numbers_is_not_drawn(monkeypatch):
    def draw(weight):
        raise AssertionError("drawn")

    def make():
        network = nn.Sequential(nn.Linear(3, 4), BatchNorm(4))
        initialise(network, "normal")
        return network

    monkeypatch.setitem(INITIALISATIONS, "normal", draw)
    claims = outline(make)
    assert claims["0.weight"].shape == (4, 3)
    with pytest.raises(AssertionError, match="drawn"):
        make()
