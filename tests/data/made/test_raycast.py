"""Ray casting against closed forms: depths, silhouettes, normals, shading and shadows."""

import numpy as np
import pytest

from tgan.data.made.raycast import Camera, Scene, Solid

# At 90 degrees a camera sees as far aside as ahead; from 20 above the floor, no floor before FAR.
LEVEL = Camera(height=20.0, pitch=0.0, field=np.pi / 2)
LOW = Camera(height=1.0, pitch=0.0, field=np.pi / 2)
FAR = 10.0


def cast(solid, camera=LEVEL, side=65, light=(0.0, 0.6, -0.8), ambient=0.25):
    scene = Scene(solid, FAR, np.eye(3), np.array(light), ambient)
    return scene.render(camera, side)


def solid(shape, half, centre=(0.0, 20.0, 5.0), axes=None):
    axes = np.eye(3) if axes is None else axes
    return Solid(shape, np.array(centre), np.array(half, float), axes)


def turn(angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


def offsets(side, distance):
    """How far right and above the axis the pixels' rays are at a distance, at 90 degrees."""
    steps = ((np.arange(side) + 0.5) * 2 / side - 1) * distance
    return np.meshgrid(steps, -steps)


def test_a_spheres_nearest_point_is_its_distance_less_its_radius():
    colours, depth = cast(solid("sphere", [1.5] * 3))
    assert depth[32, 32] == pytest.approx(5 - 1.5) and depth.min() == depth[32, 32]
    assert (colours[32, 32] > 0).tolist() == [True, False, False]


def test_every_depth_of_a_sphere_solves_its_equation():
    _, depth = cast(solid("sphere", [1.0] * 3, centre=(0.4, 20.2, 4.0)))
    right, up = offsets(65, 1.0)
    # |t d - c|^2 = r^2 with d = (right, up, 1) and c relative to the pinhole.
    square = right**2 + up**2 + 1
    half = 0.4 * right + 0.2 * up + 4.0
    rest = half**2 - square * (0.4**2 + 0.2**2 + 4.0**2 - 1)
    expected = (half - np.sqrt(rest.clip(0))) / square
    hit = rest > 0
    assert 150 < hit.sum() < 300
    np.testing.assert_allclose(depth[hit], expected[hit])
    assert (depth[~hit] > depth[hit].max()).all()


def test_a_boxs_front_face_has_one_depth_and_its_own_outline():
    _, depth = cast(solid("box", [1.2, 0.7, 1.0]))
    right, up = offsets(65, 4.0)
    face = (np.abs(right) < 1.2) & (np.abs(up) < 0.7)
    np.testing.assert_allclose(depth[face], 4.0)
    assert (depth[~face] > 4.0 + 1e-9).all()


def test_a_turned_boxs_edge_is_half_a_diagonal_nearer():
    _, depth = cast(solid("box", [1.0, 0.5, 1.0], axes=turn(np.pi / 4)))
    assert depth[32, 32] == pytest.approx(5 - 2**0.5)
    # The faces go back from there by as much as they go aside.
    right, _ = offsets(65, 1.0)
    row, columns = 32, slice(27, 38)
    expected = (5 - 2**0.5) / (1 - np.abs(right[row, columns]))
    np.testing.assert_allclose(depth[row, columns], expected)


def test_a_standing_cylinder_is_round_across_and_straight_along():
    _, depth = cast(solid("cylinder", [1.0, 0.8, 1.0]))
    assert depth[32, 32] == pytest.approx(4.0)
    side_on = depth[28:37, 32]
    np.testing.assert_allclose(side_on, 4.0)
    right, _ = offsets(65, 1.0)
    tangents = right[32, 22:43]
    rest = 25 - (1 + tangents**2) * 24
    expected = (5 - np.sqrt(rest.clip(0))) / (1 + tangents**2)
    hit = rest > 0
    np.testing.assert_allclose(depth[32, 22:43][hit], expected[hit])


def test_a_cylinder_seen_along_its_axis_is_a_disc():
    axes = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]])
    _, depth = cast(solid("cylinder", [0.8, 1.0, 0.8], axes=axes))
    right, up = offsets(65, 4.0)
    disc = np.hypot(right, up) < 0.8
    np.testing.assert_allclose(depth[disc], 4.0)
    assert (depth[~disc] > 4.0 + 1e-9).all()


def test_floor_and_wall_lie_where_they_are():
    _, depth = cast(solid("sphere", [0.01] * 3, centre=(0.0, 0.01, 9.9)), camera=LOW, side=64)
    _, up = offsets(64, 1.0)
    expected = np.where(up < -0.1, 1.0 / np.maximum(-up, 1e-9), FAR)
    np.testing.assert_allclose(depth, expected)


def test_a_camera_that_looks_down_at_a_right_angle_sees_the_floor_at_its_height():
    down = Camera(height=3.0, pitch=np.pi / 2, field=0.5)
    _, depth = cast(solid("box", [0.2, 0.5, 0.2], centre=(0.0, 0.5, 0.0)), camera=down, side=33)
    assert depth[16, 16] == pytest.approx(2.0) and depth[0, 0] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("shape", "point", "normal"),
    [
        ("sphere", [0.6, 0.8, 0.0], [0.6, 0.8, 0.0]),
        ("box", [0.3, 0.1, -1.0], [0.0, 0.0, -1.0]),
        ("cylinder", [0.6, 0.1, -0.8], [0.6, 0.0, -0.8]),
        ("cylinder", [0.2, 1.0, 0.3], [0.0, 1.0, 0.0]),
    ],
)
@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_normals_stand_on_the_surface(shape, point, normal, angle):
    axes, half = turn(angle), 2.0
    body = solid(shape, [half] * 3, axes=axes)
    place = body.centre + half * np.array(point) @ axes
    np.testing.assert_allclose(body.normals(place[None])[0], np.array(normal) @ axes, atol=1e-12)


def test_shading_is_lamberts_and_shadows_keep_the_ambient_light_alone():
    box = solid("box", [1.0, 1.0, 1.0], centre=(0.0, 1.0, 5.0))
    colours, _ = cast(box, camera=LOW, light=(0.0, 0.6, -0.8))
    assert colours[32, 32, 0] == pytest.approx(0.25 + 0.75 * 0.8)
    lit_floor = colours[-1, 32, 1]
    assert lit_floor == pytest.approx(0.25 + 0.75 * 0.6)
    # With light from behind the box the floor before it is dark, as far as 2 * 0.8 / 0.6.
    colours, depth = cast(box, camera=LOW, light=(0.0, 0.6, 0.8), side=257)
    column = depth[:, 128]
    on_floor = colours[:, 128, 1] > 0
    dark = on_floor & np.isclose(colours[:, 128, 1], 0.25)
    assert np.isclose(column[dark].min(), 4 - 2 * 0.8 / 0.6, atol=0.05)
    assert np.isclose(column[dark].max(), 4, atol=0.15)
    assert colours[128, 128, 0] == pytest.approx(0.25)
