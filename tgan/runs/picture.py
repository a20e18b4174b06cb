"""Pictures changed by a run that learnt one: repainted, enlarged, set in motion."""

from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from tgan.data.pictures.opening import open_picture, single
from tgan.data.pictures.orientation import upright
from tgan.data.pictures.single import open_single
from tgan.data.pixels import normalise, to_bytes
from tgan.models.pyramid import PyramidGenerator
from tgan.runs.trained import TrainedRun
from tgan.sampling import pyramid as making
from tgan.sampling.decoding import seed_latents
from tgan.system.memory import check_memory

# By how much a mask grows, and over how much it fades, in shares of the longer side: the authors'
# 7 pixels for harmonization, and a deviation of 5, of 250.
GROWN, FADED = 7 / 250, 5 / 250

Picture = str | Path | np.ndarray


class PictureEditor:
    """Changes pictures by a run of one picture (`data.name picture`).

    Pictures are paths, or arrays (H, W, C), uint8. Those of paths are shrunk, as the one of the run
    is, until the longer side is `data.resolution`; none is enlarged, and arrays stay as they are.

    Args:
        run: see `tgan.load`.

    Raises:
        ValueError: it is of many pictures, or of videos.

    Example:
        >>> editor = tgan.PictureEditor(tgan.load("runs/picture"))
        >>> changed = editor.repaint("pasted.png", stage=3, mask="mask.png")  # uint8 (H, W, C)
    """

    def __init__(self, run: TrainedRun) -> None:
        if not run.is_of_one_picture:
            raise ValueError(
                f"'{run.path}' is no run of one picture (data.name picture), but of "
                f"{run.config.data.name}"
            )
        self.run = run

    @property
    def pyramid(self) -> PyramidGenerator:
        """The generator, in inference mode.

        Raises:
            ValueError: not all of its stages have begun to be trained.
        """
        pyramid: PyramidGenerator = self.run.generator  # type: ignore[assignment]
        begun, stages = int(pyramid.begun), len(pyramid.stages)
        if begun < stages:
            raise ValueError(
                f"'{self.run.path}' has {begun} of {stages} stages: its training has to go on"
            )
        return pyramid

    @cached_property
    def picture(self) -> np.ndarray:
        """The picture of the run (H, W, C), uint8, from where its configuration says.

        Raises:
            ValueError: it is no longer there.
        """
        return self.run.data.clip(0, 0)[0]

    def remade(self) -> np.ndarray:
        """What the pyramid remakes of its picture (H, W, C), uint8: the picture, ideally."""
        pyramid = self.pyramid
        with torch.no_grad():
            return _pixels(pyramid.remade())

    def repaint(
        self, picture: Picture, *, stage: int, mask: Picture | None = None, seed: int = 0
    ) -> np.ndarray:
        """A picture whose detail, from a stage on, is the pyramid's: (H, W, C), uint8.

        Args:
            stage: the lower, from 1, the more is made anew (`tgan.sampling.pyramid.repaint`).
            mask: white where it is made anew, and black where the picture stays; its rim grows and
                fades as the authors' does. None for everywhere.
            seed: of the noise.

        Raises:
            ValueError: a picture that cannot be read, a mask of another shape, or no such stage.
        """
        pyramid, given = self.pyramid, self._opened(picture)
        size = given.shape[:2]
        share = None if mask is None else self._mask(mask, size)
        z = seed_latents([seed], pyramid.count(size)).to(self.run.device)
        made = _pixels(making.repaint(pyramid, self._tensor(given), pyramid.noise(z, size), stage))
        if share is None:
            return made
        return np.rint(share * made + (1 - share) * given).astype(np.uint8)

    def enlarge(self, factor: float, picture: Picture | None = None) -> np.ndarray:
        """A picture `factor` times as large, with detail of the run's own: (H', W', C), uint8.

        Args:
            picture: that of the run unless given.

        Raises:
            ValueError: a picture that cannot be read, a factor that is not above 1, or more pixels
                than the memory holds.
        """
        given = self.picture if picture is None else self._opened(picture)
        if factor > 1:
            self._check_memory(*(float(factor) * side for side in given.shape[:2]))
        return _pixels(making.enlarge(self.pyramid, self._tensor(given), factor))

    def animate(
        self,
        frames: int,
        *,
        seed: int = 0,
        stage: int = 0,
        pull: float = 0.1,
        smoothness: float = 0.9,
        size: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Frames (T, H, W, C), uint8, of a walk that starts at the picture.

        Args:
            stage: the first whose noise walks, from 0; the higher, the less moves.
            pull, smoothness: alpha and beta, see `tgan.sampling.pyramid.animate`.
            size: height and width, those of the picture unless given.

        Raises:
            ValueError: as `tgan.sampling.pyramid.animate`, or more pixels than the memory holds.
        """
        height, width = self.pyramid.sizes(size)[-1]
        # All frames are held, as bytes.
        self._check_memory(height, width, held=frames * self.run.config.data.channels)
        settings = {"stage": stage, "pull": pull, "smoothness": smoothness, "size": size}
        images = making.animate(self.pyramid, seed, frames, **settings)  # type: ignore[arg-type]
        return np.stack([_pixels(image) for image in images])

    def _check_memory(self, height: float, width: float, *, held: int = 0) -> None:
        """Refuse images of more pixels than the memory holds.

        Args:
            held: bytes for each pixel beside the last stage's maps, in and out, in float32.
        """
        each = 4 * 2 * self.run.config.generator.width + held
        check_memory(each * height * width, f"an image of {height:g}x{width:g}")

    def _opened(self, picture: Picture) -> np.ndarray:
        """Pixels (H, W, C) at the resolution of the run."""
        data = self.run.config.data
        if isinstance(picture, np.ndarray):
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != data.channels:
                raise ValueError(
                    f"a picture of {picture.dtype} {picture.shape}; uint8 (H, W, {data.channels}) "
                    "is needed"
                )
            return picture
        opened = open_single(picture, resolution=data.resolution, channels=data.channels)
        return opened.clip(0)[0]

    def _mask(self, mask: Picture, size: tuple[int, int]) -> np.ndarray:
        """How much of each pixel is made anew: (H, W, 1), from 0 to 1."""
        image = Image.fromarray(mask) if isinstance(mask, np.ndarray) else _opened_mask(Path(mask))
        if abs(image.width * size[0] - image.height * size[1]) > max(image.size) * max(size) / 50:
            raise ValueError(
                f"a mask of {image.height}x{image.width} (height x width) for a picture of "
                f"{size[0]}x{size[1]}: they differ in shape"
            )
        image = image.convert("L").resize(size[::-1], Image.Resampling.BOX)
        grown = image.filter(ImageFilter.MaxFilter(2 * round(GROWN * max(size)) + 1))
        faded = grown.filter(ImageFilter.GaussianBlur(FADED * max(size)))
        return np.asarray(faded, np.float64)[..., None] / 255

    def _tensor(self, pixels: np.ndarray) -> Tensor:
        """Pixels (H, W, C) as an image (1, C, H, W) in [-1, 1) on the run's device."""
        clip = torch.from_numpy(pixels.copy())[None, None]
        return normalise(clip)[:, :, 0].to(self.run.device)


def _pixels(image: Tensor) -> np.ndarray:
    """An image (1, C, H, W) in [-1, 1] as pixels (H, W, C), uint8."""
    return to_bytes(image[:, :, None])[0, 0].cpu().numpy()


def _opened_mask(path: Path) -> Image.Image:
    """The picture of a file, upright."""
    if not path.is_file():
        raise ValueError(f"no such file: '{path}'")
    found = open_picture(path, lambda image: upright(single(image)).copy())
    if isinstance(found, str):
        raise ValueError(f"'{path}': {found}")
    return found
