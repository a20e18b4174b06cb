"""Methods of the comparison: a linear model, a network, and a GAN, told the same few labels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.config import Config
from tgan.data.clips import ClipSource
from tgan.data.few_labels import labelled_part
from tgan.models.conditions import OnClass
from tgan.rng.noise import Noise
from tgan.runs.build import build_critic, build_optimizer
from tgan.runs.classifying import Classifier, probabilities_of
from tgan.runs.train import train
from tgan.training.augment import Augmentation
from tgan.training.learners import Batch
from tgan.training.rates import trapezoid
from tgan.training.streams import RealBatches
from tgan.training.supervised import supervised

# From an experiment, pictures to train on and pictures to guess the classes of, and a folder for
# what is kept, to the number of the class of each of the latter.
Method = Callable[[Config, ClipSource, ClipSource, Path], np.ndarray]
# What random shifts are called among augmentations.
SHIFTS = "shift"


def logistic(config: Config, pictures: ClipSource, others: ClipSource, folder: Path) -> np.ndarray:
    """Logistic regression of pixels on [0, 1], with scikit-learn's own weight decay."""
    from sklearn.linear_model import LogisticRegression

    told = labelled_part(pictures, config.data.num_labels, draw=config.data.label_draw)
    classes = [told.label(index) for index in range(len(told))]
    model = LogisticRegression(max_iter=10_000).fit(_pixels(told), classes)
    return model.predict(_pixels(others))


@dataclass(frozen=True)
class Network:
    """The critic as a classifier that learns from labelled pictures alone.

    It has as many updates as the GAN's critic, of the same size of batch, with the same optimiser.

    Attributes:
        augment: how pictures are changed at random, beside what the experiment says.
    """

    augment: tuple[str, ...] = ()

    def __call__(
        self, config: Config, pictures: ClipSource, others: ClipSource, folder: Path
    ) -> np.ndarray:
        settings, classes = config.train, pictures.labels
        told = labelled_part(pictures, config.data.num_labels, draw=config.data.label_draw)
        batches = RealBatches(
            told,
            OnClass(len(classes)),
            batch_size=settings.batch_size,
            seed=settings.seed,
            device=torch.device("cpu"),
        )
        augment = Augmentation({*settings.augment, *self.augment})
        # Random numbers of each update are its own.
        noises = (Noise(settings.seed, update) for update in count())

        def loss(critic: nn.Module, batch: Batch) -> Tensor:
            logits = critic.logits(augment(batch.samples, next(noises)))  # type: ignore[operator]
            return F.cross_entropy(logits, *batch.condition)

        critic, updates = build_critic(config, classes), settings.steps * settings.n_critic
        supervised(
            critic,
            loss,
            batches,
            build_optimizer(config.critic_optimizer, critic),
            steps=updates,
            rate=trapezoid(updates, cool_down=settings.cool_down),
            name="classifier",
        )
        return probabilities_of(Classifier(critic), others).argmax(1)


@dataclass(frozen=True)
class GAN:
    """The semi-supervised GAN of the experiment, which sees all pictures and few labels.

    Attributes:
        augment: how the critic's view is changed at random, beside what the experiment says.
    """

    augment: tuple[str, ...] = ()

    def __call__(
        self, config: Config, pictures: ClipSource, others: ClipSource, folder: Path
    ) -> np.ndarray:
        augment = sorted({*config.train.augment, *self.augment})
        config = replace(config, train=replace(config.train, augment=augment))
        run = train(config, run_dir=folder / "run", resume="auto", device="cpu", source=pictures)
        return run.classify(others).argmax(1)


METHODS: dict[str, Method] = {
    "logistic": logistic,
    "network": Network(),
    "network_shifts": Network((SHIFTS,)),
    "gan": GAN(),
    "gan_shifts": GAN((SHIFTS,)),
}


def _pixels(pictures: ClipSource) -> np.ndarray:
    """Pixels of all pictures, (N, T * H * W * C), on [0, 1]."""
    clips = [pictures.clip(index, 0).ravel() for index in range(len(pictures))]
    return np.stack(clips) / 255
