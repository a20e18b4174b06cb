"""TGAN's critic (Saito et al. 2017, Table 1): 3-D convolutions that score a video."""

from torch import Tensor, nn
from torch.nn import functional as F

from tgan.models.layers import BATCH_NORM_EPS, BatchNorm, append_labels, initialise
from tgan.sizes import base_side, count_doublings

LEAKY_SLOPE = 0.2


class VideoCritic(nn.Module):
    """Maps a video (N, C, T, H, W) in [-1, 1] to a score (N,).

    Strided convolutions halve height, width and time (time only as long as there are frames to
    halve) down to a side of 4, or 5 for 80x80 and its like; the last one spans what remains, so
    there is one score per clip whatever its size and length. At 64x64 and T = 16 these are the
    layers of Table 1, and at T = 1 those of DCGAN's discriminator.

    Args:
        channels: C.
        num_frames: T.
        resolution: H = W, see `tgan.sizes.base_side`.
        width: channels after the first layer; they double with every further one.
        num_labels: classes, whose one-hot code is appended to the channels of every pixel; labels
            (N,) come second then. 0 for none.
        batch_norm: whether all strided layers but the first are followed by a batch norm.
        shift: whether those have a shift (not in the authors' configurations).
        init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: `num_frames`, `resolution` or `width` does not fit.
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        num_frames: int = 16,
        resolution: int = 64,
        width: int = 64,
        num_labels: int = 0,
        batch_norm: bool = True,
        shift: bool = False,
        init: str = "he_normal",
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        if num_frames < 1 or width < 1:
            raise ValueError(f"critic of {num_frames} frames and width {width}: both start at 1")
        self.num_labels = num_labels
        widths = [channels + num_labels] + [width << i for i in range(count_doublings(resolution))]
        self.convs = nn.ModuleList()
        for before, after in zip(widths, widths[1:], strict=False):
            self.convs.append(_halving(before, after, halves_time=num_frames > 1))
            num_frames = max(num_frames // 2, 1)
        self.norms = nn.ModuleList([nn.Identity()])
        for after in widths[2:]:
            norm = BatchNorm(after, shift=shift, eps=eps) if batch_norm else nn.Identity()
            self.norms.append(norm)
        self.last = nn.Conv3d(widths[-1], 1, (num_frames, *[base_side(resolution)] * 2))
        initialise(self, init)

    def forward(self, video: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.last(self._maps(video, labels)).flatten()

    def features(self, video: Tensor, labels: Tensor | None = None) -> Tensor:
        """What the last layer takes in, one row per video: (N, K)."""
        return self._maps(video, labels).flatten(1)

    def _maps(self, video: Tensor, labels: Tensor | None) -> Tensor:
        h = append_labels(video, labels, self.num_labels)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            h = F.leaky_relu(norm(conv(h)), LEAKY_SLOPE, inplace=True)
        return h


def _halving(before: int, after: int, *, halves_time: bool) -> nn.Conv3d:
    """A convolution that halves height and width, and time where more than a frame is left."""
    if halves_time:
        return nn.Conv3d(before, after, 4, 2, 1)
    return nn.Conv3d(before, after, (1, 4, 4), (1, 2, 2), (0, 1, 1))
