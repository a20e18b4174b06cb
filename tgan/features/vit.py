"""Vision transformers of clips, as V-JEPA and VideoMAE have them.

Source: Dosovitskiy et al. 2021, arXiv 2010.11929 (blocks that normalise first); Arnab et al. 2021,
arXiv 2103.15691 (tokens that span several frames). Names of layers are those of the files.
"""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

# Of the layer norms in both networks, but for that of V-JEPA's pooling.
EPSILON = 1e-6


@dataclass(frozen=True)
class Sizes:
    """How large a transformer is, and the clips that it takes.

    Attributes:
        width: D, numbers in a token.
        depth: blocks.
        heads: of an attention.
        hidden: width of a block's wide layer.
        patch: pixels a side of a token.
        tubelet: frames of a token.
        frames, side: of a clip.
    """

    width: int
    depth: int
    heads: int
    hidden: int
    patch: int
    tubelet: int = 2
    frames: int = 16
    side: int = 224

    @property
    def tokens(self) -> int:
        """Of a clip."""
        return self.frames // self.tubelet * (self.side // self.patch) ** 2


class VideoTransformer(nn.Module):
    """Maps clips (N, 3, T, H, H) to tokens (N, L, D), to which `norm` is not applied yet."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        kernel = sizes.tubelet, sizes.patch, sizes.patch
        proj = nn.Conv3d(3, sizes.width, kernel, stride=kernel)
        self.patch_embed = nn.ModuleDict({"proj": proj})
        self.pos_embed = nn.Parameter(torch.empty(1, sizes.tokens, sizes.width))
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(sizes.depth))
        self.norm = nn.LayerNorm(sizes.width, eps=EPSILON)

    def forward(self, clips: Tensor) -> Tensor:
        tokens = rearrange(self.patch_embed["proj"](clips), "n d t h w -> n (t h w) d")
        tokens = tokens + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        return tokens


class Block(nn.Module):
    """Attention of tokens (N, L, D) to each other, and two layers on each of them."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(sizes.width, eps=EPSILON)
        self.attn = Attention(sizes.width, sizes.heads)
        self.norm2 = nn.LayerNorm(sizes.width, eps=EPSILON)
        self.mlp = two_layers(sizes)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class Attention(nn.Module):
    """Attention of tokens (N, L, D) to each other in several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.proj(attend(*self.qkv(tokens).chunk(3, -1), heads=self.heads))


def attend(queries: Tensor, keys: Tensor, values: Tensor, *, heads: int) -> Tensor:
    """What queries (N, M, D) find among values (N, L, D), in several heads: (N, M, D)."""
    parts = (rearrange(x, "n l (h d) -> n h l d", h=heads) for x in (queries, keys, values))
    return rearrange(F.scaled_dot_product_attention(*parts), "n h m d -> n m (h d)")


def two_layers(sizes: Sizes) -> nn.Sequential:
    """A wide layer with GELU and one back to the width of a token."""
    layers = {
        "fc1": nn.Linear(sizes.width, sizes.hidden),
        "act": nn.GELU(),
        "fc2": nn.Linear(sizes.hidden, sizes.width),
    }
    return nn.Sequential(OrderedDict(layers))
