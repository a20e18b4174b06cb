"""What a critic pays beside its objective: its gradients, its terms, and what they teach."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.training.test_steps import Gradients, make_learners
from tgan.config import TrainConfig
from tgan.losses import OBJECTIVES
from tgan.models import VideoCritic
from tgan.rng.noise import Noise
from tgan.training.augment import Augmentation
from tgan.training.critic_losses import CRITIC_LOSSES, CrossEntropy, critic_losses
from tgan.training.steps import Batch, critic_step, simultaneous_step

LABELS = torch.tensor([2, 0, 1, 2])


def networks():
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(3, 256), nn.Unflatten(1, (1, 1, 16, 16))).double()
    sizes = {"channels": 1, "num_frames": 1, "resolution": 16, "width": 4}
    return generator, VideoCritic(num_classes=3, batch_norm=False, **sizes).double()


def samples(seed, count=3):
    return torch.rand(count, 1, 1, 16, 16, generator=torch.Generator().manual_seed(seed)).double()


def batch():
    return Batch(samples(0), labelled=(samples(1, 4), LABELS))


@pytest.mark.parametrize("objective", [n for n, each in OBJECTIVES.items() if each.generator])
@pytest.mark.parametrize("step", [critic_step, simultaneous_step])
def test_the_critic_pays_the_cross_entropy_of_labelled_samples_and_nobody_else_does(
    step, objective
):
    seen, terms = {}, {}
    for weight in (0.0, 3.0):
        generator, critic = networks()
        optimizers = [Gradients(generator), Gradients(critic)]
        paid = critic_losses(TrainConfig(cross_entropy_weight=weight))
        learners = make_learners(
            generator, critic, optimizers=optimizers, objective=objective, auxiliary=paid
        )
        z = torch.ones(3, 3).double()
        given = {"real": batch(), "fake": generator(z).detach()}
        if step is simultaneous_step:
            given = {"reals": [batch()], "latents": [z]}
        learner = learners if step is simultaneous_step else learners[1:]
        terms[weight] = step(*learner, **given, noise=Noise(0), update=1)
        seen[weight] = [optimizer.seen for optimizer in optimizers]
    _, critic = networks()
    # The paper's loss of labelled samples, by the definition of a softmax.
    logits = critic.logits(samples(1, 4))
    odds = logits.exp()
    loss = -3 * (odds[range(4), LABELS] / odds.sum(1)).log().mean()
    extra = torch.autograd.grad(loss, list(critic.parameters()))
    for without, with_loss, more in zip(seen[0.0][1][0], seen[3.0][1][0], extra, strict=True):
        torch.testing.assert_close(with_loss, without + more, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(seen[0.0][0], seen[3.0][0])
    assert list(terms[0.0]) == [name for name in terms[3.0] if name != "cross_entropy"]
    torch.testing.assert_close(terms[3.0]["cross_entropy"], loss.detach())


def test_labelled_samples_are_augmented_as_others_are():
    _, critic = networks()
    (_, learner) = make_learners(nn.Linear(1, 1), critic, augment=Augmentation(["translation"]))
    found = CrossEntropy(1.0)(learner, real=batch(), noise=Noise(5))
    moved = Augmentation(["translation"])(samples(1, 4), Noise(5))
    expected = F.cross_entropy(critic.logits(moved), LABELS)
    torch.testing.assert_close(found, expected)
    plain = F.cross_entropy(critic.logits(samples(1, 4)), LABELS)
    assert abs(found - plain) > 1e-6


def test_every_loss_has_a_setting_of_its_weight():
    for name in CRITIC_LOSSES:
        assert list(critic_losses(TrainConfig(**{f"{name}_weight": 2.0}))) == [name]
    assert critic_losses(TrainConfig()) == {}


def test_true_labels_teach_and_shuffled_ones_do_not():
    """Bars that stand or lie, under noise: told few classes, the critic knows all, or half."""
    rng = np.random.default_rng(0)
    pictures = rng.normal(0, 0.3, (120, 1, 1, 16, 16))
    classes = np.arange(120) % 2
    for picture, label in zip(pictures, classes, strict=True):
        bar = picture[0, 0] if label else picture[0, 0].T
        bar[:, rng.integers(6, 10)] += 2
    pictures = torch.from_numpy(pictures).float()
    right = {}
    for kind in ("true", "shuffled"):
        told = torch.from_numpy(classes[:20])
        # As many of each class are wrong as are right.
        told = told if kind == "true" else (torch.arange(20) // 2) % 2
        torch.manual_seed(0)
        critic = VideoCritic(
            channels=1, num_frames=1, resolution=16, width=8, num_classes=2, batch_norm=False
        )
        paid = critic_losses(TrainConfig(cross_entropy_weight=1.0))
        adam = torch.optim.Adam(critic.parameters(), 3e-3)
        (_, learner) = make_learners(
            nn.Linear(1, 1),
            critic,
            objective="non_saturating",
            auxiliary=paid,
            optimizers=[torch.optim.SGD(nn.Linear(1, 1).parameters()), adam],
        )
        real = Batch(pictures[20:60], labelled=(pictures[:20], told))
        fake = torch.from_numpy(rng.normal(0, 1, (40, 1, 1, 16, 16))).float()
        for update in range(1, 101):
            critic_step(learner, real=real, fake=fake, noise=Noise(0, update), update=update)
        with torch.no_grad():
            guessed = critic.logits(pictures[60:]).argmax(1).numpy()
        right[kind] = (guessed == classes[60:]).mean()
    assert right["true"] > 0.9 and 0.25 < right["shuffled"] < 0.75
