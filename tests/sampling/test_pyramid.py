"""Repainting, enlarging and walking, against loops written out and stages that do nothing."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from tests.models.test_pyramid import latents, make_pyramid
from tgan.rng import Stream, seed_of
from tgan.sampling.pyramid import animate, enlarge, repaint


def idle(pyramid):
    """The same, whose stages add nothing to what they enlarge."""
    for stage in pyramid.stages:
        torch.nn.init.zeros_(stage[-1].weight)
        torch.nn.init.zeros_(stage[-1].bias)
    return pyramid.eval()


def picture(height=18, width=24):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(2)) * 2 - 1


@pytest.mark.parametrize("stage", [1, 2])
def test_repainting_keeps_what_the_stage_below_has_room_for(stage):
    pyramid = idle(make_pyramid())
    found = repaint(pyramid, picture(), pyramid.noise(latents(pyramid, 1)), stage)
    image = picture()
    for size in pyramid.sizes()[stage - 1 :]:
        image = interpolate(image, size=size, mode="bicubic", antialias=True)
    torch.testing.assert_close(found, image.clamp(-1, 1))


def test_repainting_runs_the_stages_from_its_own_on():
    pyramid = make_pyramid().eval()
    noise = pyramid.noise(latents(pyramid, 1))
    small = interpolate(picture(), size=(14, 19), mode="bicubic", antialias=True)
    large = interpolate(small, size=(18, 24), mode="bicubic", antialias=True)
    expected = pyramid.refine(2, large, noise[2]).detach().clamp(-1, 1)
    torch.testing.assert_close(repaint(pyramid, picture(), noise, 2), expected)


@pytest.mark.parametrize("stage", [0, 3])
def test_stages_that_refine_nothing_are_refused(stage):
    pyramid = make_pyramid().eval()
    with pytest.raises(ValueError, match=f"stage {stage} is not from 1 .* to 2"):
        repaint(pyramid, picture(), pyramid.noise(latents(pyramid, 1)), stage)


def test_enlarging_goes_by_parts_near_the_pyramids_factor():
    pyramid = idle(make_pyramid())
    # 24 / 19 is the factor of the last stage: 2 is three parts of it.
    image = picture()
    for size in ((23, 30), (29, 38), (36, 48)):
        image = interpolate(image, size=size, mode="bicubic", antialias=True).clamp(-1, 1)
    found = enlarge(pyramid, picture(), 2)
    assert found.shape == (1, 3, 36, 48)
    torch.testing.assert_close(found, image)
    pyramid = make_pyramid().eval()
    size = (27, 36)
    once = interpolate(picture(), size=(22, 29), mode="bicubic", antialias=True)
    twice = pyramid.refine(2, once).clamp(-1, 1)
    twice = interpolate(twice, size=size, mode="bicubic", antialias=True)
    expected = pyramid.refine(2, twice).detach().clamp(-1, 1)
    torch.testing.assert_close(enlarge(pyramid, picture(), 1.5), expected)


@pytest.mark.parametrize("factor", [1, 0.5, float("nan"), float("inf")])
def test_factors_that_enlarge_nothing_are_refused(factor):
    with pytest.raises(ValueError, match="factor .* is not above 1"):
        enlarge(make_pyramid(), picture(), factor)


def test_a_walk_is_the_papers_recursion():
    """NumPy in float64, from the same random numbers."""
    pyramid = make_pyramid().eval()
    found = list(animate(pyramid, 5, 4, stage=1, pull=0.2, smoothness=0.7))
    rng = torch.Generator().manual_seed(seed_of(Stream.WALKS, 5))
    shapes = [(1, 1, 11, 15), (1, 3, 14, 19), (1, 3, 18, 24)]
    anchors = [pyramid.anchor().double().numpy(), np.zeros(shapes[1]), np.zeros(shapes[2])]

    def draw():
        return [torch.randn(shape, generator=rng).double().numpy() for shape in shapes]

    ways = [anchors, [0.95 * a + 0.05 * u for a, u in zip(anchors, draw(), strict=True)]]
    for image in found:
        *_, before, now = ways
        noise = [torch.from_numpy(z).float() for z in (anchors[0], now[1], now[2])]
        expected = pyramid.draw(noise).detach().clamp(-1, 1)
        torch.testing.assert_close(image, expected, rtol=1e-4, atol=1e-5)
        ways.append(
            [
                0.2 * a + 0.8 * (z + 0.7 * (z - old) + 0.3 * u)
                for a, z, old, u in zip(anchors, now, before, draw(), strict=True)
            ]
        )


def test_a_walk_starts_near_the_remade_picture_and_moves():
    pyramid = make_pyramid().eval()
    frames = list(animate(pyramid, 0, 12, size=(18, 30)))
    assert all(frame.shape == (1, 3, 18, 30) for frame in frames)
    near, far = ((frame - frames[0]).abs().mean() for frame in (frames[1], frames[-1]))
    assert 0 < near < far
    other = next(animate(pyramid, 1, 1, size=(18, 30)))
    assert not torch.equal(other, frames[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frames": 0}, "frames 0 are below 1"),
        ({"stage": 3}, "stage 3 is not from 0 to 2"),
        ({"pull": -0.1}, "pull -0.1 is not from 0 to 1"),
        ({"smoothness": 1.5}, "smoothness 1.5 is not from 0 to 1"),
    ],
)
def test_walks_that_cannot_be_are_refused_at_once(settings, message):
    with pytest.raises(ValueError, match=message):
        animate(make_pyramid(), 0, **{"frames": 4} | settings)
