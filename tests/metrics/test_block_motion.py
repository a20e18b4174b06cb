import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tgan.metrics.block_motion import MOTION_SIZE, REACH, motion_features, velocities


def moving(step, *, frames=6, size=32, seed=0, smooth=True):
    """A texture that moves by `step` (down, right) from frame to frame: (T, H, W), uint8."""
    rng = torch.Generator().manual_seed(seed)
    far = frames * REACH
    picture = torch.rand(1, 1, size + 2 * far, size + 2 * far, generator=rng)
    if smooth:
        picture = F.avg_pool2d(picture, 3, 1, 1)
    picture = (picture[0, 0] * 255).to(torch.uint8)
    places = [(far - t * step[0], far - t * step[1]) for t in range(frames)]
    return torch.stack([picture[y : y + size, x : x + size] for y, x in places])


@pytest.mark.parametrize("step", [(0, 0), (1, 0), (0, -2), (3, 2), (-5, 5)])
def test_a_texture_moves_as_it_does(step):
    found = velocities(moving(step).float())
    assert found.shape == (5, 2, 7, 7)
    inner = found[:, :, 2:-2, 2:-2]
    assert (inner == torch.tensor(step).view(1, 2, 1, 1)).all()


def test_nothing_moves_where_nothing_is_seen():
    flat = torch.full((4, 32, 32), 128.0)
    assert (velocities(flat) == 0).all()
    faint = flat + torch.randn(4, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.5
    assert (velocities(faint) == 0).float().mean() > 0.99


def features(*clips):
    return torch.from_numpy(motion_features(torch.stack(clips)[..., None].numpy()))


def test_directions_are_counted_by_length():
    still, right, faster, up = (moving(step) for step in [(0, 0), (0, 2), (0, 4), (-2, 0)])
    table = features(still, right, faster, up).view(4, 2, 8, -1).mean(-1)
    assert table[0].abs().max() == 0
    # The first direction is to the right, the seventh up.
    assert table[1, 0].argmax() == 0 and table[3, 0].argmax() == 6
    assert table[2, 0, 0] / table[1, 0, 0] == pytest.approx(2, rel=0.15)
    assert table[1, 1].sum() < 0.3 * table[1, 0].sum()


def test_accelerations_tell_jitter_from_motion():
    """Both move by two pixels a frame, the one to and fro."""
    steady, fro = moving((0, 2)), moving((0, 2))
    fro[1::2] = fro[1]
    fro[::2] = fro[0]
    table = features(steady, fro).view(2, 2, 8, -1).mean(-1).sum(-1)
    assert table[1, 0] == pytest.approx(table[0, 0].item(), rel=0.2)
    assert table[1, 1] > 1.5 * table[1, 0] > 5 * table[0, 1]


def test_clips_are_taken_one_by_one_and_colours_by_their_mean():
    clips = np.random.default_rng(0).integers(0, 256, (3, 4, 16, 20, 3), np.uint8)
    both = motion_features(clips)
    assert both.shape == (3, MOTION_SIZE) and both.dtype == np.float32
    assert np.array_equal(both[1:2], motion_features(clips[1:2]))
    grey = clips.mean(-1, keepdims=True)
    np.testing.assert_allclose(both, motion_features(grey), atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 2, 16, 16, 1), (1, 3, 15, 16, 1)])
def test_clips_that_are_too_small_are_named(shape):
    with pytest.raises(ValueError, match=r"motion needs 3 frames of 16x16 at least"):
        motion_features(np.zeros(shape, np.uint8))
