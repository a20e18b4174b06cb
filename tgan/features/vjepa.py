"""V-JEPA with the pooling of its Something-Something probe: the network of JEDi.

The two files are not ours to ship: `vith16.pth.tar` and `ssv2-probe.pth.tar`, as the package
videojedi downloads them from facebookresearch/jepa. The package leaves the size of frames to its
user; here they get the 224x224 pixels on which the network was trained.

Source: Bardes et al. 2024, arXiv 2404.08471; Luo et al. 2024, arXiv 2410.05203, and the packages
videojedi 1.1.0 (`V_JEPA.py`) and vjepa 0.1.2 (`models/`).
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from tgan.features.frames import check_frames, rgb_bytes, unit_clips
from tgan.features.once import Once
from tgan.features.vit import Sizes, VideoTransformer, attend, two_layers
from tgan.features.weights import files_in_folder, fill, load_state, sha256_of

ENCODER, PROBE = "vith16.pth.tar", "ssv2-probe.pth.tar"
# Of the encoder whose weights are a running mean, the one for use.
TABLES = ("target_encoder", "encoder")
HUGE = Sizes(width=1280, depth=32, heads=16, hidden=5120, patch=16)
# ImageNet's, per channel, of values in [0, 1].
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VJEPAFeatures:
    """Features (N, 1280) of clips of 16 frames: what the probe's query finds among the tokens.

    Args:
        path: a folder with `vith16.pth.tar` and `ssv2-probe.pth.tar`.
        device: where it runs.
        sizes: of the encoder; the published one is a ViT-H/16.

    Raises:
        ValueError: a file is missing, or holds something else.
    """

    name = "vjepa"
    per_frame = False

    def __init__(
        self, path: str | Path | None = None, *, device: str = "cpu", sizes: Sizes = HUGE
    ) -> None:
        source = "as videojedi downloads them"
        files = files_in_folder(path, name=self.name, files=(ENCODER, PROBE), source=source)
        encoder, probe = files
        self.size, self._sizes, self._device = sizes.width, sizes, device
        with torch.device("meta"):
            transformer, pooler = VideoTransformer(sizes), Pooler(sizes)
        state = load_state(encoder, tables=TABLES, prefixes=("module.", "backbone."))
        self._encoder = fill(transformer, state, path=encoder).eval().to(device)
        state = load_state(probe, tables=("classifier",), prefixes=("module.",))
        # What tells the classes apart is of no use here.
        kept = {key: tensor for key, tensor in state.items() if not key.startswith("linear.")}
        self._probe = fill(nn.ModuleDict({"pooler": pooler}), kept, path=probe).eval().to(device)
        self._features = Once(self._features_of, chunk=1)
        self.protocol = {
            "name": self.name,
            "layer": "attentive pooling of the Something-Something probe",
            "source": f"{encoder.name}, {probe.name}",
            "sha256": sha256_of(encoder),
            "probe_sha256": sha256_of(probe),
            "preprocessing": f"bytes / 255, bilinear to {sizes.side}x{sizes.side} without "
            "smoothing, less ImageNet's mean, by its deviation",
        }

    @torch.no_grad()
    def __call__(self, video: Tensor) -> Tensor:
        check_frames(video, self._sizes.frames, name="V-JEPA")
        return self._features(rgb_bytes(video.to(self._device)))

    def _features_of(self, clips: Tensor) -> Tensor:
        pixels = unit_clips(clips, self._sizes.side)
        mean, deviation = (pixels.new_tensor(x).view(3, 1, 1, 1) for x in (MEAN, DEVIATION))
        tokens = self._encoder((pixels - mean) / deviation)
        return self._probe["pooler"](self._encoder.norm(tokens))


class Pooler(nn.Module):
    """Maps tokens (N, L, D) to what one trained query makes of them, (N, D)."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.query_tokens = nn.Parameter(torch.empty(1, 1, sizes.width))
        self.cross_attention_block = _CrossBlock(sizes)

    def forward(self, tokens: Tensor) -> Tensor:
        query = self.query_tokens.expand(len(tokens), -1, -1)
        return self.cross_attention_block(query, tokens).squeeze(1)


class _CrossBlock(nn.Module):
    """Attention of queries (N, M, D) to tokens (N, L, D), and two layers on each query."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(sizes.width), nn.LayerNorm(sizes.width)
        self.xattn = _CrossAttention(sizes.width, sizes.heads)
        self.mlp = two_layers(sizes)

    def forward(self, queries: Tensor, tokens: Tensor) -> Tensor:
        queries = queries + self.xattn(queries, self.norm1(tokens))
        return queries + self.mlp(self.norm2(queries))


class _CrossAttention(nn.Module):
    """Attention of queries (N, M, D) to tokens (N, L, D) in several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.kv = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, queries: Tensor, tokens: Tensor) -> Tensor:
        found = attend(self.q(queries), *self.kv(tokens).chunk(2, -1), heads=self.heads)
        return self.proj(found)
