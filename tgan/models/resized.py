"""A pyramid of one picture that makes images of another size."""

from torch import Tensor, nn

from tgan.models.pyramid import PyramidGenerator
from tgan.models.resizing import Size


class Resized(nn.Module):
    """A pyramid that makes images of height and width `size`, with the weights that it has.

    Raises:
        ValueError: as `PyramidGenerator.sizes`.
    """

    def __init__(self, pyramid: nn.Module, size: Size) -> None:
        assert isinstance(pyramid, PyramidGenerator)
        super().__init__()
        self.pyramid, self.size = pyramid, size
        self.latent_size = pyramid.count(size)

    def forward(self, z: Tensor) -> Tensor:
        return self.pyramid(z, self.size)
