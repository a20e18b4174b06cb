"""The networks of patches: what they see, and what a batch does not mix."""

import pytest
import torch
from torch import nn

from tgan.config.sizes import RECEPTIVE_FIELD
from tgan.models.patch import PatchCritic, patch_layers


def test_each_output_sees_a_square_of_the_receptive_field():
    torch.manual_seed(0)
    layers = patch_layers(2, 6, 3, norms=False).double()
    image = torch.randn(1, 2, 30, 27, dtype=torch.double, requires_grad=True)
    outputs = layers(image)
    assert outputs.shape == (1, 3, 20, 17)
    (gradient,) = torch.autograd.grad(outputs[0, 0, 4, 7], image)
    rows, columns = gradient[0].abs().sum(0).nonzero().unbind(1)
    assert (rows.min(), rows.max()) == (4, 4 + RECEPTIVE_FIELD - 1)
    assert (columns.min(), columns.max()) == (7, 7 + RECEPTIVE_FIELD - 1)


def test_norms_are_batch_norms_of_one_image():
    """The authors train, and sample, with batches of one image."""
    torch.manual_seed(0)
    layers = patch_layers(3, 8, 3, norms=True)
    for norm in (m for m in layers if isinstance(m, nn.InstanceNorm2d)):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    theirs = nn.Sequential()
    for module in layers:
        if isinstance(module, nn.InstanceNorm2d):
            norm = nn.BatchNorm2d(8)
            norm.load_state_dict({"weight": module.weight, "bias": module.bias}, strict=False)
            theirs.append(norm)
        else:
            theirs.append(module)
    images = torch.randn(2, 3, 16, 20)
    expected = torch.cat([theirs(image[None]) for image in images])
    torch.testing.assert_close(layers(images), expected, rtol=1e-4, atol=1e-5)


def test_a_score_is_the_sum_over_patches_over_the_root_of_their_number():
    torch.manual_seed(0)
    critic, images = PatchCritic(width=4), torch.randn(3, 3, 1, 15, 21)
    found = critic(images)
    for image, score in zip(images, found, strict=True):
        patches = critic.layers(image.movedim(1, 0))
        assert patches.shape[2:] == (5, 11)
        torch.testing.assert_close(score, patches.sum() / 55**0.5)


def test_scores_do_not_grow_with_the_gradient_of_a_larger_image():
    """The norm of a score's gradient is the root mean square of the sum's, pixel by pixel."""
    critic = PatchCritic(channels=1, width=1).double()
    critic.layers = nn.Conv2d(1, 1, 1, bias=False).double()
    nn.init.constant_(critic.layers.weight, 3.0)
    for side in (11, 40):
        image = torch.randn(1, 1, 1, side, side, dtype=torch.double, requires_grad=True)
        (gradient,) = torch.autograd.grad(critic(image).sum(), image)
        assert gradient.norm().item() == pytest.approx(3.0)


def test_only_the_generator_has_norms():
    kinds = [type(module) for module in PatchCritic().layers]
    assert kinds == [nn.Conv2d, nn.LeakyReLU] * 4 + [nn.Conv2d]
    assert sum(isinstance(m, nn.InstanceNorm2d) for m in patch_layers(3, 8, 3, norms=True)) == 4


def test_more_than_one_frame_is_refused():
    with pytest.raises(ValueError, match="num_frames 16: patch scores images"):
        PatchCritic(num_frames=16)
