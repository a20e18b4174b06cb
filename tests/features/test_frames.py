import numpy as np
import pytest
import torch
from PIL import Image

from tgan.data.pixels import normalise
from tgan.features.frames import check_frames, resize_bytes, rgb_bytes, to_rgb


def test_bytes_come_back_from_their_numbers_and_grey_becomes_rgb():
    grey = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16, 1)
    video = normalise(grey)
    assert torch.equal(rgb_bytes(video), grey.expand(-1, -1, -1, -1, 3))
    assert torch.equal(to_rgb(video), video.repeat(1, 3, 1, 1, 1))
    colour = torch.randint(256, (2, 3, 4, 5, 3), dtype=torch.uint8)
    assert torch.equal(rgb_bytes(normalise(colour)), colour)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (1, 2, 4, 8, 8), (1, 4, 4, 8, 8)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="C of 1 or 3"):
        to_rgb(torch.zeros(shape))


@pytest.mark.parametrize("size", [(40, 40), (9, 16), (64, 20)])
def test_resizing_is_pillows_bicubic(size):
    frames = torch.randint(256, (2, 32, 32, 3), dtype=torch.uint8)
    found = resize_bytes(frames, size)
    assert found.shape == (2, 3, *size)
    for frame, images in zip(frames, found, strict=True):
        for channel, image in enumerate(images):
            plane = Image.fromarray(frame[..., channel].numpy().astype(np.float32))
            expected = np.asarray(plane.resize(size[::-1], Image.Resampling.BICUBIC))
            np.testing.assert_allclose(image, expected.clip(0, 255), atol=1e-2)


def test_frames_of_the_right_size_are_left_alone():
    frames = torch.randint(256, (3, 8, 8, 3), dtype=torch.uint8)
    assert torch.equal(resize_bytes(frames, (8, 8)), frames.movedim(-1, 1).float())


def test_the_number_of_frames_is_checked():
    check_frames(torch.zeros(1, 3, 16, 2, 2), 16, name="C3D")
    with pytest.raises(ValueError, match="C3D takes clips of 16 frames and these have 8"):
        check_frames(torch.zeros(1, 3, 8, 2, 2), 16, name="C3D")
