import pickle

import numpy as np
import pytest

from tgan.config import DataConfig
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.made.shapes3d import BOUNDS, CAMERA, SHAPES, WALL, RenderedShapes, random_scene
from tgan.data.pictures.depth import HOLE, depth_of
from tgan.rng import Stream, numpy_rng


def test_an_image_is_a_pure_function_of_its_number():
    shapes, others = RenderedShapes(size=10), RenderedShapes(size=99)
    others.clip(7)
    np.testing.assert_array_equal(shapes.clip(3), others.clip(3))
    np.testing.assert_array_equal(shapes.clip(3), pickle.loads(pickle.dumps(shapes)).clip(3))  # noqa: S301
    for different in (RenderedShapes(seed=1), RenderedShapes(held_out=True)):
        assert not np.array_equal(shapes.clip(3), different.clip(3))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_are_views_of_one_image(channels):
    whole = RenderedShapes().clip(5)
    shapes = RenderedShapes(channels=channels)
    clip = shapes.clip(5)
    assert clip.shape == shapes.shape == (1, 32, 32, channels) and clip.dtype == np.uint8
    if channels == 1:
        luma = whole[..., :3] @ [0.299, 0.587, 0.114]
        assert np.abs(clip[..., 0] - luma).max() <= 1
    else:
        np.testing.assert_array_equal(clip, whole[..., :channels])


def test_depth_is_everywhere_and_strictly_within_its_bounds():
    shapes = RenderedShapes(resolution=16)
    levels = np.stack([shapes.clip(index) for index in range(600)])[..., 3]
    assert levels.min() > HOLE + 1 and levels.max() < 255
    depth = depth_of(levels, BOUNDS)
    # The foot of the wall, along the optical axis.
    farthest = CAMERA.height * np.sin(CAMERA.pitch) + WALL * np.cos(CAMERA.pitch)
    assert BOUNDS[0] < depth.min() < depth.max() <= farthest < BOUNDS[1]


def test_a_pixels_depth_is_one_that_a_ray_has_seen():
    shapes = RenderedShapes(resolution=16)
    for index in range(6):
        rng = numpy_rng(Stream.SHAPES, 0, 0, index)
        _, depth = random_scene(rng, SHAPES[index % 3]).render(CAMERA, 32)
        found = depth_of(shapes.clip(index)[0, ..., 3], BOUNDS)
        rays = depth.reshape(16, 2, 16, 2).swapaxes(1, 2).reshape(16, 16, 4)
        step = (BOUNDS[1] - BOUNDS[0]) / 254
        assert (np.abs(rays - found[..., None]).min(-1) <= step / 2 + 1e-6).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_stand_on_the_floor_in_view(shape):
    for number in range(40):
        scene = random_scene(np.random.default_rng(number), shape)
        body = scene.solid
        np.testing.assert_allclose(body.axes @ body.axes.T, np.eye(3), atol=1e-12)
        # A ray from below meets its lowest point at the height of the floor.
        up = np.array([[0.0, 1.0, 0.0]])
        below = body.centre * [1, 0, 1] - [0, 1, 0]
        assert body.meet(below, up)[0] == pytest.approx(1.0)
        towards = (body.centre - CAMERA.origin)[None]
        assert 0 < body.meet(CAMERA.origin, towards)[0] < 1
        assert np.linalg.norm(scene.light) == pytest.approx(1) and scene.light[1] > 0.4


@pytest.mark.parametrize("open_part", [open_dataset, open_held_out])
def test_the_configuration_chooses_shapes(open_part):
    data = {"name": "shapes3d", "resolution": 16, "channels": 4, "num_frames": 1, "num_clips": 12}
    everything = open_part(DataConfig(**data))
    assert everything.labels == SHAPES and len(everything) == 12
    some = open_part(DataConfig(**data, classes=["sphere", "box"]))
    assert some.labels == ["box", "sphere"] and len(some) == 8
    np.testing.assert_array_equal(some.clip(1), everything.clip(2))
    assert [some.label(index) for index in range(4)] == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": 2}, "channels 2; choose from 1, 3, 4"),
        ({"size": 0}, "size 0 is not in 1 to"),
        ({"resolution": 0}, "resolution 0 is below 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        RenderedShapes(**settings)
