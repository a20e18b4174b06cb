import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tgan.models.rectifier import leaky_relu_


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rectified(x):
    return leaky_relu_(x * 1, 0.2)


def test_values_and_gradients_are_those_of_pytorch_at_any_order():
    x = numbers(3, 4, 5).requires_grad_()
    assert torch.equal(rectified(x), F.leaky_relu(x, 0.2))
    assert torch.autograd.gradcheck(rectified, x)
    assert torch.autograd.gradgradcheck(rectified, x)
    weight = numbers(3, 4, 5, seed=1)
    thirds = []
    for function in (rectified, lambda x: F.leaky_relu(x, 0.2)):
        loss = (function(x).pow(3) * weight).sum()
        for _ in range(3):
            (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
            loss = gradient.sum()
        thirds.append(gradient)
    torch.testing.assert_close(*thirds, rtol=1e-12, atol=0)


def test_it_works_in_place_and_keeps_the_layout():
    x = numbers(2, 3, 2, 2, 2).contiguous(memory_format=torch.channels_last_3d).requires_grad_()
    before = x * 1
    out = leaky_relu_(before, 0.2)
    assert out.data_ptr() == before.data_ptr()
    (gradient,) = torch.autograd.grad(out.sum(), x)
    assert gradient.is_contiguous(memory_format=torch.channels_last_3d)


def second_order(rectify):
    """The gradient of a layer behind a rectifier by its input, and what goes back from it."""
    first, second = nn.Linear(3, 4).double(), nn.Linear(4, 1).double()
    x = numbers(5, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(second(rectify(first(x))).sum(), x, create_graph=True)
    wanted = [first.weight, second.weight, first.bias, x]
    return torch.autograd.grad(gradient.square().sum(), wanted, allow_unused=True)


def test_a_gradient_s_gradient_goes_to_weights_and_not_back_through_the_forward_pass():
    ours = second_order(lambda x: leaky_relu_(x, 0.2))
    assert ours[0].abs().sum() > 0 and ours[1].abs().sum() > 0 and ours[2:] == (None, None)
    # PyTorch's has zeros there, which cost as much as other numbers.
    theirs = second_order(lambda x: F.leaky_relu(x, 0.2))
    assert theirs[2].eq(0).all() and theirs[3].eq(0).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    x = numbers(3, 4).to(dtype).requires_grad_()
    out = rectified(x)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    assert out.dtype == gradient.dtype == dtype
    assert torch.equal(gradient, torch.where(x > 0, 1, 0.2).to(dtype))
