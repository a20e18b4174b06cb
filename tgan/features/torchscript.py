"""Networks of any kind in TorchScript files: loaded without running anyone's Python."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from tgan.features.frames import to_rgb
from tgan.features.weights import existing_file, first_line, sha256_of

# What a network is tried on when it is loaded: two clips of a common size.
TRIAL_SHAPE = (2, 3, 16, 64, 64)


class TorchScriptFeatures:
    """Features of clips from the user's own network.

    Args:
        path: a TorchScript file whose `forward` takes videos (N, 3, T, H, W), float32 in [-1, 1],
            of any T and H = W, and returns (N, D) or, a vector per frame, (N, T, D).
        device: where it runs.

    Raises:
        ValueError: no such file, no TorchScript, or another signature.
    """

    name = "custom"

    def __init__(self, path: str | Path | None = None, *, device: str = "cpu") -> None:
        holds = "a TorchScript file that maps (N, 3, T, H, W) in [-1, 1] to (N, D) or (N, T, D)"
        file = existing_file(path, name=self.name, holds=holds)
        self._network, self._device = load_torchscript(file, device=device), device
        self._file = file
        trial = self(torch.zeros(TRIAL_SHAPE))
        count, _, frames = TRIAL_SHAPE[:3]
        self.per_frame = trial.ndim == 3
        if trial.shape[:-1] not in ((count,), (count, frames)):
            raise ValueError(
                f"'{file}' maps {TRIAL_SHAPE} to {tuple(trial.shape)}; "
                f"({count}, D) or ({count}, {frames}, D) is needed"
            )
        self.size = trial.shape[-1]
        self.protocol = {
            "name": self.name,
            "layer": "output",
            "source": file.name,
            "sha256": sha256_of(file),
            "preprocessing": "none: (N, 3, T, H, W) in [-1, 1]",
        }

    @torch.no_grad()
    def __call__(self, video: Tensor) -> Tensor:
        return run(self._network, to_rgb(video.to(self._device)), file=self._file)


def load_torchscript(path: Path, *, device: str) -> nn.Module:
    """The network in a TorchScript file, in inference mode.

    Raises:
        ValueError: no TorchScript.
    """
    try:
        with warnings.catch_warnings():
            # PyTorch recommends another format, but the published files are of this one.
            warnings.simplefilter("ignore", FutureWarning)
            return torch.jit.load(path, map_location=device).eval()
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"'{path}' is no TorchScript file: {first_line(error)}") from None


def run(network: nn.Module, *inputs: Tensor, file: Path, **options: bool) -> Tensor:
    """The output of a network that someone else wrote, as float32.

    Raises:
        ValueError: it refuses these arguments, or returns something else than a tensor.
    """
    try:
        out = network(*inputs, **options)
    except (RuntimeError, TypeError, torch.jit.Error) as error:
        shapes = ", ".join(str(tuple(x.shape)) for x in inputs)
        raise ValueError(
            f"the network in '{file}' failed on videos {shapes}: {_reason(error)}"
        ) from None
    if not torch.is_tensor(out):
        raise ValueError(f"the network in '{file}' returns a {type(out).__name__}, not a tensor")
    return out.float()


def _reason(error: Exception) -> str:
    """What a TorchScript error says: its last line is the reason, before it lies a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
