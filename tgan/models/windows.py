"""Convolutions of kernel 4, stride 2 and padding 1 in the form that is fastest on a CPU.

Every form here computes the same sums as PyTorch's own, up to the order of additions, and can be
differentiated any number of times, without work for gradients that are not there.
docs/performance.md has the times that chose them.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KERNEL, STRIDE, PADDING = 4, 2, 1
# Below so many channels, gradients at the input of a convolution are taken as a denser one.
_FEW_CHANNELS = 8


class HalvingConv3d(nn.Conv3d):
    """A convolution that halves height and width of (N, C, T, H, W), and time if it says so.

    Its parameters are those of `nn.Conv3d`, and so are its results.

    Args:
        before, after: channels.
        halves_time: whether time is halved too, rather than left alone.
    """

    def __init__(self, before: int, after: int, *, halves_time: bool) -> None:
        time = (KERNEL, STRIDE, PADDING) if halves_time else (1, 1, 0)
        kernel, stride, padding = zip(time, *[(KERNEL, STRIDE, PADDING)] * 2, strict=True)
        super().__init__(before, after, kernel, stride, padding)

    def _conv_forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        sizes = x.shape[2:]
        uneven = any(size % stride for size, stride in zip(sizes, self.stride, strict=True))
        if x.device.type != "cpu" or uneven or self.stride[0] != STRIDE:
            return super()._conv_forward(x, weight, bias)
        if sizes[0] == STRIDE:
            # One frame will be left: the kernel's outer frames see nothing but padding.
            return conv_by_windows(x, weight.permute(0, 2, 3, 4, 1)[:, 1:3], bias)
        if self.in_channels < _FEW_CHANNELS and x.requires_grad:
            return conv_of_few_channels(x, weight, bias)
        return super()._conv_forward(x, weight, bias)


def conv_by_windows(x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve (N, C, T, H, W) with (C', T, 4, 4, C) to (N, C', 1, H/2, W/2), as one product.

    A product of matrices is faster than a convolution where maps are small and channels many.
    """
    x, kernel, bias = _as_autocast(x, kernel, bias)
    windows = _Windows.apply(x).flatten(3)
    return F.linear(windows, kernel.flatten(1), bias).permute(0, 3, 1, 2).unsqueeze(2)


def deconv(x: Tensor, weight: Tensor) -> Tensor:
    """Deconvolve (M, C, H, W) with (C, C', 4, 4) to (M, C', 2H, 2W), for small maps.

    The deconvolution is PyTorch's; its gradients are products of matrices on a CPU.
    """
    if x.device.type != "cpu" or not torch.is_grad_enabled():
        return F.conv_transpose2d(x, weight, None, STRIDE, PADDING)
    return _Deconv.apply(*_as_autocast(x, weight))


def _as_autocast(*tensors: Tensor | None) -> list[Tensor | None]:
    """Tensors of the type that autocast would give a convolution of them."""
    if not torch.is_autocast_enabled("cpu"):
        return list(tensors)
    dtype = torch.get_autocast_dtype("cpu")
    return [t if t is None or t.dtype == torch.float64 else t.to(dtype) for t in tensors]


class _Windows(torch.autograd.Function):
    """What a kernel sees at each place: (N, C, T, H, W) to (N, H/2, W/2, T, 4, 4, C)."""

    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        padded = F.pad(x.permute(0, 2, 3, 4, 1), (0, 0, *[PADDING] * 4))
        views = padded.unfold(2, KERNEL, STRIDE).unfold(3, KERNEL, STRIDE)
        return views.permute(0, 2, 3, 1, 5, 6, 4).contiguous()

    @staticmethod
    def backward(ctx, gradient):
        return None if gradient is None else _SumOfWindows.apply(gradient)


class _SumOfWindows(torch.autograd.Function):
    """The transpose of `_Windows`: adds up what each place gets from the windows that hold it."""

    @staticmethod
    def forward(ctx, windows):
        ctx.set_materialize_grads(False)
        n, height, width, frames, _, _, channels = windows.shape
        total = windows.new_zeros(n, frames, STRIDE * height + 2, STRIDE * width + 2, channels)
        # A window is two by two squares of two by two; squares of one kind tile the map.
        for top in (0, STRIDE):
            for left in (0, STRIDE):
                tiles = total[:, :, top : top + STRIDE * height, left : left + STRIDE * width]
                squares = windows[..., top : top + STRIDE, left : left + STRIDE, :]
                tiles.unflatten(2, (height, STRIDE)).unflatten(4, (width, STRIDE)).add_(
                    squares.permute(0, 3, 1, 4, 2, 5, 6)
                )
        inner = total[:, :, PADDING:-PADDING, PADDING:-PADDING]
        return inner.contiguous().permute(0, 4, 1, 2, 3)

    @staticmethod
    def backward(ctx, gradient):
        return None if gradient is None else _Windows.apply(gradient)


class _Deconv(torch.autograd.Function):
    """A deconvolution of maps, whose gradients share one matrix of windows."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        ctx.set_materialize_grads(False)
        return F.conv_transpose2d(x, weight, None, STRIDE, PADDING)

    @staticmethod
    def backward(ctx, gradient):
        if gradient is None:
            return None, None
        x, weight = ctx.saved_tensors
        windows = _Windows.apply(gradient.unsqueeze(2))
        places = windows.shape[:3]
        windows = windows.flatten(0, 2).flatten(1)
        at_x = at_weight = None
        if ctx.needs_input_grad[0]:
            matrix = weight.permute(0, 2, 3, 1).flatten(1)
            at_x = F.linear(windows, matrix).view(*places, -1).permute(0, 3, 1, 2)
        if ctx.needs_input_grad[1]:
            values = x.permute(0, 2, 3, 1).flatten(0, 2)
            at_weight = (values.T @ windows).view(len(weight), KERNEL, KERNEL, -1)
            at_weight = at_weight.permute(0, 3, 1, 2)
        return at_x, at_weight


def conv_of_few_channels(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve (N, C, T, H, W) with (C', C, 4, 4, 4), with a faster gradient at the input.

    That gradient is a deconvolution to few channels, of which a processor's vectors are half
    empty. Its outputs of one parity along each axis are a convolution of kernel 2; all eight
    parities together are one convolution to eight times as many channels.

    The gradient at the input and that at the parameters are nodes of their own: autograd visits
    those that are asked for, while a node's own `needs_input_grad` says what might be. So a
    penalty takes no gradient of weights on the way to the points.
    """
    x, weight, bias = _as_autocast(x, weight, bias)
    out = _AtParameters.apply((x,), weight, bias)
    return _Both.apply(out, _AtInput.apply(x, (weight,), out.shape))


class _AtParameters(torch.autograd.Function):
    """A convolution that passes gradients to its parameters alone; its input is in a tuple."""

    @staticmethod
    def forward(ctx, held, weight, bias):
        [ctx.x] = held
        ctx.save_for_backward(weight)
        ctx.has_bias = bias is not None
        ctx.set_materialize_grads(False)
        return F.conv3d(ctx.x, weight, bias, STRIDE, PADDING)

    @staticmethod
    def backward(ctx, gradient):
        if gradient is None:
            return None, None, None
        (weight,) = ctx.saved_tensors
        _, needs_weight, needs_bias = ctx.needs_input_grad
        _, at_weight, at_bias = torch.ops.aten.convolution_backward(
            gradient,
            ctx.x,
            weight,
            [weight.shape[0]] if ctx.has_bias else None,
            *([STRIDE] * 3, [PADDING] * 3, [1] * 3, False, [0] * 3, 1),
            [False, needs_weight, needs_bias],
        )
        return None, at_weight, at_bias


class _AtInput(torch.autograd.Function):
    """Zeros that pass a convolution's gradient to its input alone; its kernel is in a tuple."""

    @staticmethod
    def forward(ctx, x, held, shape):
        [ctx.weight] = held
        ctx.set_materialize_grads(False)
        return x.new_zeros(()).expand(shape)

    @staticmethod
    def backward(ctx, gradient):
        at_x = None if gradient is None else deconv3d_by_parity(gradient, ctx.weight)
        return at_x, None, None


class _Both(torch.autograd.Function):
    """The first of two summands, the other of which is zero."""

    @staticmethod
    def forward(ctx, out, zeros):
        ctx.mark_dirty(out)
        ctx.set_materialize_grads(False)
        return out

    @staticmethod
    def backward(ctx, gradient):
        return gradient, gradient


def deconv3d_by_parity(x: Tensor, weight: Tensor) -> Tensor:
    """Deconvolve (N, C', T, H, W) with (C', C, 4, 4, 4) to (N, C, 2T, 2H, 2W)."""
    taps = weight.unflatten(2, (2, 2)).unflatten(4, (2, 2)).unflatten(6, (2, 2))
    # Places k and k + 2 of the kernel meet outputs of the parity of k, the later one first.
    kernel = taps.permute(3, 5, 7, 1, 0, 2, 4, 6).flatten(0, 3).flip(2, 3, 4)
    parts = F.conv3d(x, kernel, padding=1).unflatten(1, (2, 2, 2, -1))
    sizes = [STRIDE * size for size in parts.shape[5:]]
    whole = parts.permute(0, 5, 1, 6, 2, 7, 3, 4).reshape(len(x), *sizes, weight.shape[1])
    return whole[:, 1:-1, 1:-1, 1:-1].permute(0, 4, 1, 2, 3)
