"""f-AnoGAN's encoder: from pictures to latents of a generator that stays as it is."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from einops import rearrange
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from tgan.anomaly.images.scores import KAPPA, encoder_loss
from tgan.config.sizes import base_side, count_doublings
from tgan.data.clips import ClipSource
from tgan.data.loader import ClipBatches, stream_batches
from tgan.data.pixels import normalise
from tgan.features.weights import fill, load_state
from tgan.models.critic import LEAKY_SLOPE
from tgan.models.layers import BatchNorm, initialise
from tgan.rng import Stream, seed_of
from tgan.system.files import write_whole_folder
from tgan.training.supervised import supervised

DIRECTORY, WEIGHTS, FACTS = "encoder", "encoder.safetensors", "encoder.json"
# `build` takes 0 and 1 for generator and critic.
_NETWORK_NUMBER = 2


@dataclass(frozen=True)
class EncoderFacts:
    """What an encoder is, stored beside its weights.

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
        """The network, with weights that depend on the seed alone."""
        with torch.random.fork_rng():
            torch.manual_seed(seed_of(Stream.WEIGHTS, self.seed, _NETWORK_NUMBER))
            return ImageEncoder(
                self.latent_size,
                resolution=self.resolution,
                channels=self.channels,
                width=self.width,
            )


class ImageEncoder(nn.Module):
    """Maps pictures (N, C, 1, H, W) in [-1, 1] to latents (N, K) in (-1, 1).

    DCGAN's discriminator, whose last layer has K outputs and a tanh.

    Args:
        latent_size: K.
        resolution: H = W, see `tgan.config.sizes.base_side`.
        channels: C.
        width: channels after the first layer; they double with every further one.

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


def train_encoder(
    encoder: nn.Module,
    generator: nn.Module,
    critic: nn.Module,
    source: ClipSource,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    kappa: float = KAPPA,
    report: Callable[[float], None] = lambda loss: None,
) -> float:
    """Train `encoder` in place, and leave it in inference mode; a function of the seed.

    RMSprop on the mean of `tgan.anomaly.images.scores.encoder_loss` over batches of `source`.
    Generator and critic are in inference mode, get no gradients, and lie on the device of the
    encoder.

    Args:
        source: the normal pictures that the GAN was trained on.
        report: called after every step with the loss.

    Returns:
        the mean loss over the last tenth of the steps.

    Raises:
        ArithmeticError: the loss is not finite.

    Source: Schlegl et al. 2019, section 3.2 (`izi_f`).
    """
    device = next(encoder.parameters()).device
    for network in (generator, critic):
        network.eval().requires_grad_(False)

    def loss(encoder: nn.Module, clips: Tensor) -> Tensor:
        real = normalise(clips.to(device))
        made = generator(encoder(real))
        features = critic.features(real), critic.features(made)
        return encoder_loss(real, made, *features, kappa=kappa).mean()

    batches = ClipBatches(source, batch_size=batch_size, seed=seed)
    losses = supervised(
        encoder,
        loss,
        (clips for clips, _ in stream_batches(batches, first=0)),
        torch.optim.RMSprop(encoder.parameters(), learning_rate),
        steps=steps,
        report=report,
        name="encoder",
    )
    last = losses[-max(steps // 10, 1) :]
    return sum(value / len(last) for value in last)


def weights_hash(network: nn.Module) -> str:
    """SHA-256 of all parameters and buffers with their names, in hexadecimal digits."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()


def check_no_encoder(run: Path) -> None:
    """Raise a ValueError if `run` has an encoder."""
    if (run / DIRECTORY).exists():
        raise ValueError(f"'{run / DIRECTORY}' is there already; --overwrite replaces it")


def save_encoder(run: Path, encoder: ImageEncoder, facts: EncoderFacts) -> Path:
    """Write the folder `encoder` of `run`, whole or not at all, in place of one that is there."""
    tensors = {key: value.cpu().contiguous() for key, value in encoder.state_dict().items()}
    with write_whole_folder(run / DIRECTORY, replace=True) as part:
        save_file(tensors, part / WEIGHTS)
        (part / FACTS).write_text(json.dumps(asdict(facts), indent=2) + "\n")
    return run / DIRECTORY


def load_encoder(run: Path, generator: nn.Module) -> tuple[ImageEncoder, EncoderFacts]:
    """The encoder of `run`, on the CPU, in inference mode.

    Raises:
        ValueError: there is none, it is damaged, or `generator` has other weights than those it
            was trained for.
    """
    path = run / DIRECTORY
    if not (path / FACTS).is_file():
        raise ValueError(f"'{run}' has no encoder: make one by tgan train-encoder {run}")
    try:
        facts = EncoderFacts(**json.loads((path / FACTS).read_text()))
    except (TypeError, ValueError):
        raise ValueError(f"'{path / FACTS}' does not say what the encoder is") from None
    if facts.generator != weights_hash(generator):
        raise ValueError(
            f"'{path}' is of another generator than '{run}' has now (it was trained on, or other "
            f"--weights are asked for): make one by tgan train-encoder {run} --overwrite"
        )
    encoder = fill(facts.build(), load_state(path / WEIGHTS), path=path / WEIGHTS)
    return encoder.eval(), facts
