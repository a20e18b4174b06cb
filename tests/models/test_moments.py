import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tgan.models.moments import moments, normalise_by

SHAPES = {2: (), 3: (12,), 4: (4, 6), 5: (2, 4, 6)}
EPS = 1e-5


def channels_last(x):
    return x.movedim(1, -1).contiguous().movedim(-1, 1)


def some_channels(x):
    """The same numbers as a part of more channels, which lie last."""
    return channels_last(torch.cat([x, x + 5], 1))[:, : x.shape[1]]


def every_second(x):
    """The same numbers as every second sample of a tensor, and of its last axis."""
    wide = channels_last(x.repeat_interleave(2, 0).repeat_interleave(2, -1))
    return wide[::2, ..., ::2] if x.ndim > 2 else channels_last(x.repeat_interleave(2, 0))[::2]


def values(axes, channels, samples=8):
    torch.manual_seed(0)
    return torch.randn(samples, channels, *SHAPES[axes], dtype=torch.float64) * 0.3 + 0.7


# Few channels and more than there are columns; numbers that columns divide, and that they do not.
@pytest.mark.parametrize("channels", [1, 3, 8, 300])
@pytest.mark.parametrize("axes", sorted(SHAPES))
@pytest.mark.parametrize(
    "order", [channels_last, torch.Tensor.contiguous, some_channels, every_second]
)
@pytest.mark.parametrize("samples", [8, 7])
def test_moments_are_those_of_all_values(channels, axes, order, samples):
    x = order(values(axes, channels, samples))
    found = moments(x)
    others = [axis for axis in range(axes) if axis != 1]
    torch.testing.assert_close(found[0], x.mean(others))
    torch.testing.assert_close(found[1], x.var(others, correction=0))


def test_moments_of_many_values_are_exact_to_rounding_in_float32():
    x = channels_last(values(4, 4, 20_000)).float()
    for found, expected in zip(moments(x), moments(x.double()), strict=True):
        torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("channels", [1, 3, 8, 300])
@pytest.mark.parametrize("axes", sorted(SHAPES))
@pytest.mark.parametrize(
    "order", [channels_last, torch.Tensor.contiguous, some_channels, every_second]
)
@pytest.mark.parametrize("order_of_gradient", [channels_last, torch.Tensor.contiguous])
@pytest.mark.parametrize("shift", [True, False])
def test_normalising_matches_pytorch(channels, axes, order, order_of_gradient, shift):
    x = order(values(axes, channels)).detach().requires_grad_()
    weight = torch.linspace(0.5, 2, channels).double().requires_grad_()
    parameters = [weight, torch.linspace(-1, 1, channels).double().requires_grad_()][: 1 + shift]
    gradient = order_of_gradient(torch.randn_like(x))
    results = []
    for norm in (
        lambda x, weight, bias=None: normalise_by(x, *moments(x.detach()), weight, bias, EPS),
        lambda x, weight, bias=None: F.batch_norm(x, None, None, weight, bias, True, eps=EPS),
    ):
        # The rectifier takes the norm's place in memory.
        out = F.leaky_relu(norm(x, *parameters), 0.2, inplace=True)
        results.append([out, *torch.autograd.grad(out, [x, *parameters], gradient)])
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)
    dense = torch.empty_like(x)
    assert results[0][0].stride() == dense.stride()


def test_a_second_derivative_is_refused():
    x = values(4, 3).requires_grad_()
    out = normalise_by(x, *moments(x.detach()), nn.Parameter(torch.ones(3).double()), None, EPS)
    (slope,) = torch.autograd.grad(out.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()
