"""What a pyramid for one picture makes besides samples: changed pictures, larger ones, walks.

Images are (N, C, H, W) in [-1, 1], on the pyramid's device; it is in inference mode.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tgan.models.pyramid import PyramidGenerator
from tgan.models.resizing import Size, resize
from tgan.rng import Stream, seed_of

# Of a walk, at its start: the share of its own noise in that of the picture.
_APART = 0.05


@torch.no_grad()
def repaint(pyramid: PyramidGenerator, picture: Tensor, noise: list[Tensor], stage: int) -> Tensor:
    """What the stages from `stage` on make of a picture (1, C, H, W), whose detail is lost.

    It is shrunk to the image that `stage` refines: the lower that is, the more is made anew. A
    drawing so becomes a picture, and what was pasted or moved is joined to what is around it.

    Args:
        noise: of all stages, as large as the picture (`PyramidGenerator.noise`).
        stage: from 1; the first one, 0, refines nothing.

    Raises:
        ValueError: no such stage.

    Source: Shaham et al. 2019, section 4 (paint to image, harmonization, editing).
    """
    last = len(noise) - 1
    if not 1 <= stage <= last:
        raise ValueError(f"stage {stage} is not from 1 (most is made anew) to {last} (least)")
    coarse = resize(picture, pyramid.sizes(_size(picture))[stage - 1])
    return pyramid.draw(noise[stage:], image=coarse, first=stage).clamp(-1, 1)


@torch.no_grad()
def enlarge(pyramid: PyramidGenerator, picture: Tensor, factor: float) -> Tensor:
    """A picture (1, C, H, W) `factor` times as large, by the last stage again and again.

    It is enlarged in equal parts, as near as can be to the factor between the pyramid's stages, and
    refined without noise after each. The authors train a pyramid for this alone, with alpha 100.

    Raises:
        ValueError: a factor that is not above 1.

    Source: Shaham et al. 2019, section 4 (super-resolution).
    """
    if not 1 < factor < math.inf:
        raise ValueError(f"factor {factor:g} is not above 1")
    sizes, last = pyramid.sizes(), len(pyramid.stages) - 1
    of_stage = max(sizes[-1]) / max(sizes[-2]) if last else factor
    count = max(round(math.log(factor) / math.log(of_stage)), 1)
    image = picture
    for part in range(1, count + 1):
        share = factor ** (part / count)
        size = tuple(round(side * share) for side in _size(picture))
        image = pyramid.refine(last, resize(image, size)).clamp(-1, 1)
    return image


@torch.no_grad()
def animate(
    pyramid: PyramidGenerator,
    seed: int,
    frames: int,
    *,
    stage: int = 0,
    pull: float = 0.1,
    smoothness: float = 0.9,
    size: Size | None = None,
) -> Iterator[Tensor]:
    """Yield images (1, C, H, W) along a random walk of the noise, which starts at the picture.

    The noise of each frame is z(t+1) = pull z* + (1 - pull) (z(t) + smoothness (z(t) - z(t-1)) +
    (1 - smoothness) u(t)), u being new noise, and z* that of the remade picture: the anchor in the
    first stage, 0 in the others.

    Args:
        stage: the first one whose noise walks; those below stay at the picture's.
        pull: alpha in the paper, toward the picture.
        smoothness: beta in the paper, of the way.

    Raises:
        ValueError: no such stage, no frames, or a pull or a smoothness that is not in [0, 1].

    Source: Shaham et al. 2019, section 4 (single image animation) and the authors' program.
    """
    sizes = pyramid.sizes(size)
    if not 0 <= stage < len(sizes):
        raise ValueError(f"stage {stage} is not from 0 to {len(sizes) - 1}")
    if frames < 1:
        raise ValueError(f"frames {frames} are below 1")
    for name, share in (("pull", pull), ("smoothness", smoothness)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} {share:g} is not from 0 to 1")
    return _walk(pyramid, seed, frames, stage, pull, smoothness, sizes)


def _walk(
    pyramid: PyramidGenerator,
    seed: int,
    frames: int,
    stage: int,
    pull: float,
    smoothness: float,
    sizes: list[Size],
) -> Iterator[Tensor]:
    rng = torch.Generator().manual_seed(seed_of(Stream.WALKS, seed))
    anchors = [pyramid.anchor(sizes[-1])]
    anchors += [anchors[0].new_zeros(1, pyramid.channels, *sides) for sides in sizes[1:]]

    def fresh(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=rng).to(like)

    before = list(anchors)
    now = [torch.lerp(z, fresh(z), _APART) for z in anchors]
    for _ in range(frames):
        noise = [*anchors[:stage], *now[stage:]]
        with torch.no_grad():
            yield pyramid.draw(noise).clamp(-1, 1)
        steps = [
            smoothness * (z - old) + (1 - smoothness) * fresh(z)
            for z, old in zip(now, before, strict=True)
        ]
        moved = [z + step for z, step in zip(now, steps, strict=True)]
        before, now = (
            now,
            [torch.lerp(z, anchor, pull) for z, anchor in zip(moved, anchors, strict=True)],
        )


def _size(picture: Tensor) -> Size:
    return picture.shape[2], picture.shape[3]
