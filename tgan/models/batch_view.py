"""Statistics of a batch that a critic sees beside each sample, so that it tells a lack of variety.

They are appended to the last features, and are of the global batch, whatever the number of
processes.
"""

import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.lookup import look_up
from tgan.models.distributed import gather_with_gradients, mean_over_processes
from tgan.models.layers import append_everywhere

# Salimans et al. 2016, section 3.2, the authors' code: B statistics, each of C projections.
KERNELS, PROJECTIONS = 100, 5
# Added to variances, as in the code of Karras et al. 2018: a root has no slope at 0.
VARIANCE_EPS = 1e-8


class NoBatchView(nn.Identity):
    """Nothing is seen of the batch.

    Attributes:
        added: numbers that are appended.
    """

    added = 0


class BatchView(nn.Module):
    """Appends statistics of the batch to features (N, C, ...), the same at every place.

    Attributes:
        added: V, how many: features become (N, C + V, ...).
    """

    added: int

    def statistics(self, features: Tensor) -> Tensor:
        """The statistics (N, V) of features (N, C, ...), float32 or wider."""
        raise NotImplementedError

    def forward(self, features: Tensor) -> Tensor:
        wide = features.to(torch.promote_types(features.dtype, torch.float32))
        # Distances and variances in bf16 would be off by a percent.
        with torch.autocast(features.device.type, enabled=False):
            statistics = self.statistics(wide)
        return append_everywhere(features, statistics.to(features.dtype))


class BatchDiscrimination(BatchView):
    """Appends how close a sample is to all others of its batch, by learned projections.

    With M = T f, a matrix (B, C) of each sample's features f, statistic b of sample i is the sum
    over the other samples j of exp(-|M_ib - M_jb|_1): 0 far from all, N - 1 where all are equal.
    T is a linear layer without a bias, so that whatever bounds such layers bounds it; the
    authors' code has weight normalisation, and a bias of -1 per statistic, which the bias of a
    linear last layer makes up for.

    Args:
        size: K, numbers in a sample's features.
        kernels: B.
        projections: C.

    Source: Salimans et al. 2016, section 3.2.
    """

    def __init__(
        self, size: int, *, kernels: int = KERNELS, projections: int = PROJECTIONS
    ) -> None:
        super().__init__()
        self.added = kernels
        self.projection = nn.Linear(size, kernels * projections, bias=False)

    def statistics(self, features: Tensor) -> Tensor:
        projected = self.projection(features.flatten(1))
        rows = rearrange(projected, "n (b c) -> n b c", b=self.added)
        others = rearrange(gather_with_gradients(rows), "p n b c -> b (p n) c")
        distances = torch.cdist(rearrange(rows, "n b c -> b n c"), others, p=1)
        # A sample is at distance 0 from itself, which is one too many.
        return torch.exp(-distances).sum(2).T - 1


class BatchDeviation(BatchView):
    """Appends how much a batch varies: the mean of all features' standard deviations, one number.

    Source: Karras et al. 2018, section 3, over the whole batch; their code takes groups of 4.
    """

    added = 1

    def __init__(self, size: int, **settings: int) -> None:
        super().__init__()

    def statistics(self, features: Tensor) -> Tensor:
        centred = features - mean_over_processes(features.mean(0))
        variance = mean_over_processes(centred.square().mean(0))
        return (variance + VARIANCE_EPS).sqrt().mean().expand(len(features), 1)


BATCH_VIEWS: dict[str, type[NoBatchView | BatchView]] = {
    "none": NoBatchView,
    "discrimination": BatchDiscrimination,
    "deviation": BatchDeviation,
}


def make_batch_view(name: str, size: int, *, kernels: int = KERNELS) -> NoBatchView | BatchView:
    """The view of its batch that a critic has, called `name`.

    Args:
        size: numbers in a sample's features.
        kernels: of discrimination, B.

    Raises:
        ValueError: no such view.
    """
    return look_up(BATCH_VIEWS, name, kind="critic.sees_batch")(size, kernels=kernels)
