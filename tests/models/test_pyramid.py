"""The pyramid of one picture, stage by stage."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm

from tgan.models.pyramid import PyramidGenerator
from tgan.models.resized import Resized
from tgan.models.resizing import resize


def make_pyramid(begun=3, height=18, width=24):
    torch.manual_seed(0)
    pyramid = PyramidGenerator(resolution=24, scales=3, coarsest=11, width=4)
    pyramid.fit(height, width)
    real = torch.rand(1, 3, height, width) * 2 - 1
    for _ in range(begun):
        pyramid.begin(real)
    with torch.no_grad():
        for parameter in pyramid.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return pyramid


def latents(pyramid, count=2, size=None):
    rng = torch.Generator().manual_seed(1)
    return torch.rand(count, pyramid.count(size or pyramid.size), generator=rng) * 2 - 1


def test_noise_is_the_normal_number_of_the_same_rank():
    pyramid = make_pyramid()
    z = latents(pyramid)
    flat = torch.cat([part.flatten(1) for part in pyramid.noise(z)], 1)
    np.testing.assert_allclose(flat, norm.ppf((z.double() + 1) / 2), rtol=1e-4, atol=1e-5)
    assert kstest(flat.flatten(), "norm").pvalue > 0.01
    ends = pyramid.noise(torch.tensor([[-1.0, 1.0]]).repeat(1, pyramid.latent_size))[0]
    assert torch.isfinite(ends).all() and 5 < ends.max() == -ends.min() < 6


def test_every_number_of_a_latent_has_a_place():
    pyramid = make_pyramid()
    sizes = pyramid.sizes()
    assert sizes == [(11, 15), (14, 19), (18, 24)]
    assert pyramid.latent_size == 11 * 15 + 3 * (14 * 19 + 18 * 24)
    shapes = [tuple(part.shape) for part in pyramid.noise(latents(pyramid))]
    assert shapes == [(2, 1, 11, 15), (2, 3, 14, 19), (2, 3, 18, 24)]


def test_images_are_sums_of_what_stages_add():
    """Against the paper's equations 1 to 3, written out."""
    pyramid = make_pyramid().eval()
    pyramid.amplitudes.copy_(torch.tensor([1.0, 0.3, 0.2]))
    z = latents(pyramid)
    image = torch.zeros(2, 3, 11, 15)
    for stage, noise in enumerate(pyramid.noise(z)):
        image = torch.nn.functional.interpolate(
            image, size=noise.shape[2:], mode="bicubic", antialias=True
        )
        seen = torch.zeros(2, 3, noise.shape[2] + 10, noise.shape[3] + 10)
        seen[:, :, 5:-5, 5:-5] = image + pyramid.amplitudes[stage] * noise
        image = image + pyramid.stages[stage](seen).tanh()
    torch.testing.assert_close(pyramid(z)[:, :, 0], image.clamp(-1, 1), rtol=1e-4, atol=1e-5)


def test_samples_of_a_batch_are_apart():
    pyramid = make_pyramid().eval()
    z = latents(pyramid, 3)
    alone = torch.cat([pyramid(each[None]) for each in z])
    torch.testing.assert_close(pyramid(z), alone, rtol=1e-4, atol=1e-5)


def test_training_sees_the_last_stage_and_samples_are_always_as_large():
    pyramid = make_pyramid(begun=2)
    z = latents(pyramid)
    assert pyramid.train()(z).shape == (2, 3, 1, 14, 19)
    found = pyramid.eval()(z)
    assert found.shape == (2, 3, 1, 18, 24) and found.abs().max() <= 1
    enlarged = resize(pyramid.draw(pyramid.noise(z)[:2]), (18, 24)).clamp(-1, 1)
    torch.testing.assert_close(found[:, :, 0], enlarged)
    assert not make_pyramid(begun=0).eval()(z).any()


@pytest.mark.parametrize("size", [(18, 60), (40, 18), (90, 100)])
def test_weights_make_any_size(size):
    pyramid = make_pyramid().eval()
    resized = Resized(pyramid, size)
    z = latents(pyramid, 2, size)
    assert resized.latent_size == z.shape[1]
    assert resized(z).shape == (2, 3, 1, *size)


def test_a_size_that_a_stage_cannot_see_is_refused():
    with pytest.raises(ValueError, match="18x12 .* start from 11x7"):
        Resized(make_pyramid(), (18, 12))


def test_no_table_depends_on_the_picture():
    shapes = [
        {name: value.shape for name, value in make_pyramid(height=h, width=w).state_dict().items()}
        for h, w in ((18, 24), (24, 12))
    ]
    assert shapes[0] == shapes[1]


def test_a_stage_begins_as_a_copy_with_a_tenth_of_what_is_missing():
    pyramid = make_pyramid(begun=1)
    real = torch.rand(1, 3, 18, 24) * 2 - 1
    before = pyramid.remade().detach()
    pyramid.begin(real)
    assert pyramid.begun == 2
    for name, value in pyramid.stages[0].state_dict().items():
        assert torch.equal(value, pyramid.stages[1].state_dict()[name])
    missing = resize(real, (14, 19)) - resize(before, (14, 19))
    expected = 0.1 * np.sqrt(np.square(missing.double().numpy()).mean())
    assert pyramid.amplitudes[1].item() == pytest.approx(expected, rel=1e-5)
    assert pyramid.amplitudes[0] == 1 and pyramid.amplitudes[2] == 0


def test_the_anchor_is_always_the_same_normal_noise():
    one, other = make_pyramid(), make_pyramid(begun=1)
    assert torch.equal(one.anchor(), other.anchor())
    large = one.anchor((180, 240))
    assert large.shape == (1, 1, 110, 147)
    assert kstest(large.flatten(), "norm").statistic < 0.02


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_frames": 16}, "num_frames 16: pyramid makes images"),
        ({"coarsest": 10}, "coarsest 10 is not from 11"),
        ({"coarsest": 30, "resolution": 24}, "to the resolution 24"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        PyramidGenerator(**settings)


def test_a_picture_that_is_too_small_is_refused():
    pyramid = PyramidGenerator(resolution=24, coarsest=11, scales=3)
    with pytest.raises(ValueError, match="picture of 9x24 "):
        pyramid.fit(9, 24)
