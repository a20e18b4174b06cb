"""A dense encoder and decoder that start as what linear algebra gives for windows."""

import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.tadgan.autoencoders import DenseDecoder, DenseEncoder
from tgan.tadgan.layers import HidesMiddle

# Of components below this share of the largest deviation there are none to whiten.
_SMALLEST = 1e-4
# What a regression on what is seen pays for the squares of its weights, as a share of the mean
# variance of what it sees.
_RIDGE = 0.1


@torch.no_grad()
def start_from_components(encoder: nn.Module, decoder: nn.Module, windows: Tensor) -> None:
    """Let a dense encoder and decoder start as a principal component analysis of windows, in place.

    Latents then have mean 0, no correlations and variance 1 over these windows, as the prior has;
    reconstructions are those of the K largest components. Where windows vary along fewer, the
    latents of the others are 0.

    Of an encoder that hides the middle of windows they are the components of what a ridge
    regression on the seen steps predicts of whole windows, so that reconstructions are its
    predictions at rank K.

    Args:
        windows: (M, C, W).

    Raises:
        ValueError: encoder or decoder is not a dense one, or there are more latents than numbers
            in a window.
    """
    inner = encoder.network if isinstance(encoder, HidesMiddle) else encoder
    if not isinstance(inner, DenseEncoder) or not isinstance(decoder, DenseDecoder):
        raise ValueError("only a dense encoder and a dense decoder start from components")
    latent_size = inner.path.linear.out_features
    flat = rearrange(windows.cpu(), "m c t -> m (c t)").double()
    if latent_size > flat.shape[1]:
        raise ValueError(f"windows of {flat.shape[1]} numbers have no {latent_size} components")
    mean = flat.mean(0)
    centred = flat - mean
    covariance = centred.T @ centred / len(flat)
    is_seen = torch.ones(windows.shape[1:], dtype=torch.bool)
    if isinstance(encoder, HidesMiddle):
        is_seen = is_seen & ~encoder.is_hidden.cpu()
    predicting = _predicting(covariance, is_seen.flatten())
    variances, axes = torch.linalg.eigh(predicting @ covariance @ predicting.T)
    deviations = variances.clamp(min=0).sqrt().flip(0)[:latent_size]
    axes = axes.flip(1)[:, :latent_size].T
    kept = deviations > _SMALLEST * deviations[0]
    whitening = torch.where(kept, 1 / deviations, 0.0)[:, None] * axes @ predicting
    inner.path.start_linear(whitening, -whitening @ mean)
    decoder.path.start_linear((deviations[:, None] * axes).T, mean)


def _predicting(covariance: Tensor, is_seen: Tensor) -> Tensor:
    """The matrix (D, D) that predicts centred windows from those of their D numbers that are seen.

    Args:
        covariance: (D, D), of windows.
        is_seen: (D,).
    """
    if is_seen.all():
        return torch.eye(len(covariance), dtype=covariance.dtype)
    seen = covariance[is_seen][:, is_seen]
    ridge = _RIDGE * seen.diagonal().mean() * torch.eye(len(seen), dtype=seen.dtype)
    predicting = torch.zeros_like(covariance)
    # Where nothing that is seen varies, the least squares of least norm predict the mean.
    predicting[:, is_seen] = torch.linalg.lstsq(
        seen + ridge, covariance[is_seen], driver="gelsd"
    ).solution.T
    return predicting
