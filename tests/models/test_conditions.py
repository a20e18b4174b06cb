import numpy as np
import pytest
import torch
from scipy import ndimage

from tgan.config import Config, DataConfig, GeneratorConfig
from tgan.data.pictures.images import ImageClips
from tgan.data.pixels import normalise
from tgan.models.conditions import (
    PICTURES,
    Conditioning,
    OnClass,
    OnPicture,
    conditioning_of,
    edges,
    grey,
    low_resolution,
)


class Classes:
    """Eight videos, six of class 1."""

    def __len__(self):
        return 8

    def label(self, index):
        return int(index >= 2)


@pytest.fixture
def samples():
    return torch.rand(3, 3, 2, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    return ImageClips(rng.integers(0, 256, (20, 8, 8, 3), np.uint8))


def test_there_is_no_condition_unless_asked_for(samples):
    # Classes of the data are of no consequence to an experiment that is not conditional.
    for classes in ((), ("a", "b")):
        conditioning = conditioning_of(Config(), classes)
        assert type(conditioning) is Conditioning
        assert conditioning.num_labels == conditioning.input_channels == 0
        assert conditioning.of(samples, torch.zeros(3)) == ()
        assert conditioning.prior(None, range(3)) == conditioning.examples(None, 3) == ()


def test_classes_are_drawn_as_often_as_they_occur_and_depend_on_their_seed_alone():
    conditioning = conditioning_of(Config(conditional=True), ["a", "b"])
    assert conditioning == OnClass(2)
    (drawn,) = conditioning.prior(Classes(), range(2000))
    assert drawn.float().mean() == pytest.approx(0.75, abs=0.03)
    (again,) = conditioning.prior(Classes(), [7, 3])
    assert again.tolist() == [drawn[7], drawn[3]]
    (examples,) = conditioning.examples(Classes(), 5)
    assert examples.tolist() == [0, 1, 0, 1, 0]
    labels = torch.tensor([1, 0])
    (seen,) = conditioning.of(torch.zeros(2, 1), labels)
    assert seen is labels


def test_a_condition_that_cannot_be_is_named():
    with pytest.raises(ValueError, match="needs the names of the classes, and there are none"):
        conditioning_of(Config(conditional=True))
    with pytest.raises(ValueError, match="unknown data.input 'edge' .*'edges'"):
        conditioning_of(Config(data=DataConfig(input="edge")))


def test_grey_is_luma(samples):
    r, g, b = samples.unbind(1)
    expected = (0.299 * r + 0.587 * g + 0.114 * b)[:, None]
    torch.testing.assert_close(grey(samples), expected)
    with_depth = torch.cat([samples, torch.ones_like(samples[:, :1])], 1)
    torch.testing.assert_close(grey(with_depth), expected)
    assert grey(samples[:, :1]) is not None and torch.equal(grey(samples[:, :1]), samples[:, :1])


def test_edges_are_the_length_of_sobels_gradient(samples):
    found = edges(samples)
    assert found.shape == (3, 1, 2, 8, 8)
    frame = grey(samples)[1, 0, 1].double().numpy()
    # scipy's kernel is 8 times a derivative per pixel; ours is half of the difference over two.
    lengths = np.hypot(*(ndimage.sobel(frame, axis, mode="nearest") / 8 for axis in (0, 1)))
    np.testing.assert_allclose(found[1, 0, 1], lengths.clip(0, 1) * 2 - 1, atol=1e-6)


def test_a_step_from_black_to_white_is_white_and_a_plain_image_black():
    step = torch.ones(1, 1, 1, 8, 8)
    assert torch.equal(edges(step), -step)
    step[..., :4] = -1
    white = edges(step)[0, 0, 0, 2] == 1
    assert white.tolist() == [False] * 3 + [True] * 2 + [False] * 3


def test_low_resolution_is_the_mean_of_squares(samples):
    found = low_resolution(samples)
    means = samples.reshape(3, 3, 2, 2, 4, 2, 4).mean((4, 6))
    assert found.shape == samples.shape
    torch.testing.assert_close(found[..., 1, 2], means[..., 0, 0])
    torch.testing.assert_close(found[..., ::4, ::4], means)


CHANNELS = {"edges": 1, "grey": 1, "low_resolution": 3}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_derived_from_clips(pictures, name):
    generator = GeneratorConfig(name="translator")
    config = Config(data=DataConfig(input=name, channels=3), generator=generator)
    conditioning, channels = conditioning_of(config), CHANNELS[name]
    assert isinstance(conditioning, OnPicture) and conditioning.input_channels == channels
    (drawn,) = conditioning.prior(pictures, range(5))
    assert drawn.shape == (5, channels, 1, 8, 8)
    assert torch.equal(conditioning.prior(pictures, [3])[0], drawn[3:4])
    clips = normalise(torch.from_numpy(pictures.pixels[:, None]))
    (every,) = conditioning.of(clips, torch.zeros(20))
    assert all(any(torch.equal(one, other) for other in every) for one in drawn)
    assert torch.equal(conditioning.examples(pictures, 2)[0], every[[0, -1]])


def test_input_pictures_are_shown_on_the_left(pictures):
    videos = pictures.pixels[:2, None]
    conditioning = OnPicture(grey, 1)
    shown = conditioning.beside(videos, conditioning.examples(pictures, 2))
    assert shown.shape == (2, 1, 8, 16, 3)
    np.testing.assert_array_equal(shown[..., 8:, :], videos)
    luma = (videos[0, 0] @ np.array([0.299, 0.587, 0.114])).round()
    assert np.abs(shown[0, 0, :, :8] - luma[..., None]).max() <= 1
    assert Conditioning().beside(videos, ()) is videos
