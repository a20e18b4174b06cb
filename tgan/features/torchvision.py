"""torchvision's video networks, trained on Kinetics-400.

Source: the model's page in torchvision's documentation; each brings its own preprocessing.
"""

import functools
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from einops import rearrange
from torch import Tensor, nn

from tgan.features.frames import rgb_bytes
from tgan.features.weights import existing_file, fill, first_line, load_state, sha256_of

NAMES = ("r3d_18", "mc3_18", "r2plus1d_18", "mvit_v1_b", "mvit_v2_s", "swin3d_t")


class TorchvisionFeatures:
    """Features (N, D) and class probabilities (N, 400) of clips: what the last layer takes in.

    Args:
        path: a file of weights (a state dict); None takes torchvision's own, from its cache or
            from the network.
        device: where it runs.
        name: torchvision's name of the model.

    Raises:
        ValueError: the weights cannot be downloaded, or are another network's.
    """

    per_frame = False

    def __init__(self, path: str | Path | None = None, *, device: str = "cpu", name: str) -> None:
        # Here, as it takes seconds that users of other networks need not wait.
        from torchvision.models import get_model, get_model_weights

        self.name = name
        weights = get_model_weights(name).DEFAULT
        self.labels = list(weights.meta["categories"])
        holds = f"torchvision's weights of {name} (a state dict)"
        file = download(weights.url, name=name) if path is None else path
        file = existing_file(file, name=name, holds=holds)
        with torch.device("meta"):
            network = get_model(name)
        self._network = fill(network, load_state(file), path=file).eval().to(device)
        self._last = [m for m in network.modules() if isinstance(m, nn.Linear)][-1]
        self._transforms, self._device = weights.transforms(), device
        self.size = self._last.in_features
        self.protocol = {
            "name": name,
            "layer": "what the last linear layer takes in",
            "source": file.name,
            "sha256": sha256_of(file),
            "preprocessing": f"bytes; torchvision's {' '.join(repr(self._transforms).split())}",
        }

    @torch.no_grad()
    def __call__(self, video: Tensor) -> Tensor:
        taken: list[Tensor] = []
        hook = self._last.register_forward_pre_hook(lambda _, inputs: taken.append(inputs[0]))
        try:
            self._logits(video)
        finally:
            hook.remove()
        return taken[0].flatten(1)

    @torch.no_grad()
    def probabilities(self, video: Tensor) -> Tensor:
        return self._logits(video).softmax(1)

    def _logits(self, video: Tensor) -> Tensor:
        frames = rearrange(rgb_bytes(video.to(self._device)), "n t h w c -> n t c h w")
        try:
            return self._network(self._transforms(frames))
        except (RuntimeError, ValueError) as error:
            shape = tuple(video.shape)
            raise ValueError(
                f"features '{self.name}' cannot take videos {shape}: {first_line(error)}"
            ) from None


def download(url: str, *, name: str) -> Path:
    """The file behind `url` in torch.hub's cache, downloaded if it is not there yet.

    Raises:
        ValueError: it cannot be downloaded; the message says where to put it.
    """
    file = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    if file.is_file():
        return file
    # torchvision's files carry the first digits of their hash in their name.
    prefix = file.stem.rpartition("-")[2]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), prefix, progress=True)
    except (URLError, OSError, RuntimeError) as error:
        reason = getattr(error, "reason", error)
        raise ValueError(
            f"features '{name}': the weights could not be downloaded ({reason}); "
            f"get {url} elsewhere, and put it at '{file}' or give its path"
        ) from None
    return file


TORCHVISION_TABLE = {name: functools.partial(TorchvisionFeatures, name=name) for name in NAMES}
