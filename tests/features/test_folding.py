import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tgan.features.folding import conv2d, fold


def trained_norm(kind, size):
    norm = kind(size, eps=1e-3).double().eval()
    for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        tensor.data.uniform_(0.5, 2)
    return norm


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("bias", [True, False])
def test_one_convolution_does_what_both_do(groups, bias):
    conv = nn.Conv2d(8, 12, 3, stride=2, padding=1, groups=groups, bias=bias).double()
    norm = trained_norm(nn.BatchNorm2d, 12)
    folded = conv2d(*fold(conv, norm), stride=2, padding=1, groups=groups)
    x = torch.randn(2, 8, 9, 7, dtype=torch.float64)
    torch.testing.assert_close(folded(x), norm(conv(x)), rtol=1e-12, atol=1e-12)
    assert not any(p.requires_grad for p in folded.parameters())
    assert folded.weight.is_contiguous(memory_format=torch.channels_last)


def test_a_convolution_may_give_some_of_the_channels():
    conv = nn.Conv3d(3, 2, (3, 1, 1), bias=False).double()
    norm = trained_norm(nn.BatchNorm3d, 6)
    x = torch.randn(2, 3, 5, 2, 2, dtype=torch.float64)
    weight, bias = fold(conv, norm, slice(2, 4))
    zeros = torch.zeros(2, 2, 3, 2, 2, dtype=torch.float64)
    expected = norm(torch.cat([zeros, conv(x), zeros], 1))[:, 2:4]
    torch.testing.assert_close(F.conv3d(x, weight, bias), expected, rtol=1e-12, atol=1e-12)


def test_a_convolution_without_bias_has_none():
    weight = torch.randn(4, 2, 3, 1)
    x = torch.randn(1, 2, 6, 5)
    conv = conv2d(weight, padding=(2, 0), dilation=(2, 1))
    assert conv.bias is None
    torch.testing.assert_close(conv(x), F.conv2d(x, weight, padding=(2, 0), dilation=(2, 1)))
