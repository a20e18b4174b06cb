"""Layers and initialisations that the networks share."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.lookup import look_up
from tgan.models.batch_norm import BATCH_NORM_EPS as BATCH_NORM_EPS
from tgan.models.batch_norm import BATCH_NORM_MOMENTUM as BATCH_NORM_MOMENTUM
from tgan.models.batch_norm import BatchNorm as BatchNorm


def append_labels(x: Tensor, labels: Tensor | None, num_labels: int) -> Tensor:
    """Append one-hot labels to the channels of x (N, C, ...), the same at every place.

    Args:
        labels: (N,) integers below `num_labels`; None for a network without classes.
        num_labels: V; 0 for a network without classes.

    Returns:
        (N, C + V, ...), or x itself where there are no classes.

    Raises:
        ValueError: labels are missing, or nobody asked for them.

    Source: Saito et al. 2017 (conditional TGAN); Mirza and Osindero 2014.
    """
    check_labels(labels, num_labels)
    if labels is None:
        return x
    return append_everywhere(x, F.one_hot(labels, num_labels).to(x.dtype))


def append_everywhere(x: Tensor, numbers: Tensor) -> Tensor:
    """Append numbers (N, V) to the channels of x (N, C, ...), the same at every place.

    Returns:
        (N, C + V, ...).
    """
    places = x.shape[2:]
    voxels = numbers.view(*numbers.shape, *(1 for _ in places)).expand(-1, -1, *places)
    return torch.cat([x, voxels], 1)


def check_labels(labels: Tensor | None, num_labels: int) -> None:
    """Raise a ValueError where labels are missing, or nobody asked for them."""
    if (labels is None) != (num_labels == 0):
        given = "none" if labels is None else "some"
        raise ValueError(f"a network of {num_labels} classes needs labels; {given} were given")


def append_picture(x: Tensor, picture: Tensor | None, channels: int) -> Tensor:
    """Append a picture (N, channels, ...) to the channels of x (N, C, ...).

    Returns:
        (N, C + channels, ...).

    Raises:
        ValueError: it is missing, or of another size.

    Source: Isola et al. 2017.
    """
    expected = (len(x), channels, *x.shape[2:])
    if picture is None or picture.shape != expected:
        found = None if picture is None else tuple(picture.shape)
        raise ValueError(f"an input picture of shape {expected} is needed, not {found}")
    return torch.cat([x, picture.to(x.dtype)], 1)


# The authors' `init-uniform` configurations; DCGAN (Radford et al. 2016), section 3.
UNIFORM_BOUND, NORMAL_STD = 0.01, 0.02
# VideoGAN (Vondrick et al. 2016).
SMALL_NORMAL_STD = 0.01

INITIALISATIONS = {
    "he_normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
    "lecun_normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="linear"),
    "uniform": lambda w: nn.init.uniform_(w, -UNIFORM_BOUND, UNIFORM_BOUND),
    "normal": lambda w: nn.init.normal_(w, 0.0, NORMAL_STD),
    "dcgan": lambda w: nn.init.normal_(w, 0.0, NORMAL_STD),
    "small_normal": lambda w: nn.init.normal_(w, 0.0, SMALL_NORMAL_STD),
    "orthogonal": nn.init.orthogonal_,
}
# Schemes that draw the gains of batch norms too, around 1, and their deviation.
GAIN_STDS = {"dcgan": NORMAL_STD}


@torch.no_grad()
def initialise(network: nn.Module, scheme: str) -> None:
    """Draw every kernel and matrix of `network` anew and set its biases to 0, in place.

    Args:
        network: gains of its batch norms are left at 1, but for `dcgan`; their shifts are 0.
        scheme: `he_normal`, `lecun_normal` (both by the product of all axes but the first, as in
            Chainer), `uniform` on [-0.01, 0.01], `normal` with deviation 0.02, `dcgan`, which is
            `normal` with gains of mean 1 and deviation 0.02, `small_normal` with deviation 0.01, or
            `orthogonal`: all singular values of the matrix (first axis, the others) are 1
            (Saxe et al. 2014).

    Raises:
        ValueError: no such scheme.

    Source: `dcgan` is what the program dcgan.torch of DCGAN's authors draws (its `weights_init`);
        the paper, section 3, says of all weights that their deviation is 0.02.
    """
    draw = look_up(INITIALISATIONS, scheme, kind="initialisation")
    for name, parameter in network.named_parameters():
        if parameter.is_meta:
            # Without numbers there is nothing to draw, and PyTorch imports its compiler to do so.
            continue
        if parameter.ndim >= 2:
            draw(parameter)
        elif name.endswith("bias"):
            parameter.zero_()
    if scheme in GAIN_STDS:
        for module in network.modules():
            if isinstance(module, BatchNorm | nn.InstanceNorm2d):
                nn.init.normal_(module.weight, 1.0, GAIN_STDS[scheme])
