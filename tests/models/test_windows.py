import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from tgan.models.rectifier import leaky_relu_
from tgan.models.windows import (
    HalvingConv3d,
    conv_by_windows,
    conv_of_few_channels,
    deconv,
    deconv3d_by_parity,
)


def results(layer, x):
    x = x.clone().requires_grad_()
    out = layer(x)
    weights = torch.linspace(-1, 1, out.numel(), dtype=x.dtype).view_as(out)
    return out, *torch.autograd.grad((out * weights).sum(), [x, *layer.parameters()])


# Few channels; one frame that is left; neither; images; what does not halve evenly.
@pytest.mark.parametrize(
    ("before", "halves_time", "size"),
    [
        (3, True, (8, 10, 12)),
        (9, True, (2, 8, 6)),
        (3, True, (2, 8, 8)),
        (9, True, (4, 8, 8)),
        (9, False, (2, 8, 8)),
        (3, False, (1, 8, 8)),
        (9, True, (2, 7, 8)),
        (3, True, (5, 8, 8)),
    ],
)
@pytest.mark.parametrize("channels_last", [True, False])
def test_halving_matches_a_plain_convolution(before, halves_time, size, channels_last):
    torch.manual_seed(0)
    geometry = (4, 2, 1) if halves_time else ((1, 4, 4), (1, 2, 2), (0, 1, 1))
    plain = nn.Conv3d(before, 5, *geometry).double()
    ours = HalvingConv3d(before, 5, halves_time=halves_time).double()
    ours.load_state_dict(plain.state_dict())
    x = torch.randn(3, before, *size, dtype=torch.float64)
    if channels_last:
        ours, x = (t.to(memory_format=torch.channels_last_3d) for t in (ours, x))
    for found, expected in zip(results(ours, x), results(plain, x), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("before", "size"), [(3, (4, 6, 4)), (9, (2, 4, 6))])
def test_halving_is_differentiated_twice(before, size):
    torch.manual_seed(0)
    layer = HalvingConv3d(before, 2, halves_time=True).double()
    x = torch.randn(2, before, *size, dtype=torch.float64, requires_grad=True)
    penalties = []
    for convolve in (layer, lambda x: F.conv3d(x, layer.weight, layer.bias, 2, 1)):
        scores = convolve(x).square().sum()
        (slope,) = torch.autograd.grad(scores, x, create_graph=True)
        penalties.append(torch.autograd.grad(slope.square().sum(), [x, layer.weight]))
    for found, expected in zip(*penalties, strict=True):
        torch.testing.assert_close(found, expected)


class _Convolutions(TorchDispatchMode):
    """The names of all convolutions and gradients of convolutions that are computed."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if "convolution" in str(function):
            self.names.append(str(function).split(".")[1])
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("create_graph", [False, True])
def test_with_few_channels_no_gradient_is_taken_that_nobody_asked_for(create_graph):
    layer = HalvingConv3d(3, 5, halves_time=True)
    x = torch.randn(2, 3, 4, 4, 4, requires_grad=True)
    # At the input it is a convolution, at the parameters what PyTorch calls convolution_backward.
    parts = {"convolution": [x], "convolution_backward": list(layer.parameters())}
    for wanted in (["convolution"], ["convolution_backward"], sorted(parts)):
        out = layer(x).square().sum()
        inputs = [each for name in wanted for each in parts[name]]
        with _Convolutions() as found:
            torch.autograd.grad(out, inputs, create_graph=create_graph)
        assert sorted(found.names) == wanted


def test_a_penalty_takes_no_zeros_back_through_a_convolution_of_few_channels():
    layer = HalvingConv3d(3, 5, halves_time=True)
    x = torch.randn(2, 3, 4, 4, 4, requires_grad=True)
    out = leaky_relu_(layer(x), 0.2)
    (slope,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    with _Convolutions() as found:
        slope.square().sum().backward()
    # The kernel's gradient alone, of the convolution that gave the slope.
    assert found.names == ["convolution_backward"]
    assert layer.weight.grad.abs().sum() > 0 and layer.bias.grad is None


def test_with_few_channels_all_gradients_have_all_gradients():
    torch.manual_seed(0)
    shapes = (1, 2, 2, 2, 2), (2, 2, 4, 4, 4), (2,)
    inputs = [torch.randn(shape).double().requires_grad_() for shape in shapes]
    assert torch.autograd.gradcheck(conv_of_few_channels, inputs)
    assert torch.autograd.gradgradcheck(conv_of_few_channels, inputs)


def test_forms_themselves_match_plain_convolutions():
    torch.manual_seed(0)
    x, weight = torch.randn(2, 3, 3, 8, 6).double(), torch.randn(5, 3, 3, 4, 4).double()
    bias = torch.randn(5).double()
    expected = F.conv3d(x, weight, bias, (1, 2, 2), (0, 1, 1))
    by_windows = conv_by_windows(x, weight.permute(0, 2, 3, 4, 1), bias)
    torch.testing.assert_close(by_windows, expected)
    y, cube = torch.randn(2, 5, 2, 3, 4).double(), torch.randn(5, 3, 4, 4, 4).double()
    torch.testing.assert_close(deconv3d_by_parity(y, cube), F.conv_transpose3d(y, cube, None, 2, 1))


def test_deconvolution_and_its_gradients_match():
    torch.manual_seed(0)
    x = torch.randn(4, 6, 3, 5).double().requires_grad_()
    weight = torch.randn(6, 7, 4, 4).double().requires_grad_()
    found, expected = deconv(x, weight), F.conv_transpose2d(x, weight, None, 2, 1)
    torch.testing.assert_close(found, expected)
    gradient = torch.randn_like(found)
    pairs = (torch.autograd.grad(out, [x, weight], gradient) for out in (found, expected))
    for ours, plain in zip(*pairs, strict=True):
        torch.testing.assert_close(ours, plain)
    assert torch.autograd.gradgradcheck(deconv, (x[:1, :, :2, :2], weight[:, :1]))


@pytest.mark.parametrize(("before", "size"), [(3, (4, 8, 8)), (16, (2, 8, 8))])
def test_halving_under_autocast_is_about_as_exact_as_a_plain_convolution(before, size):
    torch.manual_seed(0)
    exact = HalvingConv3d(before, 8, halves_time=True)
    x = torch.randn(4, before, *size)
    truth = results(exact, x)

    def in_bf16(convolve):
        def call(x):
            with torch.autocast("cpu", torch.bfloat16):
                return convolve(x).float()

        call.parameters = exact.parameters
        return results(call, x)

    ours = in_bf16(exact)
    plain = in_bf16(lambda x: F.conv3d(x, exact.weight, exact.bias, 2, 1))
    for a, b, c in zip(ours, plain, truth, strict=True):
        # What windows add up to is rounded once more.
        assert 0 < (a - c).norm() < 1.6 * (b - c).norm() + 1e-6 * c.norm()
