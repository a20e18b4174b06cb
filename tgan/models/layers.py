"""Layers and initialisations that the networks share."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.lookup import look_up
from tgan.models.distributed import mean_over_processes, world_size
from tgan.models.moments import moments, normalise_by

# Chainer's default, which the authors' networks use; PyTorch's own is 1e-5.
BATCH_NORM_EPS = 2e-5
BATCH_NORM_MOMENTUM = 0.1


class BatchNorm(nn.Module):
    """Batch normalisation over axis 1 of an input (N, C, ...), whatever the number of axes.

    It differs from PyTorch's in four ways that training a GAN needs:

    - in several processes the statistics are those of the global batch, on any device, so the
      number of processes changes nothing but the speed;
    - each sample can count `repeats` times, which is what mapping the same latent once for each
      of T frames would do to the running variance;
    - a batch with one value per channel is allowed (its variance is 0), as in Chainer;
    - on a CPU its sums are accurate, at the price that it cannot be differentiated twice there
      (a gradient penalty through it raises a RuntimeError).

    Args:
        num_features: C.
        shift: whether there is a learned shift beside the learned gain.
        repeats: how often each sample counts.
        eps: added to the variance.

    Source: Ioffe and Szegedy 2015; the authors' networks use eps 2e-5 and decay 0.9.
    """

    def __init__(
        self,
        num_features: int,
        *,
        shift: bool = True,
        repeats: int = 1,
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        self.repeats, self.eps = repeats, eps
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features)) if shift else None
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Tensor) -> Tensor:
        running = (self.running_mean, self.running_var)
        if not self.training:
            return F.batch_norm(x, *running, self.weight, self.bias, eps=self.eps)
        values = x.numel() // x.shape[1]
        if world_size() > 1 or self.repeats > 1 or values == 1:
            return self._normalise_global_batch(x, values * self.repeats)
        if x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64):
            return self._normalise_on_cpu(x, values)
        return F.batch_norm(
            x, *running, self.weight, self.bias, True, BATCH_NORM_MOMENTUM, self.eps
        )

    def _normalise_global_batch(self, x: Tensor, values: int) -> Tensor:
        """Normalise by the statistics of all processes' batches, each of the same size."""
        axes = [axis for axis in range(x.ndim) if axis != 1]
        shape = [1, -1] + [1] * (x.ndim - 2)
        wide = x if x.dtype == torch.float64 else x.float()
        mean = mean_over_processes(wide.mean(axes))
        centred = wide - mean.view(shape)
        variance = mean_over_processes(centred.square().mean(axes))
        self._update_running(mean, variance, values * world_size())
        gain = self.weight * (variance + self.eps).rsqrt()
        out = centred * gain.view(shape)
        return (out if self.bias is None else out + self.bias.view(shape)).to(x.dtype)

    def _normalise_on_cpu(self, x: Tensor, values: int) -> Tensor:
        """Normalise as PyTorch does, but by statistics that are summed accurately."""
        mean, variance = moments(x.detach())
        self._update_running(mean, variance, values)
        return normalise_by(x, mean, variance, self.weight, self.bias, self.eps)

    @torch.no_grad()
    def _update_running(self, mean: Tensor, variance: Tensor, values: int) -> None:
        unbiased = variance * (values / max(values - 1, 1))
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), BATCH_NORM_MOMENTUM)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), BATCH_NORM_MOMENTUM)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, shift={self.bias is not None}, repeats={self.repeats}"


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
    one_hot = F.one_hot(labels, num_labels).to(x.dtype)
    places = x.shape[2:]
    voxels = one_hot.view(*one_hot.shape, *(1 for _ in places)).expand(-1, -1, *places)
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
            `normal` with gains of mean 1 and deviation 0.02, or `small_normal` with deviation
            0.01.

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
            if isinstance(module, BatchNorm):
                nn.init.normal_(module.weight, 1.0, GAIN_STDS[scheme])
