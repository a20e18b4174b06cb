"""Images at other sizes."""

from torch import Tensor
from torch.nn.functional import interpolate

# Height and width.
Size = tuple[int, int]


def resize(images: Tensor, size: Size) -> Tensor:
    """Images (N, C, H, W) at another size: bicubic, and what is shrunk is smoothed before."""
    if images.shape[2:] == size:
        return images
    return interpolate(images, size=size, mode="bicubic", antialias=True)
