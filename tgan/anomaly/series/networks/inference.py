"""Inference of a trained TadGAN on windows: reconstructions, and scores of the critic."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tgan.models.modes import evaluating

BATCH_SIZE = 256


def reconstruct(
    encoder: nn.Module, decoder: nn.Module, windows: Tensor, *, batch_size: int = BATCH_SIZE
) -> Tensor:
    """Compute G(E(x)) of windows (M, C, W), of the same shape, on their device."""
    with evaluating(encoder), evaluating(decoder):
        return _in_batches(lambda batch: decoder(encoder(batch)), encoder, windows, batch_size)


def critic_scores(critic: nn.Module, windows: Tensor, *, batch_size: int = BATCH_SIZE) -> Tensor:
    """Compute Cx(x) of windows (M, C, W): (M,), higher for windows that look real."""
    with evaluating(critic):
        return _in_batches(critic, critic, windows, batch_size)


@torch.no_grad()
def _in_batches(
    call: Callable[[Tensor], Tensor], network: nn.Module, windows: Tensor, batch_size: int
) -> Tensor:
    device = next(network.parameters()).device
    return torch.cat([call(part.to(device)).to(windows) for part in windows.split(batch_size)])
