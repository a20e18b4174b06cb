"""Starting values of a dense encoder and decoder: principal components of windows."""

from collections.abc import Iterator

import numpy as np
import torch
from einops import rearrange
from scipy.linalg import eigh, qr, solve
from torch import Tensor, nn

from tgan.anomaly.series.networks.autoencoders import DenseDecoder, DenseEncoder
from tgan.anomaly.series.networks.layers import HidesMiddle

# Components below this share of the largest deviation are not whitened.
_SMALLEST = 1e-4
# Penalty of squared weights in the regression on visible steps, as a share of their mean variance.
_RIDGE = 0.1
# Windows in float64 at once.
_CHUNK = 1024


@torch.no_grad()
def start_from_components(encoder: nn.Module, decoder: nn.Module, windows: Tensor) -> None:
    """Set a dense encoder and decoder to a principal component analysis of windows, in place.

    Latents then have mean 0, no correlations and variance 1 over these windows, as the prior has;
    reconstructions are those of the K largest components. Where windows vary along fewer, the
    latents of the others are 0.

    With an encoder that hides the middle of windows, the components are those of the predictions
    of whole windows by a ridge regression on the visible steps; reconstructions are these
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
    latent_size, size = inner.path.linear.out_features, windows[0].numel()
    if latent_size > size:
        raise ValueError(
            f"windows of {size} numbers have no {latent_size} components; a latent size of at "
            f"most {size} is needed"
        )
    is_seen = torch.ones(windows.shape[1:], dtype=torch.bool)
    if isinstance(encoder, HidesMiddle):
        is_seen = is_seen & ~encoder.is_hidden.cpu()
    is_seen = is_seen.flatten().numpy()
    mean, covariance = _moments(windows, is_seen)
    predicting = _predicting(covariance, is_seen)
    variances, axes = _components(predicting, covariance[is_seen], latent_size)
    deviations = np.sqrt(variances.clip(min=0))
    kept = deviations > _SMALLEST * deviations[0]
    scales = np.divide(1, deviations, out=np.zeros(latent_size), where=kept)
    whitening = np.zeros((latent_size, size))
    whitening[:, is_seen] = scales[:, None] * (axes.T @ predicting)
    inner.path.start_linear(*map(torch.from_numpy, (whitening, -whitening @ mean)))
    decoder.path.start_linear(*map(torch.from_numpy, (axes * deviations, mean)))


def _moments(windows: Tensor, is_seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the mean (D,) of windows, and the covariance (D, S) of all with visible numbers.

    Args:
        windows: (M, C, W), D = C W.
        is_seen: (D,).
    """
    # Less its first window, a constant has a mean of 0 without rounding.
    base = next(_rows(windows[:1]))[0]
    mean = sum((rows - base).sum(0) for rows in _rows(windows)) / len(windows) + base
    covariance = np.zeros((len(mean), is_seen.sum()))
    for rows in _rows(windows):
        centred = rows - mean
        covariance += centred.T @ centred[:, is_seen]
    return mean, covariance / len(windows)


def _rows(windows: Tensor) -> Iterator[np.ndarray]:
    """Yield windows in float64, flat, (n, D), chunk by chunk: as a whole they might not fit."""
    for part in windows.split(_CHUNK):
        # Always in one layout: products round otherwise in that of a view of a series.
        yield rearrange(part.cpu().contiguous(), "m c t -> m (c t)").double().numpy()


def _predicting(covariance: np.ndarray, is_seen: np.ndarray) -> np.ndarray:
    """Compute the matrix (D, S) that predicts centred windows from their visible numbers.

    Args:
        covariance: (D, S), of all numbers with the visible ones.
        is_seen: (D,).
    """
    seen = covariance[is_seen]
    if is_seen.all():
        return np.eye(len(seen))
    ridge = _RIDGE * np.trace(seen) / len(seen)
    if not np.trace(seen):
        # Nothing visible varies: the mean is the best prediction.
        return np.zeros_like(covariance)
    return solve(seen + ridge * np.eye(len(seen)), covariance.T, assume_a="pos").T


def _components(
    predicting: np.ndarray, seen: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the variances (K,) and the axes (D, K) of the largest components of predictions.

    They lie in the S dimensions that the predictions span; beyond these they are 0.

    Args:
        predicting: (D, S).
        seen: (S, S), the covariance of the visible numbers.
        count: K.
    """
    basis, triangle = qr(predicting, mode="economic")
    size, dimensions = basis.shape
    first = max(0, dimensions - count)
    found, vectors = eigh(triangle @ seen @ triangle.T, subset_by_index=(first, dimensions - 1))
    along = (basis @ vectors)[:, ::-1]
    # Both signs are right, but training depends on them: the largest number is made positive.
    largest = abs(along).argmax(0)
    along = along * np.sign(along[largest, np.arange(len(found))])
    variances, axes = np.zeros(count), np.zeros((size, count))
    variances[: len(found)], axes[:, : len(found)] = found[::-1], along
    return variances, axes
