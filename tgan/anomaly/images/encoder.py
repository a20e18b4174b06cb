"""The encoder of f-AnoGAN: from pictures to latents of a generator that is not trained further."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from einops import rearrange
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from tgan._moved import moved_names
from tgan.anomaly.images.names import ENCODER
from tgan.config.sizes import base_side, count_doublings
from tgan.features.weights import fill, load_state
from tgan.models.activations import LEAKY_SLOPE
from tgan.models.layers import BatchNorm, initialise
from tgan.rng.weights import seeded
from tgan.system.files import check_not_there, write_whole_folder
from tgan.system.folders import check_inside, is_count, plain_file, read_json_object

WEIGHTS, FACTS = "encoder.safetensors", "encoder.json"
# Of its sizes, as of those of other networks.
_MOST = 65_536
# `tgan.runs.build` takes 0 and 1 for generator and critic.
_NETWORK_NUMBER = 2

__getattr__ = moved_names(
    __name__, {"train_encoder": "tgan.anomaly.images.encoder_training:fit_encoder"}
)


class NoEncoder(ValueError):
    """A run has no encoder, or one of other weights of its generator."""


@dataclass(frozen=True)
class EncoderFacts:
    """Sizes and training of an encoder, stored beside its weights.

    Attributes:
        generator: SHA-256 of the weights that it inverts, by `weights_hash`.
        latent_size, resolution, channels, width: settings of `ImageEncoder`.
        steps, batch_size, learning_rate, kappa, seed: of its training.
        pictures: how many it was trained on.
        loss: mean over the last tenth of the steps.
    """

    generator: str
    latent_size: int
    resolution: int
    channels: int
    width: int
    steps: int
    batch_size: int
    learning_rate: float
    kappa: float
    seed: int
    pictures: int
    loss: float

    def build(self) -> "ImageEncoder":
        """Build the network, with weights that depend on the seed alone."""
        sizes = {name: getattr(self, name) for name in ("resolution", "channels", "width")}
        return seeded(lambda: ImageEncoder(self.latent_size, **sizes), self.seed, _NETWORK_NUMBER)


class ImageEncoder(nn.Module):
    """Maps pictures (N, C, 1, H, W) in [-1, 1] to latents (N, K) in (-1, 1).

    DCGAN's discriminator, whose last layer has K outputs and a tanh.

    Args:
        latent_size: K.
        resolution: H = W, see `tgan.config.sizes.base_side`.
        channels: C.
        width: channels after the first layer; they double with every further one.

    Example:
        >>> encoder = ImageEncoder(32, resolution=16, channels=1)
        >>> encoder(torch.zeros(8, 1, 1, 16, 16)).shape
        torch.Size([8, 32])

    Source: Schlegl et al. 2019, section 3.2 (tanh, since latents are bounded here too).
    """

    def __init__(
        self, latent_size: int, *, resolution: int = 64, channels: int = 1, width: int = 64
    ) -> None:
        super().__init__()
        widths = [channels] + [width << i for i in range(count_doublings(resolution))]
        pairs = list(zip(widths, widths[1:], strict=False))
        self.convs = nn.ModuleList(nn.Conv2d(*pair, 4, 2, 1) for pair in pairs)
        self.norms = nn.ModuleList(
            BatchNorm(after) if number else nn.Identity() for number, after in enumerate(widths[1:])
        )
        self.last = nn.Conv2d(widths[-1], latent_size, base_side(resolution))
        initialise(self, "he_normal")

    def forward(self, pictures: Tensor) -> Tensor:
        h = rearrange(pictures, "n c 1 h w -> n c h w")
        for conv, norm in zip(self.convs, self.norms, strict=True):
            h = F.leaky_relu(norm(conv(h)), LEAKY_SLOPE)
        return torch.tanh(self.last(h).flatten(1))


@dataclass(frozen=True, eq=False)
class TrainedEncoder:
    """An encoder with the facts about it.

    Attributes:
        network: in inference mode.
        facts: its sizes, training and generator.
    """

    network: ImageEncoder
    facts: EncoderFacts

    def save(self, run: str | Path, *, overwrite: bool = False) -> Path:
        """Write the folder `encoder` beside or in a run, whole or not at all.

        Args:
            run: the path that `tgan.load` reads.
            overwrite: whether an encoder may be there already, which is replaced.

        Returns:
            the folder.

        Raises:
            ValueError: there is an encoder, which is not to be overwritten.
        """
        path = Path(run) / ENCODER
        check_not_there(path, overwrite=overwrite)
        state = self.network.state_dict()
        with write_whole_folder(path, replace=True) as part:
            save_file(
                {key: value.cpu().contiguous() for key, value in state.items()}, part / WEIGHTS
            )
            (part / FACTS).write_text(json.dumps(asdict(self.facts), indent=2) + "\n")
        return path


def load_encoder(run: str | Path, generator: nn.Module) -> TrainedEncoder:
    """Load the encoder of a run, on the CPU.

    Raises:
        NoEncoder: there is none, or `generator` has other weights than those it was trained for.
        ValueError: its files are damaged.
    """
    path = Path(run) / ENCODER
    if not (path / FACTS).is_file():
        raise NoEncoder(f"'{run}' has no encoder")
    check_inside(path, run)
    facts = _read_facts(path)
    if facts.generator != weights_hash(generator):
        raise NoEncoder(
            f"'{path}' inverts another generator than '{run}' has now (since then it was trained "
            "further, or other weights of it are asked for)"
        )
    with torch.device("meta"):
        network = facts.build()
    weights = plain_file(path, WEIGHTS)
    network = fill(network, load_state(weights), path=weights)
    return TrainedEncoder(network.eval(), facts)


def _read_facts(path: Path) -> EncoderFacts:
    found = read_json_object(path, FACTS)
    try:
        for name in ("latent_size", "resolution", "channels", "width"):
            if not (is_count(found.get(name)) and 0 < found[name] <= _MOST):
                raise ValueError(name)
        count_doublings(found["resolution"])
        return EncoderFacts(**found)
    except (TypeError, ValueError):
        raise ValueError(f"'{path / FACTS}' does not describe an encoder") from None


def weights_hash(network: nn.Module) -> str:
    """Compute the SHA-256 of all parameters and buffers with their names, in hexadecimal digits."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()
