import math

import pytest
import torch

from tgan.models import VideoCritic


def test_table_1_layers_and_parameter_count():
    critic = VideoCritic()
    shapes = [tuple(c.weight.shape) for c in critic.convs]
    assert shapes == [
        (64, 3, 4, 4, 4),
        (128, 64, 4, 4, 4),
        (256, 128, 4, 4, 4),
        (512, 256, 4, 4, 4),
    ]
    assert critic.last.weight.shape == (1, 512, 1, 4, 4)
    kernels = 64 * (64 * 3 + 128 * 64 + 256 * 128 + 512 * 256) + 512 * 16
    biases_and_gains = (64 + 128 + 256 + 512 + 1) + (128 + 256 + 512)
    assert sum(p.numel() for p in critic.parameters()) == kernels + biases_and_gains


@pytest.mark.parametrize(
    ("resolution", "num_frames"), [(32, 16), (64, 16), (64, 48), (128, 16), (128, 1), (32, 1)]
)
def test_one_score_per_clip_that_every_frame_and_corner_moves(resolution, num_frames):
    torch.manual_seed(0)
    critic = VideoCritic(channels=1, resolution=resolution, num_frames=num_frames, width=2).eval()
    clip = torch.rand(1, 1, num_frames, resolution, resolution)
    with torch.no_grad():
        before = critic(clip)
        assert before.shape == (1,)
        for frame in range(num_frames):
            changed = clip.clone()
            changed[:, :, frame] += 0.5
            assert critic(changed) != before, f"frame {frame}"
        for row in (0, -1):
            for column in (0, -1):
                changed = clip.clone()
                changed[..., row, column] += 5
                assert critic(changed) != before


def test_scores_of_a_batch_are_those_of_its_clips_in_inference():
    critic = VideoCritic(channels=1, resolution=32, width=4).double().eval()
    clips = torch.rand(3, 1, 16, 32, 32).double()
    apart = torch.cat([critic(clip[None]) for clip in clips])
    torch.testing.assert_close(critic(clips), apart)


def test_batch_norm_is_an_argument_and_never_on_the_first_layer():
    with_norms = [n for n, _ in VideoCritic(width=2).named_parameters() if n.startswith("norms")]
    assert with_norms == ["norms.1.weight", "norms.2.weight", "norms.3.weight"]
    without = VideoCritic(width=2, batch_norm=False)
    assert not [n for n, _ in without.named_parameters() if n.startswith("norms")]


@pytest.mark.parametrize("settings", [{"resolution": 60}, {"num_frames": 0}, {"width": 0}])
def test_sizes_that_do_not_fit_are_refused(settings):
    with pytest.raises(ValueError):
        VideoCritic(**settings)


def test_a_conditional_critic_sees_one_hot_voxels():
    torch.manual_seed(0)
    critic = VideoCritic(channels=1, resolution=32, width=4, num_labels=2, batch_norm=False)
    video, labels = torch.rand(2, 1, 16, 32, 32), torch.tensor([1, 0])
    plain = VideoCritic(channels=3, resolution=32, width=4, batch_norm=False)
    plain.load_state_dict(critic.state_dict())
    voxels = torch.zeros(2, 2, 16, 32, 32)
    voxels[0, 1], voxels[1, 0] = 1, 1
    torch.testing.assert_close(critic(video, labels), plain(torch.cat([video, voxels], 1)))


def test_projection_adds_the_product_of_the_class_and_the_last_features():
    torch.manual_seed(0)
    sizes = {"num_frames": 1, "resolution": 16, "width": 8, "channels": 1, "num_labels": 3}
    critic = VideoCritic(**sizes, conditioning="projection", batch_norm=False)
    video, labels = torch.rand(4, 1, 1, 16, 16), torch.tensor([2, 0, 1, 2])
    seen = []
    critic.last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    scores = critic(video, labels)
    features = seen[0]
    plain = (features * critic.last.weight).sum((1, 2, 3, 4)) + critic.last.bias
    product = torch.einsum("nk,nkthw->n", critic.embedding.weight[labels], features)
    torch.testing.assert_close(scores, plain + product)
    assert (product.abs() > 1e-4).all()
    with pytest.raises(ValueError, match="a network of 3 classes needs labels; none were given"):
        critic(video)
    with pytest.raises(ValueError, match="no conditioning 'x'; choose from concatenation, proj"):
        VideoCritic(**sizes, conditioning="x")


def test_a_critic_without_classes_has_the_same_layers_whatever_its_conditioning():
    sizes = {"num_frames": 1, "resolution": 16, "width": 8, "channels": 1}
    unconditional = VideoCritic(**sizes, conditioning="projection")
    assert unconditional.embedding is None
    assert unconditional.state_dict().keys() == VideoCritic(**sizes).state_dict().keys()
    with pytest.raises(ValueError, match="takes class labels, or an input picture, or tells"):
        VideoCritic(**sizes, num_labels=2, input_channels=1)


def test_the_last_layer_of_the_features_is_the_score():
    critic = VideoCritic(channels=1, resolution=32, num_frames=1, width=4).double().eval()
    clips = torch.rand(3, 1, 1, 32, 32).double()
    features = critic.features(clips)
    assert features.shape == (3, 16 * 4 * 4)
    weight, bias = critic.last.weight.flatten(), critic.last.bias
    torch.testing.assert_close(features @ weight + bias, critic(clips))


def classifying(num_classes=3, **settings):
    torch.manual_seed(0)
    sizes = {"channels": 1, "resolution": 16, "num_frames": 1, "width": 4, "batch_norm": False}
    critic = VideoCritic(num_classes=num_classes, **sizes | settings).double()
    with torch.no_grad():
        critic.last.bias.normal_()
    return critic, 3 * torch.randn(5, 1, 1, 16, 16).double()


def test_the_score_of_a_critic_that_tells_classes_apart_is_the_logit_of_being_real():
    """D(x) = Z / (Z + 1) with Z the sum of exp of logits (Salimans et al. 2016, section 5)."""
    critic, clips = classifying()
    scores, logits = critic(clips), critic.logits(clips)
    assert scores.shape == (5,) and logits.shape == (5, 3)
    z = logits.exp().sum(1)
    torch.testing.assert_close(scores.sigmoid(), z / (z + 1))
    # A softmax of K + 1 classes (Odena 2016), the last of which are fakes, with any number added.
    whole = torch.cat([logits, torch.zeros(5, 1).double()], 1) + torch.randn(5, 1).double()
    probabilities = whole.softmax(1)
    torch.testing.assert_close(probabilities[:, -1], 1 - scores.sigmoid())
    given_real = probabilities[:, :-1] / (1 - probabilities[:, -1:])
    torch.testing.assert_close(given_real, logits.softmax(1))
    # What the last layer gives for its features, by hand.
    features = critic.features(clips)
    by_hand = features @ critic.last.weight.flatten(1).T + critic.last.bias
    torch.testing.assert_close(logits, by_hand)


def test_a_critic_of_scores_far_apart_does_not_overflow():
    critic, clips = classifying()
    with torch.no_grad():
        critic.last.weight.mul_(1e4)
    scores, logits = critic(clips), critic.logits(clips)
    assert logits.max() > 1e4 and scores.isfinite().all()
    torch.testing.assert_close(scores, logits.max(1).values, rtol=1e-4, atol=math.log(3))


def test_its_score_is_no_steeper_than_its_logits():
    """The gradient of log sum exp is the softmax, whose norm is at most 1."""
    critic, clips = classifying(width=2)
    for clip in clips:
        jacobian = torch.autograd.functional.jacobian(critic.logits, clip[None]).reshape(3, -1)
        slope = torch.autograd.functional.jacobian(critic, clip[None]).flatten()
        torch.testing.assert_close(slope, critic.logits(clip[None]).softmax(1)[0] @ jacobian)
        assert slope.norm() <= torch.linalg.matrix_norm(jacobian, 2) * (1 + 1e-12)


@pytest.mark.parametrize("other", ["num_labels", "input_channels"])
def test_a_critic_has_one_role(other):
    with pytest.raises(ValueError, match=f"takes class labels, or .*{other} 2.*num_classes 3"):
        VideoCritic(num_classes=3, **{other: 2})


@pytest.mark.parametrize("setting", [{"packs": 2}, {"sees_batch": "discrimination"}])
def test_classes_do_not_depend_on_other_clips(setting):
    with pytest.raises(ValueError, match="apart, packs .*the class of a clip would depend on oth"):
        VideoCritic(num_classes=3, **setting)
