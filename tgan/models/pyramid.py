"""A pyramid of generators for one picture, coarse to fine (SinGAN, Shaham et al. 2019)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from tgan.config.sizes import RECEPTIVE_FIELD, stage_sizes
from tgan.models.layers import initialise
from tgan.models.patch import patch_layers
from tgan.models.resizing import Size, resize
from tgan.rng import Stream, seed_of

# Of a stage's noise, to the root mean square of what the stage before leaves to be done.
NOISE_SHARE = 0.1
# Uniform numbers end here: the normal ones that they become are finite, within 5.3.
_LAST = 1 - 2.0**-23


class PyramidGenerator(nn.Module):
    """Maps a latent (N, K) to images (N, C, 1, H, W), by stages that each refine the one before.

    The first stage makes an image, `coarsest` pixels on its shorter side, of noise alone. Each
    later one enlarges what it gets, by about the same factor, adds noise and a residual that five
    convolutions make of both. No weight depends on H and W, which are those of its one picture, or
    any others (`tgan.models.resized`): K, the numbers in the noise of all stages, depends on them.

    It grows while it is trained (`tgan.training.growing`): in training mode samples are of the last
    stage that has begun. In inference mode they always are H by W, enlarged from that stage, and
    clamped to [-1, 1].

    Args:
        channels: C.
        num_frames: 1.
        resolution: the longer side of the picture.
        scales: stages.
        coarsest: the shorter side of the first stage's image of the picture, from 11 on.
        width: channels of all layers but the last of a stage.
        image_init: see `tgan.models.layers.initialise`.

    Raises:
        ValueError: more than one frame, or a coarsest side that does not fit.

    Attributes:
        picture: (2,) height and width of the picture; 0 until `fit` is told.
        begun: how many stages have begun to be trained.
        amplitudes: (scales,) of each stage's noise.

    Source: Shaham et al. 2019, section 2; where the latent is uniform on [-1, 1], as everywhere
    here, each number is turned into the normal one of the same rank.
    """

    picture: Tensor
    begun: Tensor
    amplitudes: Tensor

    def __init__(
        self,
        *,
        channels: int = 3,
        num_frames: int = 1,
        resolution: int = 96,
        scales: int = 5,
        coarsest: int = 25,
        width: int = 32,
        image_init: str = "dcgan",
    ) -> None:
        super().__init__()
        if num_frames != 1:
            raise ValueError(f"num_frames {num_frames}: pyramid makes images, clips of 1 frame")
        if not RECEPTIVE_FIELD <= coarsest <= resolution:
            raise ValueError(
                f"coarsest {coarsest} is not from {RECEPTIVE_FIELD}, what a stage sees at once, to "
                f"the resolution {resolution}"
            )
        self.channels, self.coarsest = channels, coarsest
        self.stages = nn.ModuleList(
            patch_layers(channels, width, channels, norms=True) for _ in range(scales)
        )
        self.register_buffer("picture", torch.zeros(2, dtype=torch.long))
        self.register_buffer("begun", torch.zeros((), dtype=torch.long))
        self.register_buffer("amplitudes", torch.zeros(scales))
        initialise(self, image_init)

    def fit(self, height: int, width: int) -> None:
        """Learn the size of the picture.

        Raises:
            ValueError: it is too small for the coarsest side.
        """
        stage_sizes((height, width), (height, width), len(self.stages), self.coarsest)
        self.picture.copy_(torch.tensor([height, width]))

    @property
    def size(self) -> Size:
        """Height and width of the picture."""
        height, width = self.picture.tolist()
        return height, width

    @property
    def latent_size(self) -> int:
        """K for images of the picture's size."""
        return self.count(self.size)

    def count(self, size: Size) -> int:
        """K for images of height and width `size`."""
        return sum(math.prod(shape) for shape in self._shapes(size))

    def sizes(self, size: Size | None = None) -> list[Size]:
        """Heights and widths of the stages' images, up to `size`, by default the picture's.

        Raises:
            ValueError: a stage would see less than its receptive field.
        """
        return stage_sizes(size or self.size, self.size, len(self.stages), self.coarsest)

    def noise(self, z: Tensor, size: Size | None = None) -> list[Tensor]:
        """The stages' normal noise of latents (N, K): maps (N, 1 or C, h, w).

        Only those that `z` has the numbers of are given; stages take theirs in turn. The coarsest
        noise is the same in all channels, as the authors' is.
        """
        shapes, maps = self._shapes(size or self.size), []
        normal = math.sqrt(2) * torch.erfinv(z.clamp(-_LAST, _LAST))
        for shape in shapes:
            maps.append(normal[:, : math.prod(shape)].unflatten(1, shape))
            normal = normal[:, math.prod(shape) :]
        return maps

    def anchor(self, size: Size | None = None) -> Tensor:
        """The noise (1, 1, h, w) that the first stage remakes the picture from, always the same."""
        rng = torch.Generator().manual_seed(seed_of(Stream.ANCHOR))
        return torch.randn(1, 1, *self.sizes(size)[0], generator=rng).to(self.amplitudes)

    def refine(self, stage: int, below: Tensor, noise: Tensor | float = 0.0) -> Tensor:
        """Images of a stage, of enlarged ones (N, C, h, w) of the stage below.

        Args:
            noise: of deviation 1.
        """
        seen = below + self.amplitudes[stage] * noise
        return below + torch.tanh(self.stages[stage](pad(seen, [RECEPTIVE_FIELD // 2] * 4)))

    def draw(
        self, noise: Sequence[Tensor], *, image: Tensor | None = None, first: int = 0
    ) -> Tensor:
        """Images (N, C, h, w) of as many stages as there is noise of, from stage `first` on.

        Args:
            image: what stage `first` refines, of any size; None, for the first one, is nothing.
        """
        if image is None:
            image = noise[0].new_zeros(1, self.channels, 1, 1)
        for stage, added in enumerate(noise, first):
            image = self.refine(stage, resize(image, tuple(added.shape[2:])), added)
        return image

    def remade(self) -> Tensor:
        """What the stages that have begun make of the anchor (1, C, h, w): the picture, ideally.

        Before any has begun it is grey.
        """
        sizes = self.sizes()
        image = self.amplitudes.new_zeros(1, self.channels, *sizes[0])
        for stage in range(int(self.begun)):
            noise = self.anchor() if stage == 0 else 0.0
            image = self.refine(stage, resize(image, sizes[stage]), noise)
        return image

    def forward(self, z: Tensor, size: Size | None = None) -> Tensor:
        noise = self.noise(z, size)[: int(self.begun)]
        images = self.draw(noise) if noise else z.new_zeros(len(z), self.channels, 1, 1)
        if not self.training:
            images = resize(images, size or self.size).clamp(-1, 1)
        return images[:, :, None]

    @torch.no_grad()
    def begin(self, real: Tensor) -> None:
        """Begin the next stage, as a copy of the one before, whose weights stay as they are.

        Its noise has a tenth of what the stage before leaves to be done (root mean square).

        Args:
            real: the picture (N, C, H, W).
        """
        stage = int(self.begun)
        if stage:
            self.stages[stage].load_state_dict(self.stages[stage - 1].state_dict())
        size = self.sizes()[stage]
        missing = resize(real, size) - resize(self.remade(), size)
        share = NOISE_SHARE * missing.square().mean().sqrt() if stage else 1.0
        self.amplitudes[stage] = share
        self.begun += 1

    def _shapes(self, size: Size) -> list[tuple[int, int, int]]:
        """Channels, height and width of each stage's noise."""
        return [
            (1 if stage == 0 else self.channels, *sides)
            for stage, sides in enumerate(self.sizes(size))
        ]
