"""Training of f-AnoGAN's encoder: a picture, its latent, and the picture generated from that."""

import dataclasses
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from tgan.anomaly.images.encoder import EncoderFacts, TrainedEncoder, weights_hash
from tgan.anomaly.images.pictures import check_scores_pictures
from tgan.anomaly.images.scores import KAPPA, encoder_loss, fixed
from tgan.data.clips import ClipSource
from tgan.data.loader import ClipBatches, stream_batches
from tgan.data.pixels import normalise
from tgan.runs.checks import check_alone
from tgan.runs.trained import TrainedRun
from tgan.training.supervised import supervised

# The paper's rate is for 50,000 steps; a few thousand need a higher one.
STEPS, BATCH_SIZE, LEARNING_RATE = 5000, 64, 5e-5


def train_encoder(
    run: TrainedRun,
    *,
    steps: int = STEPS,
    batch_size: int = BATCH_SIZE,
    learning_rate: float = LEARNING_RATE,
    kappa: float = KAPPA,
    width: int | None = None,
    seed: int = 0,
    report: Callable[[float], None] = lambda loss: None,
) -> TrainedEncoder:
    """Train an encoder for the generator of a run, on the run's own training pictures.

    Args:
        run: of images without classes; its networks stay as they are.
        steps: updates in all.
        batch_size: pictures in a step.
        learning_rate: of RMSprop.
        kappa: weight of the critic's features beside the pixels.
        width: channels after the first layer; the critic's by default.
        seed: of weights and order.
        report: is called after every step with its loss.

    Raises:
        ValueError: the run is one of clips or of a conditional GAN, or a setting is out of range.
        ArithmeticError: the loss is not finite.

    Example:
        >>> run = tgan.load("runs/digits")
        >>> encoder = train_encoder(run, steps=1000, learning_rate=1e-3)
        >>> encoder.save(run.path)  # tgan.ImageDetector(run) finds it there

    Source: Schlegl et al. 2019, section 3.2 (`izi_f`).
    """
    check_scores_pictures(run)
    check_alone(run.config, "an encoder", features=True)
    _check(steps=steps, batch_size=batch_size, width=1 if width is None else width)
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate {learning_rate} is not positive and finite")
    if not 0 <= kappa < math.inf:
        raise ValueError(f"kappa {kappa} is not finite, from 0")
    training = {
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "kappa": kappa,
        "seed": seed,
    }
    facts = EncoderFacts(
        generator=weights_hash(run.generator),
        latent_size=run.config.generator.z_slow,
        resolution=run.config.data.resolution,
        channels=run.config.data.channels,
        width=width or run.config.critic.width,
        pictures=len(run.data),
        loss=math.nan,
        **training,
    )
    network = facts.build().to(next(run.generator.parameters()).device)
    loss = fit_encoder(network, run.generator, run.critic, run.data, report=report, **training)
    return TrainedEncoder(network, dataclasses.replace(facts, loss=loss))


def fit_encoder(
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

    RMSprop minimises the mean of `tgan.anomaly.images.scores.encoder_loss` over batches.

    Args:
        encoder: maps pictures (N, C, 1, H, W) to latents.
        generator, critic: in inference mode, on the device of the encoder; they stay as they are.
        source: the normal pictures that the GAN was trained on.
        report: is called after every step with its loss.

    Returns:
        the mean loss over the last tenth of the steps.

    Raises:
        ArithmeticError: the loss is not finite.
    """
    device = next(encoder.parameters()).device

    def loss(encoder: nn.Module, clips: Tensor) -> Tensor:
        real = normalise(clips.to(device))
        reconstruction = generator(encoder(real))
        features = critic.features(real), critic.features(reconstruction)
        return encoder_loss(real, reconstruction, *features, kappa=kappa).mean()

    batches = ClipBatches(source, batch_size=batch_size, seed=seed)
    with fixed(generator, critic):
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


def _check(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"{name} {value} is below 1")
