"""Principal components of the training pictures, the baseline of image scoring."""

import numpy as np
import torch
from einops import rearrange
from sklearn.decomposition import PCA
from torch import Tensor

from tgan.anomaly.images.scores import MethodScores, residual_maps

# Share of the training pictures' variance that the kept components explain.
VARIANCE = 0.95


class PrincipalComponents:
    """Scores pictures by their mean square distance from a linear subspace.

    The number of components depends on the training pictures alone.

    Args:
        pictures: (N, C, 1, H, W), the training pictures.
        variance: the share of their variance that the components explain, in (0, 1).

    Raises:
        ValueError: fewer than 2 pictures, or a share outside (0, 1).

    Example:
        >>> components = PrincipalComponents(training_pictures, variance=0.7)
        >>> components.score(pictures).scores  # (N,)
    """

    def __init__(self, pictures: Tensor, *, variance: float = VARIANCE) -> None:
        if len(pictures) < 2:
            raise ValueError(f"components of {len(pictures)} pictures; at least 2 are needed")
        if not 0 < variance < 1:
            raise ValueError(f"variance {variance} is not between 0 and 1")
        self._pca = PCA(variance, svd_solver="full").fit(_rows(pictures))

    def score(self, pictures: Tensor) -> MethodScores:
        """Score (N, C, 1, H, W) by the mean square of what is left of a picture's projection.

        Reconstructions are the projections.
        """
        rows = self._pca.inverse_transform(self._pca.transform(_rows(pictures)))
        projections = torch.from_numpy(rows).reshape(pictures.shape).to(pictures)
        scores = (pictures - projections).square().flatten(1).mean(1)
        return MethodScores(scores, projections, residual_maps(pictures, projections))


def _rows(pictures: Tensor) -> np.ndarray:
    return rearrange(pictures.cpu(), "n c t h w -> n (c t h w)").numpy()
