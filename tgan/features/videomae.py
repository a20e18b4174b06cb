"""VideoMAE V2, fine-tuned on Something-Something V2: the network of the content-debiased FVD.

The file `vit_g_hybrid_pt_1200e_ssv2_ft.pth` is not ours to ship; the package cd-fvd downloads it,
and OpenGVLab/VideoMAEv2 says where it comes from.

Source: Wang et al. 2023, arXiv 2303.16727; Ge et al. 2024, arXiv 2404.12391, and the package
cd-fvd 0.1.1 (`third_party/VideoMAEv2/`).
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from tgan.features.frames import check_frames, rgb_bytes, unit_clips
from tgan.features.once import Once
from tgan.features.vit import Sizes, VideoTransformer
from tgan.features.weights import existing_file, fill, load_state, sha256_of

FILE, TABLES = "vit_g_hybrid_pt_1200e_ssv2_ft.pth", ("model", "module")
GIANT = Sizes(width=1408, depth=40, heads=16, hidden=6144, patch=14)


class VideoMAEFeatures:
    """Features (N, 1408) of clips of 16 frames: the mean of all tokens, normalised.

    Args:
        path: the file `vit_g_hybrid_pt_1200e_ssv2_ft.pth`.
        device: where it runs.
        sizes: of the network; the published one is a ViT-g/14.

    Raises:
        ValueError: no such file, or another network's.
    """

    name = "videomae"
    per_frame = False

    def __init__(
        self, path: str | Path | None = None, *, device: str = "cpu", sizes: Sizes = GIANT
    ) -> None:
        file = existing_file(path, name=self.name, holds=f"the file {FILE} that cd-fvd downloads")
        self.size, self._sizes, self._device = sizes.width, sizes, device
        with torch.device("meta"):
            network = VideoTransformer(sizes)
        state = _as_ours(load_state(file, tables=TABLES), sizes)
        self._network = fill(network, state, path=file).eval().to(device)
        self._features = Once(self._features_of, chunk=1)
        self.protocol = {
            "name": self.name,
            "layer": "mean of the last block's tokens, normalised",
            "source": file.name,
            "sha256": sha256_of(file),
            "preprocessing": f"bytes / 255, bilinear to {sizes.side}x{sizes.side} without "
            "smoothing",
        }

    @torch.no_grad()
    def __call__(self, video: Tensor) -> Tensor:
        check_frames(video, self._sizes.frames, name="VideoMAE")
        return self._features(rgb_bytes(video.to(self._device)))

    def _features_of(self, clips: Tensor) -> Tensor:
        tokens = self._network(unit_clips(clips, self._sizes.side))
        return self._network.norm(tokens.mean(1))


def _as_ours(state: Mapping[str, Tensor], sizes: Sizes) -> dict[str, Tensor]:
    """The file's tensors by the names of `VideoTransformer`, without what tells classes apart.

    Keys have no bias there, and places are a formula.
    """
    ours = {"pos_embed": places(sizes.tokens, sizes.width)[None]}
    for key, tensor in state.items():
        if key.endswith("attn.q_bias"):
            value = state.get(key.replace("q_bias", "v_bias"), tensor[:0])
            bias = torch.cat([tensor, torch.zeros_like(tensor), value])
            ours[key.replace("q_bias", "qkv.bias")] = bias
        elif not key.endswith("attn.v_bias") and not key.startswith("head."):
            ours[key.replace("fc_norm.", "norm.")] = tensor
    return ours


def places(count: int, width: int) -> Tensor:
    """Sines and cosines in turn of each place over powers of 10,000: (count, width), float32.

    Source: Vaswani et al. 2017, section 3.5.
    """
    even = torch.arange(width, dtype=torch.float64) // 2 * 2
    angles = torch.arange(count, dtype=torch.float64)[:, None] / 10_000 ** (even / width)
    return torch.where(torch.arange(width) % 2 == 0, angles.sin(), angles.cos()).float()
