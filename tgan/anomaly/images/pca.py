"""The baseline: how far a picture is from the principal components of the training pictures."""

import numpy as np
import torch
from einops import rearrange
from sklearn.decomposition import PCA
from torch import Tensor

from tgan.anomaly.images.scores import Scored, residual_maps

# As many components are kept as explain this share of the training pictures' variance.
VARIANCE = 0.95


class PrincipalComponents:
    """Scores of pictures by their mean square distance to a linear subspace.

    The number of components depends on the training pictures alone.

    Args:
        pictures: (N, C, 1, H, W), the training pictures.
        variance: the share of their variance that the components explain.

    Raises:
        ValueError: fewer than 2 pictures, or a share outside (0, 1).
    """

    def __init__(self, pictures: Tensor, *, variance: float = VARIANCE) -> None:
        if len(pictures) < 2:
            raise ValueError(f"components of {len(pictures)} pictures; at least 2 are needed")
        if not 0 < variance < 1:
            raise ValueError(f"variance {variance} is not between 0 and 1")
        self._pca = PCA(variance, svd_solver="full").fit(_rows(pictures))

    @property
    def num_components(self) -> int:
        """How many components are kept."""
        return int(self._pca.n_components_)

    def score(self, pictures: Tensor) -> Scored:
        """Mean squares of what the components leave, with the projections as reconstructions."""
        rows = self._pca.inverse_transform(self._pca.transform(_rows(pictures)))
        made = torch.from_numpy(rows).reshape(pictures.shape).to(pictures)
        scores = (pictures - made).square().flatten(1).mean(1)
        return Scored(scores, made, residual_maps(pictures, made))


def _rows(pictures: Tensor) -> np.ndarray:
    return rearrange(pictures.cpu(), "n c t h w -> n (c t h w)").numpy()
