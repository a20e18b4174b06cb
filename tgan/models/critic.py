"""TGAN's critic (Saito et al. 2017, Table 1): 3-D convolutions that score a video."""

import math

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tgan.config.sizes import base_side, count_doublings
from tgan.lookup import look_up
from tgan.models.activations import ACTIVATIONS
from tgan.models.batch_view import BatchView, make_batch_view
from tgan.models.layers import (
    BATCH_NORM_EPS,
    BatchNorm,
    append_labels,
    append_picture,
    check_labels,
    initialise,
)
from tgan.models.packs import check_packs, concatenated
from tgan.models.windows import HalvingConv3d

CONDITIONINGS = ("concatenation", "projection")


class VideoCritic(nn.Module):
    """Maps a video (N, C, T, H, W) in [-1, 1] to a score (N,).

    Strided convolutions halve height, width and time (time only as long as there are frames to
    halve) down to a side of 4, or 5 for 80x80 and its like; the last one spans what remains, so
    there is one score per clip whatever its size and length. At 64x64 and T = 16 these are the
    layers of Table 1, and at T = 1 those of DCGAN's discriminator.

    Args:
        channels: C.
        num_frames: T.
        resolution: H = W, see `tgan.config.sizes.base_side`.
        width: channels after the first layer; they double with every further one.
        num_labels: classes; labels (N,) come second then. 0 for none.
        num_classes: classes that it tells apart, see `logits`; 0 for none.
        conditioning: how the class counts: its one-hot code is appended to the channels of every
            pixel (`concatenation`), or the inner product of an embedding of it with the sum of the
            last features over their places joins the score (`projection`).
        input_channels: channels of a picture (N, input_channels, T, H, W) that comes second, and
            is appended to the video's channels. 0 for none.
        batch_norm: whether all strided layers but the first are followed by a batch norm.
        shift: whether those have a shift (not in the authors' configurations).
        activation: a key of `tgan.models.activations.ACTIVATIONS`.
        sees_batch: a key of `tgan.models.batch_view.BATCH_VIEWS`: statistics of the batch that are
            appended to the maps that the last layer takes in.
        packs: how many consecutive videos of a batch are scored as one, their channels one behind
            the other: (N, C, T, H, W) has N / packs scores then.
        init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: `num_frames`, `resolution` or `width` does not fit, no such conditioning,
            activation or view of the batch, two of labels, a picture and classes to tell apart at
            once, or packs or a view of the batch with what goes without.

    Source: Saito et al. 2017, Table 1; classes as Mirza and Osindero 2014, or Miyato and Koyama
    2018, equation 4; pictures as Isola et al. 2017; classes told apart as Salimans et al. 2016,
    section 5.
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        num_frames: int = 16,
        resolution: int = 64,
        width: int = 64,
        num_labels: int = 0,
        num_classes: int = 0,
        conditioning: str = "concatenation",
        input_channels: int = 0,
        batch_norm: bool = True,
        shift: bool = False,
        activation: str = "leaky_relu",
        sees_batch: str = "none",
        packs: int = 1,
        init: str = "he_normal",
        eps: float = BATCH_NORM_EPS,
    ) -> None:
        super().__init__()
        if num_frames < 1 or width < 1:
            raise ValueError(f"critic of {num_frames} frames and width {width}: both start at 1")
        check_packs(packs, conditions=num_labels + input_channels)
        if conditioning not in CONDITIONINGS:
            choices = ", ".join(CONDITIONINGS)
            raise ValueError(f"no conditioning '{conditioning}'; choose from {choices}")
        roles = {"num_labels": num_labels, "input_channels": input_channels}
        roles["num_classes"] = num_classes
        if sum(map(bool, roles.values())) > 1:
            found = ", ".join(f"{name} {count}" for name, count in roles.items())
            raise ValueError(
                f"a critic takes class labels, or an input picture, or tells classes apart: {found}"
            )
        if num_classes and (packs, sees_batch) != (1, "none"):
            raise ValueError(
                f"a critic that tells {num_classes} classes apart, packs {packs} and sees_batch "
                f"{sees_batch}: the class of a clip would depend on others"
            )
        self.activation = look_up(ACTIVATIONS, activation, kind="activation")
        if activation == "maxmin" and width % 2:
            raise ValueError(f"critic of width {width}: maxmin sorts pairs of channels")
        projects = num_labels > 0 and conditioning == "projection"
        self.num_labels, self.input_channels = num_labels, input_channels
        self.num_classes = num_classes
        appended = input_channels if projects else input_channels + num_labels
        self.packs = packs
        widths = [packs * channels + appended]
        widths += [width << i for i in range(count_doublings(resolution))]
        self.convs = nn.ModuleList()
        for before, after in zip(widths, widths[1:], strict=False):
            self.convs.append(HalvingConv3d(before, after, halves_time=num_frames > 1))
            num_frames = max(num_frames // 2, 1)
        self.norms = nn.ModuleList([nn.Identity()])
        for after in widths[2:]:
            norm = BatchNorm(after, shift=shift, eps=eps) if batch_norm else nn.Identity()
            self.norms.append(norm)
        places = (num_frames, *[base_side(resolution)] * 2)
        self.batch_view = make_batch_view(sees_batch, widths[-1] * math.prod(places))
        self.last = nn.Conv3d(widths[-1] + self.batch_view.added, num_classes or 1, places)
        self.embedding = nn.Embedding(num_labels, widths[-1]) if projects else None
        initialise(self, init)

    def forward(self, video: Tensor, condition: Tensor | None = None) -> Tensor:
        maps = self._maps(video, condition)
        outputs = self.last(self.batch_view(maps)).flatten(1)
        scores = outputs.logsumexp(1) if self.num_classes else outputs.squeeze(1)
        if self.embedding is None:
            return scores
        return scores + (self.embedding(condition) * maps.sum((2, 3, 4))).sum(1)

    def logits(self, video: Tensor) -> Tensor:
        """A number for each class, (N, num_classes): the logarithm of the odds that a video is real
        and of that class, against its being generated.

        Their softmax gives the probabilities of classes, and the logarithm of the sum of their
        exponentials is the score, the logit of being real. They are those of Odena's softmax over
        K + 1 classes with that of generated videos fixed at 0, as it may be: what is added to all
        changes no softmax.

        Source: Salimans et al. 2016, section 5; Odena 2016.
        """
        return self.last(self._maps(video, None)).flatten(1)

    @property
    def mixes_samples(self) -> bool:
        """Whether the score of a video depends on others of its batch."""
        mixing = BatchNorm | _BatchNorm | BatchView
        return any(isinstance(module, mixing) for module in self.modules())

    def features(self, video: Tensor, condition: Tensor | None = None) -> Tensor:
        """What the last layer takes in of each video, but for statistics of the batch: (N, K)."""
        return self._maps(video, condition).flatten(1)

    def _maps(self, video: Tensor, condition: Tensor | None) -> Tensor:
        h = self._with_condition(video, condition)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            h = self.activation(norm(conv(h)))
        return h

    def _with_condition(self, video: Tensor, condition: Tensor | None) -> Tensor:
        # The condition in further channels, unless it is projected.
        video = concatenated(video, self.packs)
        if self.embedding is not None:
            check_labels(condition, self.num_labels)
            return video
        if self.input_channels:
            return append_picture(video, condition, self.input_channels)
        return append_labels(video, condition, self.num_labels)
