"""A tiny GAN of digits with random weights, as if it had been loaded from a run."""

from types import SimpleNamespace

import torch

from tgan.config import Config, CriticConfig, DataConfig, GeneratorConfig
from tgan.data.made.digits import open_digits
from tgan.data.subset import of_classes
from tgan.models import ImageDeconvGenerator, VideoCritic

SIDE, LATENT = 8, 4
NORMAL = ["0", "1", "2"]


def image_run(path, **data):
    """A run at `path` whose data are the digits 0, 1 and 2, unless `data` say otherwise."""
    torch.manual_seed(0)
    sizes = {"resolution": SIDE, "channels": 1, "num_frames": 1}
    training, held_out = (
        of_classes(open_digits(resolution=SIDE, channels=1, held_out=held), NORMAL)
        for held in (False, True)
    )
    return SimpleNamespace(
        path=path,
        config=Config(
            data=DataConfig(name="digits", **{"classes": NORMAL} | sizes | data),
            generator=GeneratorConfig(name="dcgan", z_slow=LATENT, width=8),
            critic=CriticConfig(width=4),
        ),
        generator=ImageDeconvGenerator(z_slow=LATENT, width=8, **sizes).eval(),
        critic=VideoCritic(width=4, **sizes).eval(),
        data=training,
        held_out=held_out,
    )
