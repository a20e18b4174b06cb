"""The I3D network of the Fréchet Video Distance, as most papers since 2021 compute it.

The file `i3d_torchscript.pt` (I3D trained on Kinetics-400, converted from the TF Hub module of the
original metric) is not ours to ship. It scales and resizes by itself: it takes bytes.

Source: Unterthiner et al. 2018, arXiv 1812.01717; universome/stylegan-v,
`src/metrics/frechet_video_distance.py` and `metric_utils.py`.
"""

from pathlib import Path

import torch
from torch import Tensor

from tgan.features.frames import rgb_bytes
from tgan.features.torchscript import TRIAL_SHAPE, load_torchscript, run
from tgan.features.weights import existing_file, sha256_of

SIZE = 400
# [0, 255] to [-1, 1]; to 224x224; what comes before the softmax.
OPTIONS = {"rescale": True, "resize": True, "return_features": True}


class I3DFeatures:
    """Features (N, 400) of clips of 9 or more frames: the logits of Kinetics-400's classes.

    Args:
        path: the file `i3d_torchscript.pt`.
        device: where it runs.

    Raises:
        ValueError: no such file, no TorchScript, or another network's.
    """

    name = "i3d"
    size = SIZE
    per_frame = False

    def __init__(self, path: str | Path | None = None, *, device: str = "cpu") -> None:
        holds = "the file i3d_torchscript.pt that StyleGAN-V's metric downloads"
        self._file = existing_file(path, name=self.name, holds=holds)
        self._network, self._device = load_torchscript(self._file, device=device), device
        trial = self(torch.zeros(TRIAL_SHAPE))
        if tuple(trial.shape) != (TRIAL_SHAPE[0], SIZE):
            raise ValueError(
                f"'{path}' maps {TRIAL_SHAPE} to {tuple(trial.shape)}: no i3d_torchscript.pt, "
                f"which gives ({TRIAL_SHAPE[0]}, {SIZE})"
            )
        self.protocol = {
            "name": self.name,
            "layer": "logits",
            "source": self._file.name,
            "sha256": sha256_of(self._file),
            "preprocessing": "bytes; the file's own: 224x224, bilinear, [-1, 1]",
        }

    @torch.no_grad()
    def __call__(self, video: Tensor) -> Tensor:
        clips = rgb_bytes(video.to(self._device)).movedim(-1, 1).contiguous()
        return run(self._network, clips, file=self._file, **OPTIONS)
